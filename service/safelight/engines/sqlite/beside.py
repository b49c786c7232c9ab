"""A look into the file from outside: beside whoever writes it, or with nobody there. No lock is taken."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from safelight.engines.sqlite.connections import NAME, open_beside
from safelight.engines.sqlite.faults import explain
from safelight.errors import JournalError

T = TypeVar("T")


def look(folder: Path, query: Callable[[sqlite3.Connection], T]) -> T:
    """
    Run `query` in one short read transaction.

    Raises:
        JournalError: There is no journal in the folder, or none that can be read.
    """
    file = folder / NAME
    try:
        is_there = file.is_file()
    except OSError as error:
        raise JournalError(f"The data folder '{folder}' cannot be looked into: {error.strerror}.") from error
    if not is_there:
        raise JournalError(f"There is no journal in the data folder '{folder}'.")
    if not os.access(file, os.R_OK):
        raise JournalError(f"The user {os.geteuid()} may not read the journal {file}.")
    try:
        while True:
            is_left = not _has_log(file)
            with closing(open_beside(file, is_left=is_left)) as connection:
                connection.execute("BEGIN")
                told = query(connection)
            if not is_left or not _has_log(file):
                return told  # else somebody has opened it meanwhile, and what was read may be half of this and half of that
    except sqlite3.Error as error:
        raise explain(error, file) from error


def _has_log(file: Path) -> bool:
    """Whether somebody has the file open, or did not leave it in order."""
    return file.with_name(f"{file.name}-wal").exists()
