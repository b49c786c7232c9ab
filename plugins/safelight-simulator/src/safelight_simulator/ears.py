"""How a run waits, and whether it listens when it is canceled meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")
TICK = 1e-6
"""Moments nearer than this are one: no loop's clock is finer, and waiting for the difference could wait for ever."""


class Ears:
    """The ears of one task. While they are closed a cancel is remembered, and obeyed once they open again."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._deaf_until = self._loop.time()
        self._was_told = False

    def close(self, seconds: float) -> None:
        """Hear nothing for so long from now on."""
        self._deaf_until = max(self._deaf_until, self._loop.time() + seconds)

    async def until(self, moment: float, wake: asyncio.Future[Any] | None = None) -> None:
        """Wait for a moment of the loop's clock (infinity: for ever), or until `wake` is done."""
        wake = wake or self._loop.create_future()
        while True:
            self._obey()
            now = self._loop.time()
            if now + TICK >= moment or wake.done():
                return
            until = min(moment, self._deaf_until) if self._was_told else moment
            try:
                await asyncio.wait([wake], timeout=None if until == float("inf") else until - now)
            except asyncio.CancelledError:
                self._ignore()

    async def through(self, work: Callable[[], Awaitable[T]]) -> T:
        """Return what `work` comes to; deaf, it is begun again after a cancel."""
        while True:
            self._obey()
            try:
                return await work()
            except asyncio.CancelledError:
                self._ignore()

    def _ignore(self) -> None:
        if not self._is_deaf():
            raise  # noqa: PLE0704 - called while the CancelledError is handled
        self._was_told = True

    def _obey(self) -> None:
        if self._was_told and not self._is_deaf():
            raise asyncio.CancelledError

    def _is_deaf(self) -> bool:
        return self._loop.time() + TICK < self._deaf_until
