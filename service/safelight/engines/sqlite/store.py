"""The open store: lock, file, readers and check, taken in this order and let go in the reverse."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import attrs
import structlog

from safelight.engines.sqlite import connections
from safelight.engines.sqlite.check import Check, checking
from safelight.engines.sqlite.commits import Committer
from safelight.engines.sqlite.faults import explain
from safelight.engines.sqlite.lock import Lock, locked
from safelight.engines.sqlite.readers import Readers

log = structlog.get_logger()


@attrs.frozen
class Store:
    """
    An open folder.

    Attributes:
        check: The look over the file, where the last stop was unclean.
    """

    standing: connections.Standing
    lock: Lock
    committer: Committer
    readers: Readers
    check: Check | None

    def leave_in_order(self) -> None:
        """Move the log into the file and say that nothing is amiss, unless the file has not been found sound."""
        self.committer.finish()
        if self.check is None or self.check.is_passed:
            self.lock.clear()


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """
    Open the journal in `folder`, which is made if need be; it blocks, and belongs to the writer's thread.

    Leaving by an exception leaves the mark of an unclean stop.

    Raises:
        JournalLocked: Another process holds it.
        JournalError: It cannot be opened or is of a newer format.
    """
    with ExitStack() as held:
        try:
            store, beside = _open(folder, held)
        except (OSError, sqlite3.Error) as error:
            raise explain(error, folder / connections.NAME) from error
        with beside:
            yield store
        store.leave_in_order()


def _open(folder: Path, held: ExitStack) -> tuple[Store, ExitStack]:
    """Return the store, and apart from what is held to the last what must be gone before the last checkpoint."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = held.enter_context(locked(folder))
    file = folder / connections.NAME
    connection = held.enter_context(closing(connections.open_writer(file)))
    lock.mark()
    committer = Committer(connection)
    with ExitStack() as beside:
        check = beside.enter_context(checking(file)) if lock.is_unclean else None
        readers = beside.enter_context(closing(Readers(file)))
        log.info("journal_opened", folder=str(folder), is_unclean=lock.is_unclean)
        return Store(connections.Standing.of(file), lock, committer, readers, check), beside.pop_all()
