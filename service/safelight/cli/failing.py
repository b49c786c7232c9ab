"""Exit codes, and errors as one sentence that says what to do next."""

from __future__ import annotations

import errno
import os
import sys

import click

from safelight.client.base import code_of
from safelight.errors import ConfigInvalid, SafelightError
from safelight.redaction import redactor

OK = 0
FAILED = 1
USAGE = 2
CONNECTION = 3
CANCELED = 4
CONFIG = 78
INTERRUPTED = 130
"""What shells say for a command that Ctrl-C ended; nothing was canceled by it."""

_CODES = {"invalid_input": USAGE, "provider_unknown": USAGE, "unreachable": CONNECTION, "canceled": CANCELED}
_NEXT = {
    "not_found": "'safelight list' shows what there is.",
    "gone": "'safelight list' shows what there is.",
    "provider_unknown": "'safelight providers' lists them.",
    "provider_unavailable": "'safelight providers' says which can be used.",
    "forbidden_origin": "Use the address, or a name that is in server.allowed_hosts.",
    "busy": "Try again in a moment.",
    "storage_full": "Make room, or set data.min_free_bytes lower.",
}


_UNWRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def code_for(error: Exception) -> int:
    """Return the exit code of an error."""
    if isinstance(error, ConfigInvalid):
        return CONFIG
    return _CODES.get(code_of(error), FAILED) if isinstance(error, SafelightError) else FAILED


def say(error: Exception) -> None:
    """Say what went wrong on standard error, and what to do next."""
    if is_unwritten := _is_unwritten(error):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python tries once more at exit, and complains
    sentence = redactor.text(("The output cannot be written: " if is_unwritten else "") + _sentence(error))
    following = _NEXT.get(code_of(error), "") if isinstance(error, SafelightError) else ""
    if following and not sentence.endswith((".", "?", "!", "…")):
        sentence += "."
    complain(f"{sentence} {following}".rstrip())


def complain(sentence: str) -> None:
    """Say one sentence on standard error."""
    click.echo(f"safelight: {printable(sentence)}", err=True)


def printable(text: str) -> str:
    """Return text from elsewhere so that it cannot move the cursor, colour the terminal or look like another line."""
    return "".join(char if char.isprintable() else " " for char in text)


def _is_unwritten(error: Exception) -> bool:
    """Whether it is standard output that takes nothing: what it could not be given it still cannot."""
    if not isinstance(error, OSError) or error.filename is not None or error.errno not in _UNWRITTEN:
        return False
    try:
        sys.stdout.flush()
    except OSError:
        return True
    return False


def _sentence(error: Exception) -> str:
    """Say which file it is about first, if it is about one, and no error number."""
    if isinstance(error, OSError) and error.strerror is not None:
        return f"{error.strerror}." if error.filename is None else f"{error.filename}: {error.strerror}."
    return str(error)
