"""The pages at `/` and `/docs`: their files are read once and served by exact path, under a policy that lets nothing foreign in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

import attrs
from aiohttp import hdrs, web
from aiohttp.helpers import ETAG_ANY

from safelight.web.problems import Handler

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}
_PAGES = {"/": "index.html", "/docs": "docs.html"}
_CLIENT = "client"
"""What stands in this folder is the browser client, which other pages use too: it is served from the root."""


@attrs.frozen(kw_only=True)
class _File:
    """One file of the page, as it is served."""

    body: bytes
    type: str
    tag: str


def routes() -> list[web.RouteDef]:
    """Return a route for each file there is; any other path has none, so there is nothing to climb out of."""
    return [web.get(path, _server_of(file)) for path, file in _table().items()]


def _table() -> dict[str, _File]:
    pages = files("safelight.web") / "pages"
    own = {f"/ui/{path}": file for path, file in _walk(pages) if not path.startswith(f"{_CLIENT}/")}
    client = {f"/{path}": file for path, file in _walk(pages / _CLIENT)}
    people = {path: own.pop(f"/ui/{name}") for path, name in _PAGES.items()}
    return {**people, **own, **client}


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, _File]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        kind = _TYPES.get(f".{entry.name.rpartition('.')[2]}")
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif kind is not None:
            body = entry.read_bytes()
            yield f"{prefix}{entry.name}", _File(body=body, type=kind, tag=hashlib.sha256(body).hexdigest()[:32])


def _server_of(file: _File) -> Handler:
    headers = {
        hdrs.ETAG: f'"{file.tag}"',
        hdrs.CACHE_CONTROL: "no-cache",  # asked about each time, sent only when it has changed: a new version is there at once
        "Content-Security-Policy": _POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
    }

    async def serve(request: web.Request) -> web.StreamResponse:
        if any(tag.value in {ETAG_ANY, file.tag} for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=file.body, content_type=file.type, charset="utf-8", headers=headers)

    return serve
