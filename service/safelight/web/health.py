"""The admin port: alive, and ready to take work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from safelight.codec import encode
from safelight.core import Safelight
from safelight.errors import JournalClosed
from safelight.routing import names_of
from safelight.web.keys import CORE


async def livez(request: web.Request) -> web.StreamResponse:  # noqa: ARG001 - answering is the answer
    """`GET /livez`: the loop turns."""
    return web.Response(body=b'{"status":"ok"}', content_type="application/json")


async def readyz(request: web.Request) -> web.StreamResponse:
    """`GET /readyz`: 200 when new work is taken, 503 while leaving or without a usable default provider."""
    core = request.app[CORE]
    described = {name: core.describe(name) for name in sorted(core.instances)}
    default = _default(core, described)
    storage = await _storage(core)
    checks = {
        "draining": core.is_draining,
        "defaultProvider": default,
        "storage": storage,
        "providers": {name: _provider(one) for name, one in described.items()},
    }
    is_ready = not core.is_draining and default == "ok" and storage == "ok"
    body = encode({"status": "ready" if is_ready else "not ready", **checks})
    return web.Response(status=200 if is_ready else 503, body=body, content_type="application/json")


def _default(core: Safelight, described: Mapping[str, dict[str, Any]]) -> str:
    """Say why nobody takes a request that names none; of a route one provider that does is enough."""
    names = names_of(core.config.default_provider, (), core.config.routes, core.instances)
    is_usable = any(described[name]["available"] for name in names)
    return "ok" if is_usable else str(described[names[0]]["fault"])


def _provider(described: dict[str, Any]) -> str:
    """Say in a word or a sentence how a provider fares; one that does not is no reason to take no work for the others."""
    health = described.get("health")
    return str(described.get("fault") or ("ok" if health is None or health["breaker"] == "closed" else health["breaker"]))


async def _storage(core: Safelight) -> str:
    try:
        room = await core.journal.room()
    except JournalClosed:
        return "lost"
    return "full" if room is not None and room < core.config.data.min_free_bytes else "ok"
