"""What can be asked for: the configured providers, what they can do, what they take and how they fare."""

from __future__ import annotations

from aiohttp import web

from safelight.codec import encode
from safelight.web.keys import CORE


async def list_providers(request: web.Request) -> web.StreamResponse:
    """`GET /v1/providers`."""
    core = request.app[CORE]
    described = [core.describe(name) for name in sorted(core.instances)]
    return web.Response(body=encode({"providers": described}), content_type="application/json")


async def get_provider(request: web.Request) -> web.StreamResponse:
    """`GET /v1/providers/{name}`."""
    described = request.app[CORE].describe(request.match_info["name"])
    return web.Response(body=encode(described), content_type="application/json")
