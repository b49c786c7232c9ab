"""The event streams: one handler for both surfaces, and one for many generations on one connection."""

from __future__ import annotations

from functools import partial

import structlog
from aiohttp import web

from safelight.channel import Subscription
from safelight.codec import encode
from safelight.core import Safelight
from safelight.errors import Gone, NotFound
from safelight.frames import Frame
from safelight.generation import ANONYMOUS
from safelight.hub import NOTHING_SEEN, Greeter
from safelight.status import Status
from safelight.versions import Version
from safelight.web.eventstreams import EventStream
from safelight.web.finding import find, look
from safelight.web.keys import CORE, REPLAYING
from safelight.web.problems import BadRequest, public
from safelight.web.profiles import V1, Profile
from safelight.web.refusals import away_if_busy, refuse, turn_away
from safelight.web.resume import Resume
from safelight.web.upkeep import Attendance
from safelight.web.viewers import StreamViewer

log = structlog.get_logger()

_PAGE = 16
"""Statuses of the past that are read, and go out, as one; nothing is kept of them while the reader takes its time."""


async def watch_one(request: web.Request, generation_id: str, profile: Profile) -> web.StreamResponse:
    """Stream one generation; a finished one to its end, and nothing at all to who has seen that."""
    app = request.app
    facts = {"profile": profile.surface, "generation": generation_id[:64]}
    if (away := away_if_busy(app, profile, **facts)) is not None:
        return away
    wants_log = profile.has_log and _wants_log(request)
    try:
        status = await look(app[CORE], generation_id)
    except NotFound as error:
        if profile.refuses_as_event:
            return refuse(error)
        if isinstance(error, Gone):
            return web.Response(status=204)  # to an EventSource that comes back this is the end, not a fault
        raise
    except Exception as error:
        log.exception("stream_refused", generation=generation_id, profile=profile.surface)
        return turn_away(profile, public(error))
    resume = Resume.of(request)
    if resume.has_seen_end(status):
        return web.Response(status=204)
    # asked again, for others came while it was looked up
    return away_if_busy(app, profile, **facts) or _stream_one(request, status, profile, resume, wants_log=wants_log)


def _stream_one(request: web.Request, status: Status, profile: Profile, resume: Resume, *, wants_log: bool) -> EventStream:
    app = request.app
    settings, generation = app[CORE].config.streams, status.generation
    viewer = StreamViewer(request, settings, has_ids=True, outlasts_drain=profile.outlasts_drain, wants_log=wants_log)
    cursor = None if resume.cursor is None else str(resume.cursor)
    attendance = Attendance(app, viewer, profile.surface, generation=generation, resumed_from=cursor)
    request.match_info.clear()  # it was read, and a stream is open for long
    begin = partial(_begin_one, app, viewer, status, profile, resume)
    return EventStream(settings, viewer, begin, attendance)


async def watch_many(request: web.Request) -> web.StreamResponse:
    """Stream many generations on one connection: those named, or all that run and will run."""
    app = request.app
    core = app[CORE]
    named = request.query.getall("id", [])
    ids = list(dict.fromkeys(named))
    if len(named) > core.config.streams.watch_max:
        raise BadRequest(f"At most {core.config.streams.watch_max} generations can be watched on one connection.")
    if (away := away_if_busy(app, V1, profile="events", watched=len(ids))) is not None:
        return away
    wants_log = _wants_log(request)
    viewer = StreamViewer(request, core.config.streams, has_ids=False, outlasts_drain=False, wants_log=wants_log)

    def join(generation_id: str) -> None:
        if (subscription := core.hub.subscribe(generation_id, viewer)) is not None:
            viewer.add(subscription)

    log.info("stream_opened", profile="events", watched=len(ids))
    attendance = Attendance(app, viewer, "events", watched=len(ids))
    attendance.at_end(core.hub.part, join)
    return EventStream(core.config.streams, viewer, partial(_begin_many, core, viewer, ids, join), attendance)


async def _begin_one(app: web.Application, viewer: StreamViewer, status: Status, profile: Profile, resume: Resume) -> None:
    """Show what the reader wants of the past, and have it follow from there."""
    core = app[CORE]
    subscription = core.hub.subscribe(status.generation, viewer)  # first subscribe, then read: nothing falls between
    if subscription is not None:
        viewer.add(subscription)
    elif not status.is_terminal:
        _, status = await find(core, status.generation)  # it has ended and left memory meanwhile
    seen = await _replay(app, viewer, resume, profile, status)
    await _follow(app, viewer, subscription, resume, status, seen)


async def _begin_many(core: Safelight, viewer: StreamViewer, ids: list[str], join: Greeter) -> None:
    """Show the newest of everything watched, and have it follow from there."""
    hub = core.hub
    if not ids:
        hub.greet(ANONYMOUS, join)
    for generation_id in ids or hub.running(ANONYMOUS):
        if hub.newest(generation_id) is None:
            await _show_kept(core, viewer, generation_id)
        else:
            join(generation_id)
    await viewer.release()


def _wants_log(request: web.Request) -> bool:
    words = request.query.getall("events", []) if request.query_string else ()
    if set(words) - {"log"}:
        raise BadRequest("'events' may say 'log' and nothing else.")
    return bool(words)


async def _replay(app: web.Application, viewer: StreamViewer, resume: Resume, profile: Profile, status: Status) -> Version:
    """Show what of the past the reader wants, and return where it stands then."""
    seen = resume.seen(status)
    if resume.wants_journal:
        return await _show_journal(app, viewer, status.generation, seen)
    if profile.starts_with_first and seen == NOTHING_SEEN:
        for first in await app[CORE].journal.read(status.generation, None, 1):
            await viewer.send(Frame(first))
            seen = first.version
    return seen


async def _follow(
    app: web.Application,
    viewer: StreamViewer,
    subscription: Subscription | None,
    resume: Resume,
    status: Status,
    seen: Version,
) -> None:
    """Let the reader follow from where it stands; what is not in memory has ended, or can no longer be followed here."""
    if subscription is None:
        if status.version > seen:
            await viewer.send(Frame(status))
        viewer.cut("ended" if status.is_terminal else "error")
        return
    while resume.wants_journal and subscription.channel.frame.version > seen:  # more was journalled while it was shown
        before, seen = seen, await _show_journal(app, viewer, status.generation, seen)
        if seen == before:
            break  # cut, or purged meanwhile
    subscription.start(seen)
    await viewer.release()


async def _show_journal(app: web.Application, viewer: StreamViewer, generation_id: str, after: Version) -> Version:
    while viewer.reason is None:
        if app[REPLAYING].locked():
            await viewer.flush()  # a turn may be long in coming, but headers come at once
        async with app[REPLAYING]:
            if statuses := await app[CORE].journal.read(generation_id, after, _PAGE):
                await viewer.send(*map(Frame, statuses))
        if not statuses:
            break
        after = statuses[-1].version
        del statuses
        await viewer.caught_up()
    return after


async def _show_kept(core: Safelight, viewer: StreamViewer, generation_id: str) -> None:
    """Show a generation that is not in memory; that one is unknown is said on the same stream."""
    try:
        status = await look(core, generation_id)
    except NotFound as error:
        refusal = {"status": "failed", "sessionId": generation_id[:64], "error": str(error), "code": error.code}
        await viewer.say(encode({**refusal, "epoch": 0, "seq": 0}))
    else:
        await viewer.send(Frame(status))
        await viewer.caught_up()
