"""One process per data folder, and whether the last one left in order: both are said by one file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from safelight.errors import JournalLocked

NAME = "journal.lock"


@attrs.frozen
class Lock:
    """
    The folder is ours.

    The file holds the process id of its holder and is emptied by leaving in order; it is never deleted, for another
    process may just be waiting on the one that would vanish.

    Attributes:
        is_unclean: Whether the last holder did not leave in order.
    """

    is_unclean: bool
    _file: int

    def mark(self) -> None:
        """Write down who holds it, durably: this is what an unclean stop leaves behind."""
        self._write(b"%d\n" % os.getpid())

    def clear(self) -> None:
        """Write down that everything was left in order."""
        self._write(b"")

    def _write(self, text: bytes) -> None:
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, text, 0)
        os.fsync(self._file)


@contextmanager
def locked(folder: Path) -> Iterator[Lock]:
    """
    Hold the data folder.

    Raises:
        JournalLocked: Someone else does.
        OSError: The file cannot be opened, or the file system has no locks.
    """
    file = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _holder(file)
            who = "another process" if holder is None else f"process {holder}"
            raise JournalLocked(f"The data folder {folder} is in use by {who}.") from error
        yield Lock(is_unclean=os.fstat(file).st_size > 0, file=file)
    finally:
        os.close(file)


def _holder(file: int) -> int | None:
    text = os.pread(file, 32, 0).strip()
    return int(text) if text.isdigit() else None
