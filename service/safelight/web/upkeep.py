"""What every open stream needs from outside: its line in the log, its heartbeats, its farewell."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import structlog
from aiohttp import web

from safelight.web.keys import CORE, STREAMS, WAITING
from safelight.web.refusals import later
from safelight.web.viewers import StreamViewer

log = structlog.get_logger()

_BEATS_PER_HEARTBEAT = 5
_YIELD_EVERY = 1000


@contextmanager
def attended(request: web.Request, viewer: StreamViewer, **facts: object) -> Iterator[None]:
    """Count and log a stream for as long as it lasts. A reader who left is a normal end; a fault of ours ends it too."""
    streams = request.app[STREAMS]
    streams.add(viewer)
    log.info("stream_opened", **facts)
    try:
        yield
    except ConnectionResetError:
        viewer.cut("client_gone")
    except Exception:
        log.exception("stream_failed", **facts)
        viewer.cut("error")  # its headers are out: an error document would land in the middle of the stream
    finally:
        streams.discard(viewer)
        viewer.log_closed(**facts)


async def ticker(app: web.Application) -> AsyncIterator[None]:
    """Beat for every silent stream, from one task."""
    task = asyncio.create_task(_beat_for_ever(app), name="heartbeats")
    yield
    task.cancel()
    await asyncio.wait({task})


async def close_streams(app: web.Application, *, spread_seconds: float, all_of_them: bool) -> None:
    """
    Close streams of a leaving service, spread over a while so that not everybody comes back at once.

    Args:
        all_of_them: Those that outlast the drain too; and whoever waits for news is answered with what is known.
    """

    async def close(viewer: StreamViewer) -> None:
        await asyncio.sleep(random.uniform(0, spread_seconds))  # noqa: S311 - spreads reconnects
        try:
            await viewer.bid_farewell(later())
        except ConnectionResetError:
            viewer.cut("client_gone")
        viewer.cut("drain")

    streams, waiting = app[STREAMS], app[WAITING]
    if all_of_them:
        for waiter in tuple(waiting):
            waiter.cut("drain")
    await asyncio.gather(*(close(viewer) for viewer in tuple(streams) if all_of_them or not viewer.outlasts_drain))


async def _beat_for_ever(app: web.Application) -> None:
    loop = asyncio.get_running_loop()
    streams = app[STREAMS]
    while True:
        await asyncio.sleep(app[CORE].config.streams.heartbeat_seconds / _BEATS_PER_HEARTBEAT)
        for count, viewer in enumerate(tuple(streams), 1):
            viewer.beat(loop.time())
            if count % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
