"""Waiting for news in a plain request: the long poll for a newer snapshot, and a create for the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from safelight.errors import NotFound
from safelight.frames import Frame
from safelight.status import Status
from safelight.viewer import Viewer
from safelight.web.finding import look
from safelight.web.keys import CORE, WAITING
from safelight.web.problems import BadRequest

MAX_WAIT_SECONDS = 60.0
MOST_SAID = 99_999
"""The largest number of seconds that is read at all."""


def wait_seconds(request: web.Request) -> float:
    """
    Return how long the caller wants to wait, at most.

    Raises:
        BadRequest: `?wait=` is no whole number of seconds.
    """
    text = request.query.get("wait", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST_SAID))):
        raise BadRequest("'wait' is a whole number of seconds.")
    return min(float(text), MAX_WAIT_SECONDS)


async def newer(request: web.Request, status: Status, seconds: float) -> Status:
    """Return the first snapshot after `status` if it comes in time, else what is known."""
    return await _await(request, status, seconds, lambda _: True)


async def end_of(request: web.Request, generation_id: str, seconds: float) -> Status | None:
    """Return the last snapshot if the end comes in time; None if it does not, and where all of it was forgotten."""
    try:
        status = await look(request.app[CORE], generation_id)
    except NotFound:
        return None  # of a create that is replayed; whoever calls what it names is told
    if not status.is_terminal:
        status = await _await(request, status, seconds, lambda newest: newest.is_terminal)
    return status if status.is_terminal else None


async def _await(request: web.Request, status: Status, seconds: float, is_wanted: Callable[[Status], bool]) -> Status:
    waiter = _Waiter(is_wanted)
    core = request.app[CORE]
    subscription = core.hub.subscribe(status.generation, waiter, status.version)
    if subscription is None:
        return await look(core, status.generation)
    waiting = request.app[WAITING]
    waiting.add(waiter)
    try:
        subscription.catch_up()
        async with asyncio.timeout(seconds):
            await waiter.is_over.wait()
    except TimeoutError:
        return status
    finally:
        waiting.discard(waiter)
        subscription.close()
    return waiter.status or status


class _Waiter(Viewer):
    """Waits for one frame that is wanted."""

    is_paused = False

    def __init__(self, is_wanted: Callable[[Status], bool]) -> None:
        self.is_over = asyncio.Event()
        self.status: Status | None = None
        self._is_wanted = is_wanted

    def show(self, frame: Frame) -> None:
        if self._is_wanted(frame.status):
            self.status = frame.status
            self.is_over.set()

    def lag(self) -> None:
        """Hear nothing: a waiter is never paused."""

    def cut(self, reason: str) -> None:  # noqa: ARG002 - whatever it is, the caller asks again
        self.is_over.set()
