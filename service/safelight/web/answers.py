"""Snapshots as plain JSON answers: one, or a page of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiohttp import hdrs, web

from safelight.codec import encode, encode_status
from safelight.status import Status

_YIELD_EVERY = 50


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
