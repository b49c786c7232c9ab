"""What the terminal can show: said by its environment, or asked of itself."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Mapping
from enum import StrEnum

_ASK_SECONDS = 0.3
_ANSWER = re.compile(rb"\x1b\[\?([0-9;]*)c")
_SIXEL = "4"


class Way(StrEnum):
    """A way of showing a picture."""

    KITTY = "kitty"
    ITERM = "iterm"
    SIXEL = "sixel"
    TRUECOLOR = "truecolor"
    COLORS256 = "256"
    NONE = "none"

    @property
    def is_blocks(self) -> bool:
        """Whether it is made of coloured half-blocks, two pixels to a character."""
        return self in {Way.TRUECOLOR, Way.COLORS256}


def is_interactive() -> bool:
    """Whether somebody looks at a terminal on which lines can be drawn over."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in {"", "dumb"}


def detect(environ: Mapping[str, str], asks_sixel: Callable[[], bool]) -> Way:
    """
    Return the best way.

    Args:
        environ: The environment of the process.
        asks_sixel: Asks the terminal itself; only called where the environment does not say.
    """
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    is_inner = "TMUX" in environ or term.startswith(("screen", "tmux"))  # what is around it is not who reads us
    if term in {"", "dumb"}:
        return Way.NONE
    if not is_inner:
        if "KITTY_WINDOW_ID" in environ or term in {"xterm-kitty", "xterm-ghostty"} or program == "ghostty":
            return Way.KITTY
        if program in {"iTerm.app", "WezTerm"} or environ.get("LC_TERMINAL") == "iTerm2":
            return Way.ITERM
    if asks_sixel():
        return Way.SIXEL
    return blocks_way(environ)


def blocks_way(environ: Mapping[str, str]) -> Way:
    """Return the half-blocks the terminal has colours for; none where the user wants no colours."""
    term = environ.get("TERM", "")
    if environ.get("NO_COLOR") or term in {"", "dumb"}:
        return Way.NONE
    if environ.get("COLORTERM") in {"truecolor", "24bit"} or term.endswith("-direct"):
        return Way.TRUECOLOR
    return Way.COLORS256 if "256color" in term else Way.NONE


def asks_sixel() -> bool:
    """Ask the terminal for its attributes (DA1) and wait a moment for the answer; False where nothing is a terminal."""
    try:
        source, target = sys.stdin.fileno(), sys.stdout.fileno()
    except (OSError, ValueError):
        return False
    if not (os.isatty(source) and os.isatty(target)):
        return False
    try:
        before = termios.tcgetattr(source)
        tty.setcbreak(source, termios.TCSADRAIN)
    except termios.error:
        return False  # in the background, a terminal is not ours to ask
    try:
        os.write(target, b"\x1b[c")
        return says_sixel(_read_answer(source))
    finally:
        termios.tcsetattr(source, termios.TCSADRAIN, before)


def says_sixel(answer: bytes) -> bool:
    """Whether an answer to DA1 has the attribute for sixel graphics; the first number is the kind of terminal."""
    match = _ANSWER.search(answer)
    return match is not None and _SIXEL in match[1].decode().split(";")[1:]


def _read_answer(source: int) -> bytes:
    answer, deadline = b"", time.monotonic() + _ASK_SECONDS
    while not _ANSWER.search(answer):
        if not select.select([source], [], [], max(deadline - time.monotonic(), 0))[0]:
            break
        answer += os.read(source, 64)
    return answer
