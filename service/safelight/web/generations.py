"""Create, look, cancel, pause, forget: the resources of /v1 and the seed's two calls, by the same handlers."""

from __future__ import annotations

from aiohttp import hdrs, web

from safelight.codec import encode, plain, status_to_wire
from safelight.creating import Created as Made
from safelight.generation import ANONYMOUS, Draft
from safelight.status import State
from safelight.structuring import structure
from safelight.versions import Version
from safelight.web.answers import Created, Urls, snapshot
from safelight.web.bodies import read_object
from safelight.web.finding import checked_id, find, look
from safelight.web.history import read_history, wants_page
from safelight.web.keys import CORE
from safelight.web.preferences import idempotency_key, preferred_wait
from safelight.web.profiles import SEED, V1, Profile
from safelight.web.streams import watch_one
from safelight.web.waiting import end_of, newer, wait_seconds


async def create_v1(request: web.Request) -> web.StreamResponse:
    """`POST /v1/generations`."""
    return await _create(request, V1)


async def create_seed(request: web.Request) -> web.StreamResponse:
    """`POST /api/generation`."""
    return await _create(request, SEED)


async def watch_v1(request: web.Request) -> web.StreamResponse:
    """`GET /v1/generations/{id}/events`: a stream, or a page of JSON for those who take nothing else."""
    if wants_page(request):
        return await read_history(request)
    return await watch_one(request, request.match_info["id"], V1)


async def watch_seed(request: web.Request) -> web.StreamResponse:
    """`GET /api/generation?sessionId=…`; `providerId` is a hint and selects nothing."""
    return await watch_one(request, request.query.get("sessionId", ""), SEED)


async def get(request: web.Request) -> web.StreamResponse:
    """`GET /v1/generations/{id}`, with `?wait=` and `?after=` a long poll."""
    status = await look(request.app[CORE], request.match_info["id"])
    wait = wait_seconds(request)
    after = Version.parse(request.query.get("after"))
    if wait and status.version == after and not status.is_terminal:
        status = await newer(request, status, wait)
    etag = f'"{status.version}"'
    if etag in request.headers.get(hdrs.IF_NONE_MATCH, ""):
        return web.Response(status=304, headers={hdrs.ETAG: etag})
    return snapshot(status)


async def cancel(request: web.Request) -> web.StreamResponse:
    """`POST /v1/generations/{id}/cancel`: 202 asked for, 200 ended by it already, 409 too late."""
    core = request.app[CORE]
    generation, _ = await find(core, request.match_info["id"])
    status = await core.cancel(generation.id, owner=ANONYMOUS)
    return snapshot(status, http_status=200 if status.is_terminal else 202)


async def pause(request: web.Request) -> web.StreamResponse:
    """`POST /v1/generations/{id}/pause`: 202 it is held still, 409 it cannot be."""
    return await _hold(request, still=True)


async def resume(request: web.Request) -> web.StreamResponse:
    """`POST /v1/generations/{id}/resume`: 202 it goes on, 409 it cannot."""
    return await _hold(request, still=False)


async def forget(request: web.Request) -> web.StreamResponse:
    """`DELETE /v1/generations/{id}`: 204 it is forgotten, and 410 from here on; 409 while it runs."""
    await request.app[CORE].forget(checked_id(request.match_info["id"]), owner=ANONYMOUS)
    return web.Response(status=204)


async def _hold(request: web.Request, *, still: bool) -> web.StreamResponse:
    core = request.app[CORE]
    generation, _ = await find(core, request.match_info["id"])
    status = await core.hold(generation.id, owner=ANONYMOUS, still=still)
    return snapshot(status, http_status=202)


async def _create(request: web.Request, profile: Profile) -> web.StreamResponse:
    core = request.app[CORE]
    key = idempotency_key(request)
    wait = preferred_wait(request) if profile.may_wait else None
    draft = structure(await read_object(request, core.config.server), Draft, naming="camel")
    made = await core.create(draft, owner=ANONYMOUS, surface=profile.surface, key=key)
    http_status, created = profile.created_status, _created(made, profile, core.config.server.public_url.rstrip("/"))
    reply = plain(created)
    headers = {hdrs.LOCATION: created.urls.self_, "Safelight-Session": made.generation}
    if made.is_replayed:
        headers["Idempotent-Replayed"] = "true"
    if wait is not None:
        headers["Preference-Applied"] = f"wait={wait}"
        if (end := await end_of(request, made.generation, wait)) is not None:
            http_status, reply = 200, {**reply, **status_to_wire(end)}
    return web.Response(status=http_status, body=encode(reply), content_type="application/json", headers=headers)


def _created(made: Made, profile: Profile, prefix: str) -> Created:
    """Return what a create is answered with, however far it has come since: replayed, it is the same."""
    own = f"/v1/generations/{made.generation}"
    stream = f"{own}/events" if profile is V1 else f"/api/generation?sessionId={made.generation}&providerId={made.provider}"
    return Created(
        session_id=made.generation,
        provider_id=made.provider,
        status=State.STARTED,
        stream_url=prefix + stream,
        urls=Urls(self_=prefix + own, events=f"{prefix}{own}/events", cancel=f"{prefix}{own}/cancel"),
    )
