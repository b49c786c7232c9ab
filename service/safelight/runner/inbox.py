"""Everything that happens to one generation, in one order, for the one who waits for it, until some moment at most."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from safelight.ticks import TICK


class Inbox:
    """
    A queue with one reader, whose deadline moves with nearly every item and is hardly ever reached.

    So the timer is not set anew for each wait: one that rings too early is set again then.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: deque[Any] = deque()
        self._reader: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Any) -> None:
        """Add what happened; it must be said on the event loop."""
        self._items.append(item)
        self._wake()

    def take(self) -> Any:
        """Return the next thing that has happened already."""
        return self._items.popleft()

    async def next(self, until: float) -> Any:
        """
        Return the next thing that happens.

        Raises:
            TimeoutError: Nothing has by `until`, a time of the loop's.
        """
        while not self._items:
            if self._loop.time() + TICK >= until:
                raise TimeoutError
            self._set(until)
            self._reader = self._loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._items.popleft()

    def close(self) -> None:
        """Let go of the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, until: float) -> None:
        if self._timer is not None:
            if self._timer.when() <= until:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(until, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._loop.call_soon(self._wake)  # what else is due at this moment, and would be heard of, comes first

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
