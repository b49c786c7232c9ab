"""How the file is opened: for the one that writes, and for those that read."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import attrs

from safelight.engines.sqlite import tail
from safelight.engines.sqlite.sql import migrations
from safelight.errors import JournalError

NAME = "journal.sqlite3"
_OLDEST = (3, 35, 0)  # UPDATE FROM, RETURNING


@attrs.frozen
class Standing:
    """
    The file as it stood when it was opened.

    One that was deleted or replaced since can be written to as before, and nobody will ever read it.
    """

    file: Path
    _name: str
    _number: int

    @classmethod
    def of(cls, file: Path) -> Standing:
        """Return how an open file stands."""
        return cls(file, str(file), file.stat().st_ino)

    def is_kept(self) -> bool:
        """Whether it stands there still; a look that fails otherwise says nothing against it."""
        try:
            return os.stat(self._name).st_ino == self._number  # noqa: PTH116 - asked at each write, and a path is made text each time
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True

    def check(self) -> None:
        """
        See that it stands there still.

        Raises:
            JournalError: It does not.
        """
        if not self.is_kept():
            raise JournalError(f"The journal {self.file} was deleted or replaced while it was open.")


def open_reader(file: Path) -> sqlite3.Connection:
    """Open the file for reading, never for a checkpoint: that is the writer's alone."""
    connection = _connect(file, "rw")
    connection.execute("PRAGMA query_only = 1")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


def open_beside(file: Path, *, is_left: bool) -> sqlite3.Connection:
    """
    Open the file to look into it, whoever may be writing it; nothing is written, and nobody is held up.

    Args:
        is_left: Whether nobody has it open and its last user left in order: then not even what SQLite keeps beside a
            file is made, and the folder may be one that cannot be written.

    Raises:
        JournalError: It is of another format than ours.
    """
    connection = _connect(file, "ro&immutable=1" if is_left else "ro")
    try:
        _refuse_other(file, _version(connection))
    except BaseException:
        connection.close()
        raise
    return connection


def open_writer(file: Path) -> sqlite3.Connection:
    """
    Open the file for writing and bring it to the newest version.

    Raises:
        JournalError: Its version is newer than ours (the file is left as it was), or it cannot have a write-ahead log.
    """
    if sqlite3.sqlite_version_info < _OLDEST:
        raise JournalError(f"The journal needs SQLite {'.'.join(map(str, _OLDEST))}, this Python has {sqlite3.sqlite_version}.")
    pages = tail.written(file)
    if file.exists():
        _refuse_newer(file)
    file.touch(mode=0o600)
    file.chmod(0o600)  # prompts are nobody else's; what SQLite puts beside it gets the same mode
    connection = _connect(file, "rwc")
    try:
        _log_ahead(connection, file)
        tail.mind(connection, file, pages)
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(file: Path, mode: str) -> sqlite3.Connection:
    # one thread at a time uses a connection, but not the one that opened it closes it
    return sqlite3.connect(
        f"{file.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )


def _refuse_newer(file: Path) -> None:
    """Look by a connection that cannot write, for closing one that can would move the log into the file."""
    connection = _connect(file, "ro")
    try:
        version = _version(connection)
    finally:
        connection.close()
    _refuse_beyond_us(file, version)


def _refuse_beyond_us(file: Path, version: int) -> None:
    known = len(migrations())
    if version > known:
        raise JournalError(
            f"The journal {file} has format {version}, this version of Safelight knows formats up to {known}; a newer one wrote it.",
        )


def _refuse_other(file: Path, version: int) -> None:
    _refuse_beyond_us(file, version)
    known = len(migrations())
    if version < known:
        raise JournalError(
            f"The journal {file} has format {version}, this version of Safelight reads format {known}; "
            "its next start on that folder brings it there.",
        )


def _log_ahead(connection: sqlite3.Connection, file: Path) -> None:
    if connection.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
        raise JournalError(f"The file system of {file} cannot keep a write-ahead log.")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("PRAGMA synchronous = FULL")


def _migrate(connection: sqlite3.Connection) -> None:
    scripts = migrations()
    for version in range(_version(connection), len(scripts)):
        try:
            connection.executescript(f"BEGIN IMMEDIATE;\n{scripts[version]}\nPRAGMA user_version = {version + 1};\nCOMMIT;")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
