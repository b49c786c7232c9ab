"""Heartbeats of silent streams, from one task: a stream is looked at when it may be due, and not before."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import structlog

from safelight.rows import Row

if TYPE_CHECKING:
    from safelight.channel import Subscription
    from safelight.web.viewers import StreamViewer

    StreamRow: TypeAlias = Row[Subscription]

log = structlog.get_logger()

_LATE = 0.2
"""A beat comes up to this part of the interval late, by its spread: not all streams that fell silent together beat together."""
_STEPS = 60
_LONGEST_STEP = 0.25
_YIELD_EVERY = 100


class Heartbeats:
    """
    A wheel of moments, each with who is to be looked at then: streams, and rows in place of the streams in them.

    A row beats as one, so that of all who stand in it only one is looked at, until somebody leaves it.

    Args:
        streams: Those that are open; of others nothing is looked at.
        seconds: Returns how long a stream may be silent.
    """

    def __init__(self, streams: set[StreamViewer], seconds: Callable[[], float]) -> None:
        self._streams = streams
        self._seconds = seconds
        self._wheel: dict[int, list[StreamViewer | StreamRow]] = {}
        self._kept: dict[StreamRow, _Kept] = {}
        self._step = 0

    @cached_property
    def _step_seconds(self) -> float:
        return min(self._seconds() / _STEPS, _LONGEST_STEP)

    def add(self, viewer: StreamViewer) -> None:
        """Look after a stream that begins now."""
        self._put(viewer, asyncio.get_running_loop().time(), random.random())  # noqa: S311 - spreads, hides nothing

    async def run(self) -> None:
        """Beat for ever."""
        loop = asyncio.get_running_loop()
        self._step = int(loop.time() / self._step_seconds)
        while True:
            await asyncio.sleep(self._step_seconds)
            while self._step < int(loop.time() / self._step_seconds):
                for count, due in enumerate(self._wheel.pop(self._step, ()), 1):
                    if isinstance(due, Row):
                        self._look_at_row(due, loop.time())
                        await asyncio.sleep(0)
                    else:
                        self._look(due, loop.time())
                    if count % _YIELD_EVERY == 0:
                        await asyncio.sleep(0)
                self._step += 1

    def _look(self, viewer: StreamViewer, now: float) -> None:
        if viewer not in self._streams:
            return
        since = self._heard(viewer, viewer.silent_since, now)
        if (row := viewer.row) is None:
            self._put(viewer, since, random.random())  # noqa: S311 - spreads, hides nothing
        elif (kept := self._kept.get(row)) is None:
            self._keep(row, _Kept(row.left, [viewer]), viewer.heard_at)
        else:
            kept.viewers.append(viewer)

    def _look_at_row(self, row: StreamRow, now: float) -> None:
        kept = self._kept.pop(row)
        if row.left != kept.left:  # whoever it was stands elsewhere now, or nowhere
            for viewer in kept.viewers:
                self._look(viewer, now)
            return
        viewer = kept.viewers[0]
        since = self._heard(viewer, viewer.heard_at, now)
        if viewer.row is row:
            self._keep(row, kept, since)
        else:
            for viewer in kept.viewers:
                self._look(viewer, now)

    def _heard(self, viewer: StreamViewer, since: float, now: float) -> float:
        """Have it beat if it has been silent for long, and return since when it is silent; a fault costs nobody else a beat."""
        if now - since < self._seconds():
            return since
        try:
            viewer.beat()
        except Exception:
            log.exception("heartbeat_failed")
        return now  # whoever cannot take it now is not looked at again at once

    def _keep(self, row: StreamRow, kept: _Kept, silent_since: float) -> None:
        self._kept[row] = kept
        self._put(row, silent_since, row.spread)

    def _put(self, due: StreamViewer | StreamRow, silent_since: float, spread: float) -> None:
        at = silent_since + self._seconds() * (1.0 + _LATE * spread)
        self._wheel.setdefault(max(int(at / self._step_seconds), self._step) + 1, []).append(due)


class _Kept(NamedTuple):
    """
    Streams that are looked at as the row they stand in.

    Attributes:
        left: How many had left the row when the first of them came.
    """

    left: int
    viewers: list[StreamViewer]
