"""The event streams: one handler for both surfaces, and one for many generations on one connection."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import structlog
from aiohttp import web

from safelight.codec import encode
from safelight.errors import NotFound, SafelightError
from safelight.frames import Frame
from safelight.generation import ANONYMOUS, is_id
from safelight.hub import NOTHING_SEEN
from safelight.status import Status
from safelight.versions import Version
from safelight.web.keys import CORE, STREAMS
from safelight.web.problems import BadRequest
from safelight.web.profiles import Profile
from safelight.web.resume import BEGINNING, Resume
from safelight.web.viewers import StreamViewer

log = structlog.get_logger()

_PAGE = 100


async def watch_one(request: web.Request, generation_id: str, profile: Profile) -> web.StreamResponse:
    """Stream one generation; a finished one to its end, and nothing at all to who has seen that."""
    core = request.app[CORE]
    if core.is_draining or len(request.app[STREAMS]) >= core.config.streams.max_streams:
        return await _turn_away(request, profile)
    resume = Resume.of(request)
    viewer = StreamViewer(request, core.config.streams, has_ids=True, outlasts_drain=profile.outlasts_drain)
    subscription = core.hub.subscribe(generation_id, viewer) if is_id(generation_id) else None  # first subscribe, then read
    try:
        generation, status = await core.find(generation_id, owner=ANONYMOUS) if is_id(generation_id) else _unknown()
    except SafelightError as error:
        if subscription is not None:
            subscription.close()
        if not profile.refuses_as_event:
            raise
        return await _refuse(request, str(error), error.code)
    if resume.has_seen_end(status):
        if subscription is not None:
            subscription.close()
        return web.Response(status=204)
    log.info("stream_opened", generation=generation.id, profile=profile.surface, resumed_from=_text(resume.cursor))
    request.app[STREAMS].add(viewer)
    try:
        await viewer.open()
        seen = resume.seen(status)
        if resume.replay_after is not None:
            seen = await _replay(request, viewer, generation_id, resume.replay_after)
        elif profile.starts_with_first and seen == NOTHING_SEEN:
            seen = await _show(viewer, await core.journal.read(generation_id, None, 1), seen)
        if subscription is None:
            if status.version > seen:
                await viewer.send(Frame(status))
            viewer.cut("ended" if status.is_terminal else "error")
        else:
            while resume.replay_after is not None and subscription.channel.frame.version > seen:
                before, seen = seen, await _replay(request, viewer, generation_id, seen)
                if seen == before:
                    break
            subscription.seen = seen
            viewer.add(subscription)
            viewer.release()
        return await viewer.finish()
    except ConnectionResetError:
        viewer.cut("client_gone")
        raise
    finally:
        request.app[STREAMS].discard(viewer)
        if subscription is not None:
            subscription.close()
        viewer.log_closed(generation=generation.id, profile=profile.surface, resumed_from=_text(resume.cursor))


async def watch_many(request: web.Request) -> web.StreamResponse:
    """Stream many generations on one connection: those named, or all that run and will run."""
    core = request.app[CORE]
    profile_name = "events"
    ids = list(dict.fromkeys(request.query.getall("id", [])))
    if len(ids) > core.config.streams.watch_max:
        raise BadRequest(f"At most {core.config.streams.watch_max} generations can be watched on one connection.")
    if core.is_draining or len(request.app[STREAMS]) >= core.config.streams.max_streams:
        return await _turn_away(request, None)
    viewer = StreamViewer(request, core.config.streams, has_ids=False, outlasts_drain=False)

    def join(generation_id: str) -> None:
        if (subscription := core.hub.subscribe(generation_id, viewer)) is not None:
            viewer.add(subscription)
            subscription.catch_up()

    log.info("stream_opened", generation=None, profile=profile_name, watched=len(ids))
    request.app[STREAMS].add(viewer)
    try:
        await viewer.open()
        if not ids:
            core.hub.greet(ANONYMOUS, join)
        for generation_id in ids or core.hub.running(ANONYMOUS):
            if core.hub.newest(generation_id) is not None:
                join(generation_id)
            else:
                await viewer.send(await _kept_frame(request, generation_id))
        viewer.release()
        return await viewer.finish()
    except ConnectionResetError:
        viewer.cut("client_gone")
        raise
    finally:
        core.hub.part(join)
        request.app[STREAMS].discard(viewer)
        viewer.log_closed(generation=None, profile=profile_name, watched=len(ids))


async def ticker(app: web.Application) -> AsyncIterator[None]:
    """Beat for every silent stream, from one task."""

    async def beat_for_ever() -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(app[CORE].config.streams.heartbeat_seconds / 5)
            for count, viewer in enumerate(tuple(app[STREAMS]), 1):
                viewer.beat(loop.time())
                if count % 1000 == 0:
                    await asyncio.sleep(0)

    task = asyncio.create_task(beat_for_ever(), name="heartbeats")
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def close_streams(app: web.Application, *, spread_seconds: float, all_of_them: bool) -> None:
    """Close streams of a leaving service, spread over a while so that not everybody comes back at once."""

    async def close(viewer: StreamViewer) -> None:
        await asyncio.sleep(random.uniform(0, spread_seconds))  # noqa: S311 - spreads reconnects
        try:
            await viewer.bid_farewell()
        except ConnectionResetError:
            viewer.cut("client_gone")
        viewer.cut("drain")

    await asyncio.gather(*(close(viewer) for viewer in tuple(app[STREAMS]) if all_of_them or not viewer.outlasts_drain))


async def _replay(request: web.Request, viewer: StreamViewer, generation_id: str, after: Version) -> Version:
    journal = request.app[CORE].journal
    seen = after if after > BEGINNING else NOTHING_SEEN
    while statuses := await journal.read(generation_id, after, _PAGE):
        seen = await _show(viewer, statuses, seen)
        after = seen
    return seen


async def _show(viewer: StreamViewer, statuses: list[Status], seen: Version) -> Version:
    await viewer.send(*(Frame(status) for status in statuses))
    return statuses[-1].version if statuses else seen


async def _kept_frame(request: web.Request, generation_id: str) -> Frame:
    """Return the frame of a generation that is not in memory; one that is unknown is told so on the same stream."""
    try:
        _, status = await request.app[CORE].find(generation_id, owner=ANONYMOUS) if is_id(generation_id) else _unknown()
    except NotFound as error:
        return _Unknown(generation_id, str(error))
    return Frame(status)


class _Unknown(Frame):
    """Says on a stream of many that one of them does not exist."""

    def __init__(self, generation_id: str, sentence: str) -> None:
        wire = {
            "status": "failed",
            "sessionId": generation_id[:64],
            "error": sentence,
            "code": NotFound.code,
            "epoch": 0,
            "seq": 0,
        }
        self.bare = b"data: %s\n\n" % encode(wire)
        self.chunked_bare = b"%x\r\n%s\r\n" % (len(self.bare), self.bare)


def _unknown() -> tuple[None, None]:
    raise NotFound("No such generation.")


async def _turn_away(request: web.Request, profile: Profile | None) -> web.StreamResponse:
    """Send a reader away so that it comes back by itself: any status but 200 would end an EventSource for ever."""
    if profile is not None and profile.refuses_as_event:
        return await _refuse(request, "The service is full or stopping; try again in a moment.", "busy")
    text = f"retry: {random.randint(5000, 15000)}\n: busy\n\n"  # noqa: S311 - spreads reconnects
    return _short(text.encode())


async def _refuse(request: web.Request, sentence: str, code: str) -> web.StreamResponse:  # noqa: ARG001 - as its sibling
    wire = {"status": "failed", "error": sentence, "code": code}
    return _short(b": ok\n\ndata: %s\n\n" % encode(wire))


def _short(body: bytes) -> web.Response:
    headers = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
    return web.Response(body=body, content_type="text/event-stream", headers=headers)


def _text(version: Version | None) -> str | None:
    return None if version is None else str(version)
