"""What can be asked for: the configured providers, what they can do and what they take."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from safelight.codec import encode, plain
from safelight.errors import NotFound
from safelight.instances import ProviderInstance, UnavailableInstance
from safelight.schemas import json_schema
from safelight.web.keys import CORE


async def list_providers(request: web.Request) -> web.StreamResponse:
    """`GET /v1/providers`."""
    core = request.app[CORE]
    providers = [_described(instance, core.config.default_provider) for _, instance in sorted(core.instances.items())]
    return web.Response(body=encode({"providers": providers}), content_type="application/json")


async def get_provider(request: web.Request) -> web.StreamResponse:
    """`GET /v1/providers/{name}`."""
    core = request.app[CORE]
    instance = core.instances.get(request.match_info["name"])
    if instance is None:
        raise NotFound("No such provider.")
    return web.Response(body=encode(_described(instance, core.config.default_provider)), content_type="application/json")


def _described(instance: ProviderInstance | UnavailableInstance, default: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "providerId": instance.name,
        "default": instance.name == default,
        "available": instance.fault is None,
    }
    if isinstance(instance, UnavailableInstance):
        described["fault"] = instance.fault
    else:
        described["capabilities"] = plain(instance.capabilities)
    if instance.offer is not None:
        described["plugin"] = {
            "name": instance.offer.plugin,
            "distribution": instance.offer.distribution,
            "version": instance.offer.version,
        }
        described["params"] = json_schema(instance.offer.cls.Params)
        described["options"] = json_schema(instance.offer.cls.Options)
    return described
