"""The look over the whole file after an unclean stop, beside the work that goes on."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import structlog

from safelight.engines.sqlite.connections import open_reader

_PROBLEMS_SAID = 10
_STEPS_BETWEEN_LOOKS = 100_000

log = structlog.get_logger()


class Check:
    """
    One `PRAGMA quick_check` in a thread of its own.

    Attributes:
        is_passed: Whether it came to its end and found nothing.
    """

    def __init__(self, file: Path) -> None:
        self.is_passed = False
        self._file = file
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="safelight-journal-check", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Break it off if it is still going on, and wait for its thread."""
        self._is_stopping = True
        self._thread.join()

    def _run(self) -> None:
        began = time.monotonic()
        try:
            with closing(open_reader(self._file)) as connection:
                connection.set_progress_handler(lambda: self._is_stopping, _STEPS_BETWEEN_LOOKS)
                found = [row[0] for row in connection.execute(f"PRAGMA quick_check({_PROBLEMS_SAID})")]
        except sqlite3.Error as error:
            if self._is_stopping:
                log.info("journal_check_stopped")
                return
            found = [str(error)]
        self.is_passed = found == ["ok"]
        seconds = round(time.monotonic() - began, 3)
        if self.is_passed:
            log.info("journal_checked", problems=[], seconds=seconds)
        else:
            log.error("journal_checked", problems=found, seconds=seconds)


@contextmanager
def checking(file: Path) -> Iterator[Check]:
    """Check `file` until it is done or the block is left."""
    check = Check(file)
    check.start()
    try:
        yield check
    finally:
        check.stop()
