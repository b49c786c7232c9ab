"""What was journalled of one generation, in pages of JSON, for those who want every step and no stream."""

from __future__ import annotations

from functools import lru_cache

from aiohttp import hdrs, web

from safelight.generation import ANONYMOUS
from safelight.versions import Version
from safelight.web.answers import page
from safelight.web.finding import checked_id
from safelight.web.keys import CORE
from safelight.web.queries import Query

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100


def wants_page(request: web.Request) -> bool:
    """Whether the reader takes JSON, and no events."""
    return _wants_json(",".join(request.headers.getall(hdrs.ACCEPT, [])))


@lru_cache(maxsize=64)
def _wants_json(accept: str) -> bool:
    accepted = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    return "application/json" in accepted and "text/event-stream" not in accepted


async def read_history(request: web.Request) -> web.StreamResponse:
    """`GET /v1/generations/{id}/events` with `Accept: application/json`: `?after=<event id>` and `?limit=`."""
    generation_id = checked_id(request.match_info["id"])
    query = Query(request, "after", "limit")
    limit = query.whole("limit", DEFAULT_LIMIT, largest=MAX_LIMIT)
    said = query.text("after")
    after = Version.parse(said)
    if said is not None and after is None:
        query.fault("after", "is not the id of an event")
    query.check()
    found = await request.app[CORE].history(generation_id, owner=ANONYMOUS, after=after, limit=limit)
    return await page("events", found.statuses, str(found.next) if found.next else None)
