"""Rows as columns of text."""

from __future__ import annotations

from collections.abc import Sequence

import click


def echo_table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows with their columns below each other; the first row is the head."""
    rows = [tuple("".join(char if char.isprintable() else " " for char in cell) for cell in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
