"""Create, look, cancel: the resources of /v1 and the seed's two calls, by the same handlers."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import hdrs, web

from safelight.codec import encode, encode_status
from safelight.frames import Frame
from safelight.generation import ANONYMOUS, Draft
from safelight.hub import Viewer
from safelight.status import Status
from safelight.structuring import structure
from safelight.versions import Version
from safelight.web.bodies import read_object
from safelight.web.finding import find
from safelight.web.keys import CORE
from safelight.web.problems import BadRequest
from safelight.web.profiles import SEED, V1, Profile
from safelight.web.streams import watch_one

MAX_WAIT_SECONDS = 60.0


async def create_v1(request: web.Request) -> web.StreamResponse:
    """`POST /v1/generations`."""
    return await _create(request, V1)


async def create_seed(request: web.Request) -> web.StreamResponse:
    """`POST /api/generation`."""
    return await _create(request, SEED)


async def watch_v1(request: web.Request) -> web.StreamResponse:
    """`GET /v1/generations/{id}/events`."""
    return await watch_one(request, request.match_info["id"], V1)


async def watch_seed(request: web.Request) -> web.StreamResponse:
    """`GET /api/generation?sessionId=…`; `providerId` is a hint and selects nothing."""
    return await watch_one(request, request.query.get("sessionId", ""), SEED)


async def get(request: web.Request) -> web.StreamResponse:
    """`GET /v1/generations/{id}`, with `?wait=` and `?after=` a long poll."""
    _, status = await find(request, request.match_info["id"])
    wait = _wait_seconds(request)
    after = Version.parse(request.query.get("after"))
    if wait and status.version == after and not status.is_terminal:
        status = await _newer(request, status, wait)
    etag = f'"{status.version}"'
    if etag in request.headers.get(hdrs.IF_NONE_MATCH, ""):
        return web.Response(status=304, headers={hdrs.ETAG: etag})
    return _snapshot(status)


async def cancel(request: web.Request) -> web.StreamResponse:
    """`POST /v1/generations/{id}/cancel`: 202 asked for, 200 ended by it already, 409 too late."""
    generation, _ = await find(request, request.match_info["id"])
    status = await request.app[CORE].cancel(generation.id, owner=ANONYMOUS)
    return _snapshot(status, http_status=200 if status.is_terminal else 202)


async def _create(request: web.Request, profile: Profile) -> web.StreamResponse:
    core = request.app[CORE]
    draft = structure(await read_object(request, core.config.server), Draft, naming="camel")
    status = await core.create(draft, owner=ANONYMOUS, surface=profile.surface)
    urls = {
        "self": f"/v1/generations/{status.generation}",
        "events": f"/v1/generations/{status.generation}/events",
        "cancel": f"/v1/generations/{status.generation}/cancel",
    }
    stream = urls["events"] if profile is V1 else f"/api/generation?sessionId={status.generation}&providerId={status.provider}"
    prefix = core.config.server.public_url.rstrip("/")
    reply: dict[str, Any] = {
        "success": True,
        "sessionId": status.generation,
        "providerId": status.provider,
        "status": status.state.value,
        "streamUrl": prefix + stream,
        "urls": {name: prefix + url for name, url in urls.items()},
    }
    headers = {hdrs.LOCATION: reply["urls"]["self"], "Safelight-Session": status.generation}
    return web.Response(status=profile.created_status, body=encode(reply), content_type="application/json", headers=headers)


class _Waiter(Viewer):
    """Waits for one newer frame."""

    is_paused = False

    def __init__(self) -> None:
        self.newer = asyncio.Event()
        self.status: Status | None = None

    def show(self, frame: Frame) -> None:
        self.status = frame.status
        self.newer.set()

    def lag(self) -> None:
        """Hear nothing: a waiter is never paused."""

    def cut(self, reason: str) -> None:  # noqa: ARG002 - whatever it is, the caller asks again
        self.newer.set()


async def _newer(request: web.Request, status: Status, seconds: float) -> Status:
    waiter = _Waiter()
    subscription = request.app[CORE].hub.subscribe(status.generation, waiter, status.version)
    if subscription is None:
        return (await find(request, status.generation))[1]
    try:
        subscription.catch_up()
        async with asyncio.timeout(seconds):
            await waiter.newer.wait()
    except TimeoutError:
        return status
    finally:
        subscription.close()
    return waiter.status or status


def _snapshot(status: Status, http_status: int = 200) -> web.Response:
    headers = {hdrs.ETAG: f'"{status.version}"', hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(status=http_status, body=encode_status(status), content_type="application/json", headers=headers)


def _wait_seconds(request: web.Request) -> float:
    text = request.query.get("wait", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise BadRequest("'wait' is a whole number of seconds.")
    return min(float(text), MAX_WAIT_SECONDS)
