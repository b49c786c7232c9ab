"""What the application carries for its handlers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from safelight.core import Safelight
    from safelight.viewer import Viewer
    from safelight.web.heartbeats import Heartbeats
    from safelight.web.viewers import StreamViewer

CORE: web.AppKey[Safelight] = web.AppKey("core")
STREAMS: web.AppKey[set[StreamViewer]] = web.AppKey("streams")
"""Every open stream."""
HEARTBEATS: web.AppKey[Heartbeats] = web.AppKey("heartbeats")
REPLAYING: web.AppKey[asyncio.Semaphore] = web.AppKey("replaying")
"""Held while a piece of the past is read and written: a crowd that asks for all of it takes turns, and the loop turns between."""
WAITING: web.AppKey[set[Viewer]] = web.AppKey("waiting")
"""Every request that waits for news."""
