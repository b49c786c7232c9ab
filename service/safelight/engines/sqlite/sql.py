"""The SQL of this engine, read from the files beside it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from importlib.resources import files
from itertools import chain

_HERE = files(__package__)
_ROW = re.compile(r"\(\?(?:, \?)*\)")
_ROWS_AT_ONCE = 256


def statement(name: str) -> str:
    """Return the text of `statements/<name>.sql`."""
    return (_HERE / "statements" / f"{name}.sql").read_text("utf-8")


def migrations() -> list[str]:
    """Return the numbered scripts in order; the first leads from version 0 to 1."""
    scripts = (script for script in (_HERE / "migrations").iterdir() if script.name.endswith(".sql"))
    return [script.read_text("utf-8") for script in sorted(scripts, key=lambda script: script.name)]


class Bulk:
    """
    A statement over one row of placeholders, run over many rows in as few steps as can be.

    Every step gives the interpreter up and waits to get it back, up to 5 ms while the event loop is busy: with
    `executemany` a batch would wait once per row. Rows go in powers of two, so that few texts are ever compiled.
    """

    def __init__(self, name: str) -> None:
        self._text = statement(name)
        self._texts: dict[int, str] = {}

    def run(self, connection: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> None:
        """Run it over all rows."""
        done = 0
        while left := len(rows) - done:
            size = min(_ROWS_AT_ONCE, 1 << (left.bit_length() - 1))
            connection.execute(self._of(size), list(chain.from_iterable(rows[done : done + size])))
            done += size

    def _of(self, size: int) -> str:
        if size not in self._texts:
            self._texts[size] = _ROW.sub(lambda row: ", ".join([row[0]] * size), self._text)
        return self._texts[size]
