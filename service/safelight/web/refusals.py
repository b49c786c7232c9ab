"""Refusing a stream in a way its reader understands: any status but 200 would end an EventSource for ever."""

from __future__ import annotations

import random

import structlog
from aiohttp import web

from safelight.codec import encode
from safelight.errors import Busy, SafelightError
from safelight.web.keys import CORE, STREAMS
from safelight.web.profiles import Profile

log = structlog.get_logger()


def away_if_busy(app: web.Application, surface: Profile, **facts: object) -> web.Response | None:
    """Return what sends a reader away if no stream can be opened now: leaving, or as many open as the limit allows."""
    core = app[CORE]
    if not core.is_draining and len(app[STREAMS]) < core.config.streams.max_streams:
        return None
    log.info("stream_turned_away", reason="leaving" if core.is_draining else "full", **facts)
    return turn_away(surface)


def turn_away(profile: Profile, error: SafelightError | None = None) -> web.Response:
    """Send a reader away for a while; one whose client never comes back is told that it failed, and why: busy, unless said."""
    if profile.refuses_as_event:
        return refuse(error or Busy("The service is full or stopping; try again in a moment."))
    return _short(b"retry: %d\n: busy\n\n" % later())


def refuse(error: SafelightError) -> web.Response:
    """Answer with one failed event, which has no id since it was never journalled."""
    return _short(b": ok\n\ndata: %s\n\n" % encode({"status": "failed", "error": str(error), "code": error.code}))


def later() -> int:
    """Return in how many milliseconds to come back, spread so that a crowd does not come at once."""
    return random.randint(5000, 15000)  # noqa: S311 - spreads reconnects, hides nothing


def _short(body: bytes) -> web.Response:
    headers = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
    return web.Response(body=body, content_type="text/event-stream", headers=headers)
