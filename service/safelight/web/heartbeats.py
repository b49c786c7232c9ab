"""Heartbeats of silent streams, from one task: a stream is looked at when it may be due, and not before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safelight.web.viewers import StreamViewer

_LATE = 0.2
"""A beat comes up to this part of the interval late, by its spread: not all streams that fell silent together beat together."""
_STEPS = 60
_LONGEST_STEP = 0.25
_YIELD_EVERY = 100


class Heartbeats:
    """
    A wheel of moments, each with the streams to be looked at then.

    Args:
        streams: Those that are open; of others nothing is looked at.
        seconds: Returns how long a stream may be silent.
    """

    def __init__(self, streams: set[StreamViewer], seconds: Callable[[], float]) -> None:
        self._streams = streams
        self._seconds = seconds
        self._wheel: dict[int, list[StreamViewer]] = {}
        self._step = 0

    @cached_property
    def _step_seconds(self) -> float:
        return min(self._seconds() / _STEPS, _LONGEST_STEP)

    def add(self, viewer: StreamViewer) -> None:
        """Look after a stream that begins now."""
        self._put(viewer, asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Beat for ever."""
        loop = asyncio.get_running_loop()
        self._step = int(loop.time() / self._step_seconds)
        while True:
            await asyncio.sleep(self._step_seconds)
            while self._step < int(loop.time() / self._step_seconds):
                for count, viewer in enumerate(self._wheel.pop(self._step, ()), 1):
                    self._look(viewer, loop.time())
                    if count % _YIELD_EVERY == 0:
                        await asyncio.sleep(0)
                self._step += 1

    def _look(self, viewer: StreamViewer, now: float) -> None:
        if viewer in self._streams:
            if now - viewer.silent_since >= self._seconds():
                viewer.beat()
                self._put(viewer, now)
            else:
                self._put(viewer, viewer.silent_since)

    def _put(self, viewer: StreamViewer, silent_since: float) -> None:
        due = silent_since + self._seconds() * (1.0 + _LATE * viewer.spread)
        self._wheel.setdefault(max(int(due / self._step_seconds), self._step) + 1, []).append(viewer)
