"""The response of an event stream: what a viewer is shown until there is a reason to close."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp_sse import EventSourceResponse

from safelight.config.model import Streams
from safelight.web.upkeep import Attendance
from safelight.web.viewers import StreamViewer

Beginning = Callable[[], Awaitable[None]]

_KERNEL_SLACK = 10.0
"""The kernel gives a deaf reader up this much later than we do, so that the reason is ours to log."""
_SEND_BUFFER = 64 * 1024
_NOT_SENT = 16 * 1024
_TCP_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", None)
_TCP_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", None)
_TCP_CORK = getattr(socket, "TCP_CORK", None)


class EventStream(EventSourceResponse):
    """
    aiohttp-sse's response with our separator and headers.

    The body is written when aiohttp asks for the end of the response, by which time the handler and every middleware have
    returned: nothing of them is kept for as long as the stream is open.

    Args:
        begin: Shows the viewer what it has to see first, and has it follow from there.
        attendance: The stream's time in the books.
    """

    def __init__(self, settings: Streams, viewer: StreamViewer, begin: Beginning, attendance: Attendance) -> None:
        super().__init__(sep="\n")
        self._settings = settings
        self.headers[hdrs.CACHE_CONTROL] = "no-cache, no-transform"
        if settings.compress:
            self.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
        if viewer.form.is_packed:
            self.headers[hdrs.CONTENT_ENCODING] = "gzip"
        self._viewer = viewer
        self._begin: Beginning | None = begin
        self._attendance = attendance
        self._transport: asyncio.Transport | None = None

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """
        Send the headers; HTTP/1.0 readers get plain bytes until the connection closes.

        This is aiohttp's way, past aiohttp-sse's own, which starts a ping task for each stream: one ticker serves all.
        """
        if request.transport is None:
            raise ConnectionResetError
        if request.version < HttpVersion11:
            self.headers[hdrs.CONNECTION] = "close"
            self.force_close()
        self._transport = request.transport
        self._set_up(request.transport)
        _hold_back(request.transport, is_held=True)
        writer = await web.StreamResponse.prepare(self, request)
        self.headers.clear()  # they are out, and a stream is open for long
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Write the body, then its end."""
        begin, self._begin = self._begin, None
        transport, self._transport = self._transport, None
        if begin is not None and transport is not None:
            with self._attendance:
                try:
                    self._viewer.open()
                    await begin()
                finally:
                    _hold_back(transport, is_held=False)
                del begin, transport  # what they hold is not needed to follow
                while self._viewer.reason is None:
                    await self._viewer.woken()  # nothing but a future, for as long as nothing happens
                    await self._viewer.go_on()
                await self._viewer.finish()
        await super().write_eof(data)

    def _set_up(self, transport: asyncio.Transport) -> None:
        """Keep small what waits for a reader: one that never reads costs a quarter of a megabyte, not four."""
        transport.set_write_buffer_limits(high=_NOT_SENT)
        if not _is_tcp(transport):
            return
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        if _TCP_NOTSENT_LOWAT is not None:
            sock.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, _NOT_SENT)
        if _TCP_USER_TIMEOUT is not None:
            sock.setsockopt(socket.IPPROTO_TCP, _TCP_USER_TIMEOUT, round((self._settings.laggard_seconds + _KERNEL_SLACK) * 1000))


def _hold_back(transport: asyncio.Transport, *, is_held: bool) -> None:
    """Have the headers and what the reader is shown first leave as one packet: the kernel's work for it is not done twice."""
    if _TCP_CORK is not None and not transport.is_closing() and _is_tcp(transport):
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, _TCP_CORK, int(is_held))


def _is_tcp(transport: asyncio.Transport) -> bool:
    return isinstance(transport.get_extra_info("sockname"), tuple)
