"""Rows as columns of text, no wider than the terminal that shows them."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence
from itertools import zip_longest

import click

_GAP = "  "


def echo_table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows with their columns below each other; the first row is the head. On a terminal, long cells are wrapped."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in laid_out(rows, columns):
        click.echo(line)


def laid_out(rows: Sequence[tuple[str, ...]], columns: int | None = None) -> list[str]:
    """Return the lines of a table, none longer than so many columns unless a single word is."""
    rows = [tuple("".join(char if char.isprintable() else " " for char in cell) for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if columns is not None:
        floors = [max(max(map(len, cell.split()), default=0) for cell in column) for column in zip(*rows, strict=True)]
        _shrink(widths, floors, sum(widths) + len(_GAP) * (len(widths) - 1) - columns)
    lines = []
    for row in rows:
        wrapped = [_wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
        lines += [
            _GAP.join(part.ljust(width) for part, width in zip(parts, widths, strict=True)).rstrip()
            for parts in zip_longest(*wrapped, fillvalue="")
        ]
    return lines


def _shrink(widths: list[int], floors: list[int], excess: int) -> None:
    """Take the excess from whichever column has the most to give; a word is never broken."""
    for _ in range(excess):
        index = max(range(len(widths)), key=lambda column: widths[column] - floors[column])
        if widths[index] <= floors[index]:
            return
        widths[index] -= 1


def _wrapped(cell: str, width: int) -> list[str]:
    if len(cell) <= width:
        return [cell]
    return textwrap.wrap(cell, width, break_long_words=False, break_on_hyphens=False)
