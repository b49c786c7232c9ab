"""The one thread that writes: calls gather for a turn of the event loop or a little longer, it takes all that have gathered."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import structlog

from safelight.engines.sqlite.commits import Told
from safelight.engines.sqlite.readers import Readers
from safelight.engines.sqlite.store import Store, opened
from safelight.engines.sqlite.writes import Write
from safelight.errors import JournalClosed, JournalFull, SafelightError, one_sentence
from safelight.outlasting import outlast

T = TypeVar("T")

_BATCH = 1024
"""How many writes a transaction takes at least before it leaves the rest to the next; what was handed over together is never parted."""
_PROGRESS_SECONDS = 0.004
"""
How far apart transactions of nothing but progress begin at least, where many generations tell of theirs.

To wake a thread, to have it write and to be woken by it costs ten times what one more row does.
"""

_Item = tuple[Write[Any], asyncio.Future[Any]]
_STOP = None

log = structlog.get_logger()


class Writer:
    """
    A thread that holds the store from `open` to `close`, or to its death, of which every caller is told.

    `is_failing` says whether the medium refused the last write. Whatever is said of calls and futures is said on the event loop alone; the thread sees the queue and nothing else.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loop = asyncio.get_running_loop()
        self._gathered: list[_Item] = []
        self._due: asyncio.Handle | None = None
        self._resting_until = 0.0
        self._queue: SimpleQueue[list[_Item] | None] = SimpleQueue()
        self._batch: list[_Item] = []
        self._store: Store | None = None
        self._is_closing = False
        self._cause: BaseException | None = None
        self.is_failing = False
        self._begun: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        # a daemon, so that a program that forgets to leave the journal can end; the log makes that safe
        self._thread = threading.Thread(target=self._run, name="safelight-journal", daemon=True)

    @property
    def readers(self) -> Readers:
        """
        What reads the same file.

        Raises:
            JournalClosed: It is not open.
        """
        return self._opened().readers

    async def open(self) -> None:
        """Start the thread and wait until the store is open; failing or canceled, nothing stays behind."""
        self._thread.start()
        try:
            await asyncio.shield(self._begun)
        except asyncio.CancelledError:
            await self.close()
            raise
        if self._ended.done() and self._cause is not None:
            self._thread.join()
            raise self._cause

    def write(self, write: Write[T]) -> asyncio.Future[T]:
        """Hand in a write; what is returned is done when it is committed."""
        self._opened()
        told: asyncio.Future[T] = self._loop.create_future()
        self._gathered.append((write, told))
        self._schedule(is_hurried=write.is_durable)
        return told

    async def look(self) -> None:
        """
        See that what is written will be read.

        Raises:
            JournalClosed: The file is there no more, which is the thread's death, or it is not open.
        """
        if not self._opened().standing.is_kept():
            self._queue.put([])  # wakes the thread, which sees for itself
            raise await self.lost()

    async def lost(self) -> JournalClosed:
        """Wait until the thread is gone, and return what ended it."""
        await asyncio.shield(self._ended)
        return self._closed()

    async def close(self) -> None:
        """Have everything handed in written, then let go; it is waited for however often we are canceled meanwhile."""
        if not self._is_closing:
            self._is_closing = True
            self._hand_over()
            self._queue.put(_STOP)
        try:
            await outlast({self._ended})
        finally:
            self._thread.join()  # it has said its last word

    def _schedule(self, *, is_hurried: bool) -> None:
        """Have what gathers handed over, with all that this turn of the loop brings; progress alone waits until its time."""
        if self._due is not None:
            if not is_hurried or not isinstance(self._due, asyncio.TimerHandle):
                return
            self._due.cancel()
        if is_hurried or self._resting_until <= self._loop.time():
            self._due = self._loop.call_soon(self._hand_over)
        else:
            self._due = self._loop.call_at(self._resting_until, self._hand_over)

    def _hand_over(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        gathered, self._gathered = self._gathered, []
        if len(gathered) > 1:
            self._resting_until = self._loop.time() + _PROGRESS_SECONDS
        if gathered:
            self._queue.put(gathered)

    def _opened(self) -> Store:
        if self._store is None or self._is_closing or self._ended.done():
            raise self._closed()
        return self._store

    def _closed(self) -> JournalClosed:
        if self._cause is None:
            return JournalClosed("The journal is closed.")
        closed = JournalClosed(one_sentence(f"The writer of the journal died: {_said(self._cause)}"))
        closed.__cause__ = self._cause
        return closed

    # on the thread

    def _run(self) -> None:
        cause: BaseException | None = None
        try:
            with opened(self._folder) as store:
                self._say(self._on_begun, store)
                self._serve(store)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is said to every caller
            cause = error
        self._say(self._on_ended, cause)

    def _serve(self, store: Store) -> None:
        while True:
            handed = self._queue.get()
            self._batch = [] if handed is _STOP else handed
            while handed is not _STOP and len(self._batch) < _BATCH and not self._queue.empty():
                handed = self._queue.get_nowait()
                self._batch += handed or []
            store.standing.check()
            if self._batch:
                told = store.committer.commit([write for write, _ in self._batch])
                self._say(self._tell, self._batch, told)
                store.committer.checkpoint()
            if handed is _STOP:
                return

    def _say(self, what: Callable[..., None], *facts: object) -> None:
        try:
            self._loop.call_soon_threadsafe(what, *facts)
        except RuntimeError:
            log.warning("journal_loop_lost")  # it was closed under us: nobody waits any more

    # on the event loop again

    def _on_begun(self, store: Store) -> None:
        self._store = store
        if not self._begun.done():
            self._begun.set_result(None)

    def _tell(self, batch: Sequence[_Item], told: Sequence[Told]) -> None:
        """Wake everybody of a batch, but for those that were canceled."""
        self.is_failing = isinstance(told[-1].error, JournalFull)
        for (_, future), answer in zip(batch, told, strict=True):
            if future.done():
                continue
            if answer.error is None:
                future.set_result(answer.value)
            else:
                future.set_exception(answer.error)

    def _on_ended(self, cause: BaseException | None) -> None:
        self._cause = cause
        if self._store is not None and cause is not None:
            log.error("journal_writer_lost", error=_said(cause))
        waiting = [*self._batch, *self._gathered]
        while not self._queue.empty():
            waiting += self._queue.get_nowait() or []
        self._ended.set_result(None)
        if not self._begun.done():
            self._begun.set_result(None)
        for _, future in waiting:
            if not future.done():
                future.set_exception(self._closed())


def _said(cause: BaseException) -> str:
    return str(cause) if isinstance(cause, SafelightError) else f"{type(cause).__name__}: {cause}"
