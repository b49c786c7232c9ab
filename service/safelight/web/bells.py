"""Waking one task that waits: what `asyncio.Event` is to many, in a tenth of its memory, of which every idle stream holds one."""

from __future__ import annotations

import asyncio


class Bell:
    """Rung from anywhere in the loop; one task at a time waits for it."""

    __slots__ = ("_has_rung", "_waiting")

    def __init__(self) -> None:
        self._has_rung = False
        self._waiting: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Ring; it goes on ringing until it is cleared."""
        self._has_rung = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def clear(self) -> None:
        """Ring no more."""
        self._has_rung = False

    def wait(self) -> asyncio.Future[None]:
        """Return what is done once it rings: to be awaited at once, and by one task."""
        self._waiting = asyncio.get_running_loop().create_future()
        if self._has_rung:
            self._waiting.set_result(None)
        return self._waiting
