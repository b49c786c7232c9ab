"""What SQLite and the medium say when they fail, in our words."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from safelight.errors import Conflict, JournalError, JournalFull, SafelightError, one_sentence

_FULL = frozenset(
    {
        sqlite3.SQLITE_FULL,
        # a quota or a limit on the size of files; SQLite keeps the errno to itself
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_SHMSIZE,
    },
)
_FULL_ERRNO = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_EXISTS = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
_UNSYNCED = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})


def code_of(error: BaseException) -> int | None:
    """Return SQLite's extended code, None where the error is not SQLite's."""
    code = getattr(error, "sqlite_errorcode", None)
    return code if isinstance(code, int) else None


def is_unsynced(error: BaseException) -> bool:
    """
    Whether a sync failed.

    The kernel may then have dropped what earlier writes left to it, and the next sync succeeds all the same: only
    reading the file anew tells what is there, so nobody may go on from here.
    """
    return code_of(error) in _UNSYNCED


def explain(error: Exception, file: Path | None = None) -> SafelightError:
    """Return what a caller is told of `error`; whoever cannot know which journal it is about is told the `file`."""
    if isinstance(error, SafelightError):
        return error
    code = code_of(error)
    if code in _FULL or (isinstance(error, OSError) and error.errno in _FULL_ERRNO):
        return JournalFull(one_sentence(f"The medium of the journal took no more: {error}."))
    if code in _EXISTS:
        return Conflict("A generation with this id exists.")
    journal = "The journal" if file is None else f"The journal {file}"
    if isinstance(error, OSError) and error.strerror is not None:
        what = error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    else:
        what = f"{type(error).__name__}: {error}"
    return JournalError(one_sentence(f"{journal} failed: {what}."))
