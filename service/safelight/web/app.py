"""The two applications: what is served to callers, and what is served to operators."""

from __future__ import annotations

import asyncio
from functools import partial

from aiohttp import web

from safelight.core import Safelight
from safelight.web import generations, health, providers, ui
from safelight.web.access import access_to, add_headers
from safelight.web.deliveries import list_deliveries, resend
from safelight.web.heartbeats import Heartbeats
from safelight.web.keys import CORE, HEARTBEATS, REPLAYING, STREAMS, WAITING
from safelight.web.listing import list_generations
from safelight.web.openapi.document import Document
from safelight.web.outputs import get_output
from safelight.web.problems import problems
from safelight.web.streams import watch_many
from safelight.web.upkeep import ticker
from safelight.web.webhooks import receive_webhook

REPLAYS_AT_ONCE = 4


def make_app(core: Safelight) -> web.Application:
    """Return the public application around an open core."""
    app = web.Application(middlewares=[problems, access_to(core)])
    app[CORE] = core
    app[STREAMS] = set()
    app[HEARTBEATS] = Heartbeats(app[STREAMS], lambda: core.config.streams.heartbeat_seconds)
    app[REPLAYING] = asyncio.Semaphore(REPLAYS_AT_ONCE)
    app[WAITING] = set()
    app.on_response_prepare.append(partial(add_headers, core))
    app.cleanup_ctx.append(ticker)
    route = app.router
    route.add_post("/api/generation", generations.create_seed)
    route.add_get("/api/generation", generations.watch_seed, allow_head=False)
    # first of its like, which are tried in turn: nothing is opened as often
    route.add_get("/v1/generations/{id}/events", generations.watch_v1, allow_head=False)
    route.add_post("/v1/generations", generations.create_v1)
    route.add_get("/v1/generations", list_generations)
    route.add_get("/v1/generations/{id}", generations.get)
    route.add_delete("/v1/generations/{id}", generations.forget)
    route.add_post("/v1/generations/{id}/cancel", generations.cancel)
    route.add_post("/v1/generations/{id}/pause", generations.pause)
    route.add_post("/v1/generations/{id}/resume", generations.resume)
    route.add_get("/v1/events", watch_many, allow_head=False)
    route.add_get("/v1/outputs/{id}/{name}", get_output)
    route.add_get("/v1/providers", providers.list_providers)
    route.add_get("/v1/providers/{name}", providers.get_provider)
    route.add_get("/v1/deliveries", list_deliveries)
    route.add_post("/v1/generations/{id}/deliveries", resend)
    route.add_post("/v1/webhooks/{provider}/{nonce}", receive_webhook)
    route.add_get("/openapi.json", Document(core).get)
    app.add_routes(ui.routes())
    return app


def make_admin_app(core: Safelight) -> web.Application:
    """Return the operators' application."""
    app = web.Application(middlewares=[problems])
    app[CORE] = core
    app.router.add_get("/livez", health.livez)
    app.router.add_get("/readyz", health.readyz)
    return app
