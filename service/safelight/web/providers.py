"""What can be asked for: the configured providers, what they can do and what they take."""

from __future__ import annotations

from aiohttp import web

from safelight.codec import encode
from safelight.describing import describe
from safelight.errors import NotFound
from safelight.web.keys import CORE


async def list_providers(request: web.Request) -> web.StreamResponse:
    """`GET /v1/providers`."""
    core = request.app[CORE]
    providers = [describe(instance, core.config.default_provider) for _, instance in sorted(core.instances.items())]
    return web.Response(body=encode({"providers": providers}), content_type="application/json")


async def get_provider(request: web.Request) -> web.StreamResponse:
    """`GET /v1/providers/{name}`."""
    core = request.app[CORE]
    instance = core.instances.get(request.match_info["name"])
    if instance is None:
        raise NotFound("No such provider.")
    return web.Response(body=encode(describe(instance, core.config.default_provider)), content_type="application/json")
