"""What callers' webhooks have not taken yet: looked at, and sent again."""

from __future__ import annotations

from datetime import datetime

import attrs
from aiohttp import web

from safelight.codec import encode, plain
from safelight.generation import ANONYMOUS
from safelight.ports import Delivery
from safelight.web.finding import checked_id
from safelight.web.keys import CORE
from safelight.web.queries import Query

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000


@attrs.frozen(kw_only=True)
class Owed:
    """
    A delivery that was not taken yet.

    Attributes:
        id: The `webhook-id` it is sent under, the same at every try.
        session_id: The generation it tells of.
        dead: Whether it was given up, and waits to be sent again.
        tries: How often it was tried.
        due_at: When it is tried next.
        detail: Why it was not taken.
    """

    id: str
    session_id: str
    dead: bool
    tries: int
    due_at: datetime | None = None
    detail: str | None = None

    @classmethod
    def of(cls, delivery: Delivery) -> Owed:
        """Return a delivery as its owner sees it."""
        return cls(
            id=delivery.id,
            session_id=delivery.generation,
            dead=delivery.is_dead,
            tries=delivery.tries,
            due_at=None if delivery.is_dead else delivery.due_at,
            detail=delivery.detail,
        )


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
