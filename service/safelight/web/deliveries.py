"""What callers' webhooks have not taken yet: looked at, and sent again."""

from __future__ import annotations

from aiohttp import web

from safelight.codec import encode, plain
from safelight.generation import ANONYMOUS
from safelight.outstanding import Owed
from safelight.web.finding import checked_id
from safelight.web.keys import CORE
from safelight.web.queries import Query

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000


async def list_deliveries(request: web.Request) -> web.StreamResponse:
    """`GET /v1/deliveries`."""
    query = Query(request, "limit")
    limit = query.whole("limit", DEFAULT_LIMIT, largest=MAX_LIMIT)
    query.check()
    owed = await request.app[CORE].deliveries(owner=ANONYMOUS, limit=limit)
    return web.Response(body=encode({"deliveries": plain([Owed.of(one) for one in owed])}), content_type="application/json")


async def resend(request: web.Request) -> web.StreamResponse:
    """`POST /v1/generations/{id}/deliveries`: 202, and how many are sent now."""
    number = await request.app[CORE].resend(checked_id(request.match_info["id"]), owner=ANONYMOUS)
    return web.Response(status=202, body=encode({"resent": number}), content_type="application/json")
