"""Where providers say that something has happened to a job."""

from __future__ import annotations

import asyncio

from aiohttp import web

from safelight.web.bodies import read_bytes
from safelight.web.keys import CORE

_ANSWER_SECONDS = 0.8
"""Upstreams give up on who does not answer within a second or so, and come back for hours."""


async def receive_webhook(request: web.Request) -> web.StreamResponse:
    """`POST /v1/webhooks/{provider}/{nonce}`: 200 taken in, 202 still being verified, 401 not genuine, 404 nobody's."""
    core = request.app[CORE]
    instance = request.match_info["provider"]
    key = core.hearing.key_of(instance, request.match_info["nonce"])
    webhooks = core.config.webhooks
    raw = await read_bytes(request, at_most=webhooks.body_bytes, seconds=core.config.server.body_seconds)
    hearing = core.hear(instance, key, raw, request.headers.copy())
    hearing.add_done_callback(lambda heard: heard.cancelled() or heard.exception())  # its log line says what came of it
    done, _ = await asyncio.wait({hearing}, timeout=_ANSWER_SECONDS)
    if not done:
        return web.Response(status=202)
    hearing.result()
    return web.Response(status=200)
