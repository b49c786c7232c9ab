"""Who may talk to the service, and how much at once: hosts against DNS rebinding, origins against foreign pages."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from http import HTTPStatus
from itertools import chain
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from safelight.config.model import Server
from safelight.core import Safelight
from safelight.web.problems import BadRequest, ForbiddenOrigin, Handler

HEADER_BYTES = 32 * 1024
"""A hostile cursor of 10 kB is answered with a stream, not with a 400 that would end an EventSource for ever."""
_EXPOSED = "Location, Retry-After, ETag, Content-Range, Safelight-Session, Idempotent-Replayed, Preference-Applied"


def access_to(core: Safelight) -> Middleware:
    """Refuse giant headers, foreign hosts and origins before anything is done; answer preflights of listed origins."""

    @web.middleware
    async def access(request: web.Request, handler: Handler) -> web.StreamResponse:
        server, headers = core.config.server, request.headers
        _check_size(request)
        _check_host(headers.get(hdrs.HOST, ""), server)
        origin = headers.get(hdrs.ORIGIN)
        if origin is not None:
            _check_origin(request, origin, server)
            if request.method == hdrs.METH_OPTIONS:
                return web.Response(status=204, headers=_preflight(origin))
        return await handler(request)

    return access


async def add_headers(core: Safelight, request: web.Request, response: web.StreamResponse) -> None:
    """Let listed origins read the answer, and nobody guess its type."""
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers[hdrs.SERVER] = "safelight"
    origin = request.headers.get(hdrs.ORIGIN)
    allowed = core.config.server.allowed_origins
    if allowed or origin is not None:
        headers.add(hdrs.VARY, hdrs.ORIGIN)  # else a picture that an <img> has cached is kept from the fetch after it
        if origin in allowed:
            headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED


def _check_size(request: web.Request) -> None:
    """All headers together: aiohttp counts them and bounds each."""
    if sum(map(len, chain.from_iterable(request.raw_headers))) > HEADER_BYTES:
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        raise BadRequest(f"The headers are larger than {HEADER_BYTES} bytes.", status)


def _check_host(said: str, server: Server) -> None:
    """A rebound name is a name: addresses, localhost and what is configured pass."""
    host = _name(said)
    if host and (_is_address(host) or host in _hosts(server.host, server.public_url, tuple(server.allowed_hosts))):
        return
    if not host:
        raise ForbiddenOrigin("The request names no host, or one that cannot be: its Host header says where it is meant to go.")
    raise ForbiddenOrigin(f"The host '{host[:100]}' is not served here; an operator adds it to server.allowed_hosts.")


def _check_origin(request: web.Request, origin: str, server: Server) -> None:
    own = f"{request.scheme}://{request.headers.get(hdrs.HOST, '')}"
    if origin in {own, server.public_url.rstrip("/"), *server.allowed_origins}:
        return
    raise ForbiddenOrigin(
        f"Pages from '{origin[:100]}' may not use this service; an operator adds them to server.allowed_origins."
    )


def _preflight(origin: str) -> dict[str, str]:
    return {
        hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: origin,
        hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, POST, DELETE",
        hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Prefer",
        hdrs.ACCESS_CONTROL_MAX_AGE: "600",
    }


@lru_cache(maxsize=256)
def _name(netloc: str) -> str:
    try:
        return (urlsplit(f"//{netloc}").hostname or "") if netloc.isprintable() else ""
    except ValueError:  # brackets that enclose no address
        return ""


@lru_cache(maxsize=16)
def _hosts(own: str, public_url: str, allowed: tuple[str, ...]) -> frozenset[str]:
    return frozenset({"localhost", own.lower(), _name(urlsplit(public_url).netloc), *map(str.lower, allowed)})


@lru_cache(maxsize=256)
def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
