"""The long poll: wait for a snapshot newer than the one the caller has."""

from __future__ import annotations

import asyncio

from aiohttp import web

from safelight.frames import Frame
from safelight.hub import Viewer
from safelight.status import Status
from safelight.web.finding import find
from safelight.web.keys import CORE
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
    waiter = _Waiter()
    subscription = request.app[CORE].hub.subscribe(status.generation, waiter, status.version)
    if subscription is None:
        return (await find(request, status.generation))[1]
    try:
        subscription.catch_up()
        async with asyncio.timeout(seconds):
            await waiter.newer.wait()
    except TimeoutError:
        return status
    finally:
        subscription.close()
    return waiter.status or status


class _Waiter(Viewer):
    """Waits for one newer frame."""

    is_paused = False

    def __init__(self) -> None:
        self.newer = asyncio.Event()
        self.status: Status | None = None

    def show(self, frame: Frame) -> None:
        self.status = frame.status
        self.newer.set()

    def lag(self) -> None:
        """Hear nothing: a waiter is never paused."""

    def cut(self, reason: str) -> None:  # noqa: ARG002 - whatever it is, the caller asks again
        self.newer.set()
