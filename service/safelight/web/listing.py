"""The caller's generations, the newest first, in pages that neither skip nor repeat while new ones arrive."""

from __future__ import annotations

from aiohttp import web

from safelight.checks import did_you_mean
from safelight.generation import ANONYMOUS
from safelight.ports import EVERY_STATE, Place
from safelight.status import State
from safelight.web.answers import page
from safelight.web.cursors import List
from safelight.web.keys import CORE
from safelight.web.queries import Query, writable

MAX_LIMIT = 100
DEFAULT_LIMIT = 20
_SHOWN = 40


async def list_generations(request: web.Request) -> web.StreamResponse:
    """`GET /v1/generations`, with `?status=`, `?ref=`, `?limit=` and `?cursor=`."""
    query = Query(request, "status", "ref", "limit", "cursor")
    wanted = List(owner=ANONYMOUS, states=_states(query), ref=query.text("ref"))
    limit = query.whole("limit", DEFAULT_LIMIT, largest=MAX_LIMIT)
    before = _place(query, wanted)
    query.check()
    found = await request.app[CORE].listing(owner=wanted.owner, states=wanted.states, ref=wanted.ref, before=before, limit=limit)
    return await page("generations", found.statuses, wanted.cursor(found.next) if found.next else None)


def _states(query: Query) -> frozenset[State]:
    words = [word.strip() for value in query.all("status") for word in value.split(",")]
    known = [state.value for state in State]
    for word in dict.fromkeys(words):
        if word not in known:
            query.fault("status", f"'{writable(word[:_SHOWN])}' is not one of {', '.join(known)}{did_you_mean(word, known)}")
    return frozenset(State(word) for word in words if word in known) or EVERY_STATE


def _place(query: Query, wanted: List) -> Place | None:
    cursor = query.text("cursor")
    if cursor is None:
        return None
    place = wanted.place_of(cursor)
    if place is None:
        query.fault("cursor", "is not one that this list gave out; 'status' and 'ref' stay the same from page to page")
    return place
