"""Names whoever holds the event loop: a thread sees its heartbeat stop and looks at what the loop is doing."""

from __future__ import annotations

import asyncio
import os
import selectors
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Self

import attrs
import structlog

log = structlog.get_logger()

BEATS = 4
"""Heartbeats, and looks at them, per threshold."""
OWN_FOLDER = str(Path(__file__).resolve().parent)


@attrs.frozen(kw_only=True)
class Blocked:
    """
    Somebody holds the event loop.

    Attributes:
        plugin: `plugin (distribution)`; `safelight` where it is our own code, `unknown` where neither is on the stack.
        where: `file.py:12 function`.
        seconds: How long so far.
    """

    plugin: str
    where: str
    seconds: float


class Watchdog:
    """
    Watches the event loop that it is entered in.

    One blockage is reported once, from the thread and while it lasts, so that an endless one is named too.

    Args:
        owners: The folder, or single file, of a plugin's code -> `plugin (distribution)`.
        threshold_seconds: How long the loop may be held; a report comes at most a quarter of this later.
        on_blocked: Called in the watchdog's own thread.
    """

    def __init__(
        self,
        owners: Mapping[Path, str],
        *,
        threshold_seconds: float = 0.25,
        on_blocked: Callable[[Blocked], None] | None = None,
    ) -> None:
        self._owners = {str(folder.resolve()): owner for folder, owner in owners.items()}
        self._threshold = threshold_seconds
        self._period = threshold_seconds / BEATS
        self._on_blocked = on_blocked
        self._leaving = threading.Event()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._ident = threading.get_ident()
        self._beat()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._leaving.set()
        self._next.cancel()
        self._thread.join()

    def _beat(self) -> None:
        self._beaten = time.monotonic()
        self._next = self._loop.call_later(self._period, self._beat)

    def _watch(self) -> None:
        seen, held = self._beaten, 0.0
        blocked: Blocked | None = None
        wall, cpu = time.monotonic(), time.process_time()
        while not self._leaving.wait(self._period):
            before_wall, before_cpu = wall, cpu
            wall, cpu, beaten = time.monotonic(), time.process_time(), self._beaten
            counted = self._counted(wall - before_wall, cpu - before_cpu)
            if beaten == seen:
                held += counted
            else:
                if blocked is not None:
                    log.info("loop_freed", plugin=blocked.plugin, where=blocked.where, seconds=round(beaten - seen, 3))
                seen, held, blocked = beaten, min(counted, wall - beaten), None
            if blocked is None and held >= self._threshold:
                blocked = self._look(held)
                if blocked is not None:
                    self._report(blocked)

    def _counted(self, elapsed: float, cpu: float) -> float:
        """
        Return how much of the time between two looks counts against the loop.

        A look that comes late while the process did nothing was a suspended or starved process. One that comes late
        while it worked may be an extension that kept the interpreter to itself: work counts.
        """
        return min(elapsed, max(cpu, 2 * self._period))

    def _look(self, held: float) -> Blocked | None:
        frames = list(_stack(sys._current_frames().get(self._ident)))  # noqa: SLF001 - documented, and the only way to see another thread
        if not frames or _is_idle(frames):
            return None
        for frame in frames:
            if owner := self._owner(frame):
                return Blocked(plugin=owner, where=_where(frame), seconds=held)
        own = next((frame for frame in frames if _lies_in(frame, OWN_FOLDER)), None)
        return Blocked(plugin="safelight" if own else "unknown", where=_where(own or frames[0]), seconds=held)

    def _owner(self, frame: FrameType) -> str | None:
        return next((owner for folder, owner in self._owners.items() if _lies_in(frame, folder)), None)

    def _report(self, blocked: Blocked) -> None:
        log.warning("loop_blocked", plugin=blocked.plugin, where=blocked.where, seconds=round(blocked.seconds, 3))
        if self._on_blocked is not None:
            self._on_blocked(blocked)


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames of a thread, innermost first."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_idle(frames: list[FrameType]) -> bool:
    """Whether the loop waits in its own selector: nobody holds it, its next beat is on the way."""
    inner, *outer = frames
    return (
        inner.f_code.co_filename == selectors.__file__
        and bool(outer)
        and outer[0].f_code.co_filename == asyncio.base_events.__file__
    )


def _lies_in(frame: FrameType, place: str) -> bool:
    path = os.path.realpath(frame.f_code.co_filename)
    return path == place or path.startswith(place + os.sep)


def _where(frame: FrameType) -> str:
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}"
