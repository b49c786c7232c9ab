"""The admin port: alive, and ready to take work."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from safelight.codec import encode
from safelight.core import Safelight
from safelight.errors import JournalClosed
from safelight.web.keys import CORE


async def livez(request: web.Request) -> web.StreamResponse:  # noqa: ARG001 - answering is the answer
    """`GET /livez`: the loop turns."""
    return web.Response(body=b'{"status":"ok"}', content_type="application/json")


async def readyz(request: web.Request) -> web.StreamResponse:
    """`GET /readyz`: 200 when new work is taken, 503 while leaving or without a usable default provider."""
    core = request.app[CORE]
    default = core.instances[core.config.default_provider]
    storage = await _storage(core)
    checks = {
        "draining": core.is_draining,
        "defaultProvider": default.fault or "ok",
        "storage": storage,
        "providers": {name: _provider(core.describe(name)) for name in sorted(core.instances)},
    }
    is_ready = not core.is_draining and default.fault is None and storage == "ok"
    body = encode({"status": "ready" if is_ready else "not ready", **checks})
    return web.Response(status=200 if is_ready else 503, body=body, content_type="application/json")


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
