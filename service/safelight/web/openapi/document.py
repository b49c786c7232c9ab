"""
The whole document, and where it is served.

What is served for people (`/`, `/docs` and their files) is left out: it is no API. So is the admin port: it is another
address, loopback unless an operator says otherwise, and no caller's business.
"""

from __future__ import annotations

import hashlib
from typing import Any

from aiohttp import hdrs, web
from aiohttp.helpers import ETAG_ANY

from safelight import __version__
from safelight.codec import encode
from safelight.config.model import Config
from safelight.core import Safelight
from safelight.web.openapi.answers import put_problem
from safelight.web.openapi.components import Components
from safelight.web.openapi.events import put_events
from safelight.web.openapi.generations import generation_calls, seed_create
from safelight.web.openapi.resources import document_call, output_call, provider_calls
from safelight.web.openapi.snapshots import put_snapshot
from safelight.web.openapi.streams import seed_stream, v1_streams
from safelight.web.openapi.webhooks import webhook_calls

_DESCRIPTION = """\
One service between applications and every image-generation provider.

Create a generation, then watch it develop over server-sent events: every event is a whole snapshot, so that whoever misses \
some or comes back later lacks nothing. `HEAD` is answered wherever `GET` is, but not by streams."""
_TAGS = {
    "Generations": "Create, look, list, cancel, hold, forget.",
    "Streams": "Watch one or many develop.",
    "Outputs": "What was made.",
    "Providers": "What can be asked for.",
    "Webhooks": "Being told, and telling.",
    "Two calls": "The smallest client there is: one call to create, one to watch. They never change.",
    "Description": "This document.",
}


def make_document(core: Safelight) -> dict[str, Any]:
    """Return the OpenAPI document of a service as it is configured."""
    components = Components()
    put_problem(components)
    put_snapshot(components)
    put_events(components)
    operations = (
        *generation_calls(core, components),
        *v1_streams(core, components),
        output_call(),
        *provider_calls(core, components),
        *webhook_calls(components),
        seed_create(core, components),
        seed_stream(components),
        document_call(),
    )
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method] = operation.described()
    public_url = core.config.server.public_url.rstrip("/")
    return {
        "openapi": "3.2.0",
        "info": {
            "title": "Safelight",
            "version": __version__,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        **({"servers": [{"url": public_url}]} if public_url else {}),
        "tags": [{"name": name, "description": description} for name, description in _TAGS.items()],
        "paths": paths,
        "components": {"schemas": components.schemas},
    }


class Document:
    """The document as it is served: made once for each configuration, since it takes as long as a hundred snapshots."""

    def __init__(self, core: Safelight) -> None:
        self._core = core
        self._config: Config | None = None
        self._body = b""
        self._tag = ""

    async def get(self, request: web.Request) -> web.StreamResponse:
        """`GET /openapi.json`."""
        if self._config is not self._core.config:
            self._config = self._core.config
            self._body = encode(make_document(self._core))
            self._tag = hashlib.sha256(self._body).hexdigest()[:32]
        headers = {hdrs.ETAG: f'"{self._tag}"', hdrs.CACHE_CONTROL: "no-cache"}
        if any(known.value in {ETAG_ANY, self._tag} for known in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=self._body, content_type="application/json", headers=headers)
