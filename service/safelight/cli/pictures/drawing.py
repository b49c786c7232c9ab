"""A picture fitted to the terminal and drawn the way the terminal understands."""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import struct
import sys
import termios
from typing import Protocol

import attrs
from PIL import Image, UnidentifiedImageError

from safelight.cli.pictures.blocks import blocks
from safelight.cli.pictures.detecting import Way, asks_sixel, blocks_way, detect
from safelight.cli.pictures.iterm import iterm
from safelight.cli.pictures.kitty import kitty
from safelight.cli.pictures.sixel import sixel
from safelight.errors import SafelightError

_CELL = (10, 20)
"""Pixels of a character, where the terminal does not say."""
_ROWS = 20
_BLOCK_ROWS = 12
_COLUMNS = 64


class _Protocol(Protocol):
    def __call__(self, png: bytes, *, columns: int, rows: int) -> str: ...


class Undrawable(SafelightError):
    """It is no picture, or one that cannot be decoded."""


@attrs.frozen(kw_only=True)
class Canvas:
    """
    Where pictures are drawn.

    Attributes:
        way: How the finished ones are.
        small: How those are that change all the time: as half-blocks, since text can be drawn over.
        columns: Characters at most.
        rows: Lines at most.
        cell: Pixels of a character.
    """

    way: Way
    small: Way = Way.NONE
    columns: int = _COLUMNS
    rows: int = _ROWS
    cell: tuple[int, int] = _CELL

    def draw(self, content: bytes) -> str:
        """
        Return what shows an encoded picture, with a line end; nothing where pictures are not shown.

        Raises:
            Undrawable: It cannot be decoded.
        """
        match self.way:
            case Way.NONE:
                return ""
            case Way.TRUECOLOR | Way.COLORS256:
                return "\n".join(self.sketch(content)) + "\n"
            case Way.SIXEL:
                return sixel(self._fitted(content)) + "\n"
            case Way.KITTY:
                return self._as_file(content, kitty)
            case Way.ITERM:
                return self._as_file(content, iterm)

    def sketch(self, content: bytes) -> list[str]:
        """
        Return lines of half-blocks, however finished pictures are drawn.

        Raises:
            Undrawable: It cannot be decoded.
        """
        image = _opened(content, (self.columns, 2 * min(self.rows, _BLOCK_ROWS)))
        return blocks(image, is_truecolor=self.small is Way.TRUECOLOR)

    def _fitted(self, content: bytes) -> Image.Image:
        width, height = self.cell
        return _opened(content, (self.columns * width, self.rows * height))

    def _as_file(self, content: bytes, protocol: _Protocol) -> str:
        """Hand the terminal a file, and the room it takes."""
        image, (width, height) = self._fitted(content), self.cell
        png = io.BytesIO()
        image.save(png, "PNG")
        return protocol(png.getvalue(), columns=-(-image.width // width), rows=-(-image.height // height)) + "\n"


def canvas(wanted: str) -> Canvas:
    """Return the terminal as a canvas; `wanted` is a way, `blocks` or `auto`."""
    small = blocks_way(os.environ)
    if wanted == "auto":
        way = detect(os.environ, asks_sixel)
    elif wanted == "blocks":
        small = Way.TRUECOLOR if small is Way.NONE else small
        way = small
    else:
        way = Way(wanted)
    size = shutil.get_terminal_size()
    return Canvas(
        way=way,
        small=small if way is not Way.NONE else Way.NONE,
        columns=max(min(_COLUMNS, size.columns - 2), 1),
        rows=max(min(_ROWS, size.lines - 4), 1),
        cell=_cell(),
    )


def _opened(content: bytes, box: tuple[int, int]) -> Image.Image:
    """Decode and shrink into a box, keeping the shape; see-through parts become black."""
    try:
        with Image.open(io.BytesIO(content)) as found:
            found.draft("RGB", box)
            shape = found.convert("RGBA")
        shape.thumbnail(box)
        ground = Image.new("RGBA", shape.size, (0, 0, 0, 255))
        return Image.alpha_composite(ground, shape).convert("RGB")
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise Undrawable("The picture cannot be shown here: it cannot be decoded.") from error


def _cell() -> tuple[int, int]:
    """Ask the terminal how many pixels a character has."""
    try:
        answer = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, bytes(8))
    except (OSError, ValueError):
        return _CELL
    lines, columns, width, height = struct.unpack("HHHH", answer)
    return (width // columns, height // lines) if lines and columns and width >= columns and height >= lines else _CELL
