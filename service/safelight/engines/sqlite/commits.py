"""Group commit on the one connection that writes, and the checkpoints between."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import attrs
import structlog

from safelight.engines.sqlite.book import Book
from safelight.engines.sqlite.faults import explain, is_unsynced
from safelight.engines.sqlite.writes import Write
from safelight.errors import SafelightError

CHECKPOINT_PAGES = 640
"""The log is moved into the file when it may have grown by so much: 2.5 MiB, a pause of about 3 ms for all who append meanwhile."""
TRUNCATE_PAGES = 16384
"""A log that long (readers kept it from starting over) is cut off, and new readers wait until it is."""
_PAGES_PER_COMMIT = 4
_TRUNCATE_MS = 100

log = structlog.get_logger()


@attrs.frozen
class Told:
    """What the caller of one write is told: a value, or why it was not written."""

    value: Any = None
    error: SafelightError | None = None


class Committer:
    """
    Writes batches: one transaction, one sync, for all that came together.

    Anything it raises means that nobody may write on: the connection is not to be used again.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._book = Book(connection)
        self._is_full: bool | None = None

    def commit(self, writes: Sequence[Write[Any]]) -> list[Told]:
        """
        Write them in order and say how each went.

        A refused one never touches the transaction. One that breaks it is found by halves, so that its neighbours are
        still written, a few transactions later.
        """
        try:
            return self._commit(writes)
        except Exception as error:  # noqa: BLE001 - it goes to its caller, as a journal error
            self._roll_back(error)
            if len(writes) == 1:
                told = explain(error)
                told.__cause__ = error
                return [Told(error=told)]
            log.warning("journal_batch_split", writes=len(writes), error=str(error))
        half = len(writes) // 2
        return self.commit(writes[:half]) + self.commit(writes[half:])

    def checkpoint(self) -> None:
        """Move the log into the file if it is due."""
        if self._book.pages < CHECKPOINT_PAGES:
            return
        self._book.pages = 0
        if self._checkpoint("PASSIVE") > TRUNCATE_PAGES:
            before = self._connection.execute("PRAGMA busy_timeout").fetchone()[0]
            self._connection.execute(f"PRAGMA busy_timeout = {_TRUNCATE_MS}")
            self._checkpoint("TRUNCATE")
            self._connection.execute(f"PRAGMA busy_timeout = {before}")

    def finish(self) -> None:
        """Move the whole log into the file; to be called when the readers are gone."""
        self._checkpoint("TRUNCATE")

    def _commit(self, writes: Sequence[Write[Any]]) -> list[Told]:
        self._sync_fully(any(write.is_durable for write in writes))
        self._connection.execute("BEGIN IMMEDIATE")
        told = [self._apply(write) for write in writes]
        self._book.flush()
        self._connection.execute("COMMIT")
        self._book.committed()
        self._book.pages += _PAGES_PER_COMMIT
        return told

    def _apply(self, write: Write[Any]) -> Told:
        try:
            return Told(write.apply(self._book))
        except SafelightError as refusal:
            return Told(error=refusal)

    def _sync_fully(self, is_full: bool) -> None:  # noqa: FBT001 - the level is the one thing said
        """Set the level, which SQLite takes only outside a transaction."""
        if is_full is not self._is_full:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if is_full else 'NORMAL'}")
            self._is_full = is_full

    def _roll_back(self, error: Exception) -> None:
        if is_unsynced(error):
            raise error
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._book.rolled_back()

    def _checkpoint(self, mode: str) -> int:
        """Return how many pages the log holds; a checkpoint that cannot be made now is made later."""
        try:
            pages: int = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()[1]
        except sqlite3.Error as error:
            if is_unsynced(error):
                raise
            log.warning("journal_checkpoint_failed", mode=mode, error=str(error))
            return 0
        return pages
