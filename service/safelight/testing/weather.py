"""Bad weather between a client and an upstream: what may become of one request, and of its answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import attrs
from aiohttp import hdrs, web

Act = Callable[[], Awaitable[web.StreamResponse]]
"""Lets the upstream act on the request, and returns what it would answer."""

_RESET_AT_ONCE = struct.pack("ii", 1, 0)
_CHUNK = b" " * 65536


class Weather(ABC):
    """
    What becomes of a request, and of the answer its route would have given. Write a kind of your own where none fits.

    What changes an answer wants it as an `aiohttp.web.Response`; one that is streamed cannot be changed afterwards.
    """

    @abstractmethod
    async def befall(self, request: web.Request, act: Act) -> web.StreamResponse:
        """
        Return the answer; the request was read and is in the ledger.

        Args:
            act: Lets the route act, and returns its answer. Left uncalled, the request has had no effect.
        """


@attrs.frozen
class Answers(Weather):
    """
    The upstream answers this instead: an error, a redirect, nonsense.

    Attributes:
        status: The HTTP status.
        body: Bytes and text as they are, anything else as JSON; None = nothing.
        headers: What stands in the head: `{"Retry-After": "3"}`, `{"Location": "/elsewhere"}`.
        is_done: Whether the route acts first, so that the request takes effect whatever is answered.
    """

    status: int = 500
    body: Any = None
    headers: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    is_done: bool = attrs.field(default=False, kw_only=True)

    async def befall(self, request: web.Request, act: Act) -> web.StreamResponse:
        """Answer."""
        if self.is_done:
            await act()
        if self.body is None or isinstance(self.body, bytes):
            return web.Response(status=self.status, body=self.body, headers=self.headers)
        if isinstance(self.body, str):
            return web.Response(status=self.status, text=self.body, headers=self.headers)
        headers = {hdrs.CONTENT_TYPE: "application/json", **self.headers}
        return web.Response(status=self.status, body=json.dumps(self.body).encode(), headers=headers)


@attrs.frozen(kw_only=True)
class Wraps(Weather):
    """
    The route's own answer under another head: a wrong content type, an odd status.

    Attributes:
        status: Instead of the route's; None = as it is.
        headers: Instead of the route's of the same name.
    """

    status: int | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict)

    async def befall(self, request: web.Request, act: Act) -> web.StreamResponse:
        """Answer under the other head."""
        answer = await _whole(act)
        if self.status is not None:
            answer.set_status(self.status)
        answer.headers.update(self.headers)
        return answer


@attrs.frozen(kw_only=True)
class Hangs(Weather):
    """
    Nothing is answered for as long as the client waits.

    Attributes:
        is_done: Whether the route acts first.
    """

    is_done: bool = False

    async def befall(self, request: web.Request, act: Act) -> web.StreamResponse:
        """Wait for the client to give up."""
        if self.is_done:
            await act()
        await asyncio.Event().wait()
        raise AssertionError


@attrs.frozen(kw_only=True)
class Resets(Weather):
    """
    The connection is reset once the request was read, before a byte of the answer.

    Attributes:
        is_done: Whether the route acts first: the client cannot know.
    """

    is_done: bool = False

    async def befall(self, request: web.Request, act: Act) -> web.StreamResponse:
        """Reset the connection."""
        if self.is_done:
            await act()
        _reset(request)
        return web.Response()


@attrs.frozen
class Breaks(Weather):
    """
    The connection is reset in the middle of the route's answer.

    Attributes:
        after_bytes: How much of the body is sent before; fewer than it has.
    """

    after_bytes: int = 10

    async def befall(self, request: web.Request, act: Act) -> web.StreamResponse:
        """Send the beginning of the answer, and reset the connection."""
        answer = await _whole(act)
        body = _body(answer)
        broken = await _opened(request, answer, len(body))
        await broken.write(body[: self.after_bytes])
        _reset(request)
        return broken


@attrs.frozen
class Halves(Weather):
    """The first half of the route's body, as if it were all: half a JSON, half a picture."""

    async def befall(self, request: web.Request, act: Act) -> web.StreamResponse:
        """Answer with half of it."""
        answer = await _whole(act)
        body = _body(answer)
        answer.body = body[: len(body) // 2]
        return answer


@attrs.frozen(kw_only=True)
class Drips(Weather):
    """
    The route's body comes slowly.

    Attributes:
        pause_seconds: How long each piece lets wait for it.
        piece_bytes: How large a piece is.
    """

    pause_seconds: float = 0.1
    piece_bytes: int = 1

    async def befall(self, request: web.Request, act: Act) -> web.StreamResponse:
        """Send the answer piece by piece."""
        answer = await _whole(act)
        body = _body(answer)
        slow = await _opened(request, answer, len(body))
        for start in range(0, len(body), self.piece_bytes):
            await asyncio.sleep(self.pause_seconds)
            await slow.write(body[start : start + self.piece_bytes])
        return slow


@attrs.frozen
class NeverEnds(Weather):
    """
    The route's body is followed by blanks for as long as the client takes them.

    Attributes:
        claims_bytes: The size that the head claims; None = it claims none.
    """

    claims_bytes: int | None = None

    async def befall(self, request: web.Request, act: Act) -> web.StreamResponse:
        """Send without end."""
        answer = await _whole(act)
        endless = await _opened(request, answer, self.claims_bytes)
        with contextlib.suppress(ConnectionResetError):  # the client has had enough
            await endless.write(_body(answer))
            while True:
                await endless.write(_CHUNK)
        return endless


async def _whole(act: Act) -> web.Response:
    answer = await act()
    if not isinstance(answer, web.Response):
        raise TypeError(f"The route answered with a {type(answer).__name__}; this weather needs an aiohttp.web.Response.")
    return answer


def _body(answer: web.Response) -> bytes:
    if not isinstance(answer.body, bytes | bytearray | None):
        raise TypeError(f"The route's body is a {type(answer.body).__name__}; this weather needs bytes.")
    return bytes(answer.body or b"")


async def _opened(request: web.Request, answer: web.Response, size: int | None) -> web.StreamResponse:
    headers = answer.headers.copy()
    headers.popall(hdrs.CONTENT_LENGTH, None)
    opened = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
    opened.content_length = size
    await opened.prepare(request)
    return opened


def _reset(request: web.Request) -> None:
    """End the connection by a RST, as a crashed upstream does, not by a polite FIN."""
    if (transport := request.transport) is not None:
        cast("socket.socket", transport.get_extra_info("socket")).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
        transport.abort()
