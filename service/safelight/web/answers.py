"""Snapshots as plain JSON answers: one, or a page of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Literal

import attrs
from aiohttp import hdrs, web

from safelight.codec import encode, encode_status
from safelight.status import State, Status

_YIELD_EVERY = 50


@attrs.frozen(kw_only=True)
class Urls:
    """Where a generation is to be had."""

    self_: str
    events: str
    cancel: str


@attrs.frozen(kw_only=True)
class Created:
    """
    The answer to a create.

    Attributes:
        success: Always true.
        session_id: The generation's id.
        provider_id: Which provider was asked for.
        status: Where it stands.
        stream_url: Where its events are.
        urls: Where the rest is.
    """

    success: Literal[True] = True
    session_id: str
    provider_id: str
    status: State
    stream_url: str
    urls: Urls


def snapshot(status: Status, http_status: int = 200) -> web.Response:
    """Answer with one snapshot."""
    headers = {hdrs.ETAG: f'"{status.version}"', hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(status=http_status, body=encode_status(status), content_type="application/json", headers=headers)


async def page(name: str, statuses: Iterable[Status], following: str | None) -> web.Response:
    """Answer with a page under its name, and with what to ask for next if there is more."""
    bodies = []
    for count, status in enumerate(statuses, 1):
        bodies.append(encode_status(status))
        if count % _YIELD_EVERY == 0:
            await asyncio.sleep(0)  # a thousand snapshots would hold up every stream
    tail = b"" if following is None else b',"next":' + encode(following)
    body = b'{"%s":[%s]%s}' % (name.encode(), b",".join(bodies), tail)
    return web.Response(body=body, content_type="application/json", headers={hdrs.CACHE_CONTROL: "no-store"})
