"""What every open stream needs from outside: its line in the log, its heartbeats, its farewell."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from functools import partial

import structlog
from aiohttp import web

from safelight.duties import on_duty
from safelight.web.keys import HEARTBEATS, STREAMS, WAITING
from safelight.web.refusals import later
from safelight.web.viewers import StreamViewer

log = structlog.get_logger()


class Attendance:
    """
    An open stream for as long as it lasts: counted among the others, and logged at its end.

    A reader who left is a normal end; a fault of ours ends it too.

    Args:
        app: Where it is counted.
        profile: The surface it is on.
        generation: What it shows, if that is one.
        resumed_from: The id of the event after which it begins.
        watched: How many it shows, if they are many.
    """

    __slots__ = ("_app", "_at_end", "_generation", "_profile", "_resumed_from", "_viewer", "_watched")

    def __init__(
        self,
        app: web.Application,
        viewer: StreamViewer,
        profile: str,
        *,
        generation: str | None = None,
        resumed_from: str | None = None,
        watched: int | None = None,
    ) -> None:
        self._app = app
        self._viewer = viewer
        self._profile, self._generation = profile, generation
        self._resumed_from, self._watched = resumed_from, watched
        self._at_end: Callable[[], None] | None = None

    def at_end(self, call: Callable[..., None], *args: object) -> None:
        """Have something called at the end."""
        self._at_end = partial(call, *args)

    @property
    def _facts(self) -> dict[str, object]:
        more = {"resumed_from": self._resumed_from} if self._watched is None else {"watched": self._watched}
        return {"generation": self._generation, "profile": self._profile, **more}

    def __enter__(self) -> None:
        self._app[STREAMS].add(self._viewer)
        self._app[HEARTBEATS].add(self._viewer)

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        viewer, is_over = self._viewer, error is None or isinstance(error, Exception)
        if isinstance(error, ConnectionResetError):
            viewer.cut("client_gone")
        elif isinstance(error, Exception):
            log.error("stream_failed", exc_info=error, **self._facts)
            viewer.cut("error")  # its headers are out: an error document would land in the middle of the stream
            viewer.end()
        if self._at_end is not None:
            self._at_end()
        self._app[STREAMS].discard(viewer)
        viewer.log_closed(**self._facts)
        return is_over


async def ticker(app: web.Application) -> AsyncIterator[None]:
    """Beat for every silent stream, from one task."""
    async with on_duty("heartbeats", app[HEARTBEATS].run):
        yield


async def close_streams(app: web.Application, *, spread_seconds: float, all_of_them: bool) -> None:
    """
    Close streams of a leaving service, spread over a while so that not everybody comes back at once.

    Args:
        all_of_them: Those that outlast the drain too; and whoever waits for news is answered with what is known.
    """

    async def close(viewer: StreamViewer) -> None:
        await asyncio.sleep(random.uniform(0, spread_seconds))  # noqa: S311 - spreads reconnects
        viewer.bid_farewell(later())
        viewer.cut("drain")

    streams, waiting = app[STREAMS], app[WAITING]
    if all_of_them:
        for waiter in tuple(waiting):
            waiter.cut("drain")
    await asyncio.gather(*(close(viewer) for viewer in tuple(streams) if all_of_them or not viewer.outlasts_drain))
