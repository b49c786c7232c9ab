"""The response of an event stream: what a viewer is shown until there is a reason to close."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import StreamWriter
from aiohttp_sse import EventSourceResponse

from safelight.config.model import Streams
from safelight.web.transports import bound_patience, bound_unsent, tcp_socket
from safelight.web.upkeep import Attendance
from safelight.web.viewers import StreamViewer

Beginning = Callable[[], Awaitable[None]]

_KERNEL_SLACK = 10.0
"""The kernel gives a deaf reader up this much later than we do, so that the reason is ours to log."""
_NOT_SENT = 16 * 1024


class EventStream(EventSourceResponse):
    """
    aiohttp-sse's response with our separator and headers.

    The body is written when aiohttp asks for the end of the response, by which time the handler and every middleware have
    returned: nothing of them is kept for as long as the stream is open.

    Args:
        begin: Shows the viewer what it has to see first, and has it follow from there.
        attendance: The stream's time in the books.
    """

    _send_headers_immediately = False
    """What aiohttp's own responses say: headers wait for the first of the body. Named otherwise, they would leave alone, and a test says so."""

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

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """
        Send the headers; HTTP/1.0 readers get plain bytes until the connection closes.

        This is aiohttp's way, past aiohttp-sse's own, which starts a ping task for each stream: one ticker serves all.
        """
        if request.transport is None:
            raise ConnectionResetError
        if request.version < HttpVersion11 or not request.keep_alive:
            self.headers[hdrs.CONNECTION] = "close"
            self.force_close()
        self._keep_small(request.transport)
        writer = await web.StreamResponse.prepare(self, request)
        self.headers.clear()  # they are made, and a stream is open for long
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Write the body, then its end."""
        begin, self._begin = self._begin, None
        if begin is not None:
            with self._attendance:
                self._viewer.open(self._write_first)
                try:
                    await begin()
                finally:
                    await self._viewer.flush()  # the headers at least
                del begin  # what it holds is not needed to follow
                while self._viewer.reason is None:
                    await self._viewer.woken()  # nothing but a future, for as long as nothing happens
                    await self._viewer.go_on()
                await self._viewer.finish()
        await super().write_eof(data)

    async def _write_first(self, framed: bytes) -> None:
        """Write the headers, and as one packet with them what the reader is shown first, which is framed already."""
        writer = self._payload_writer
        assert isinstance(writer, StreamWriter)  # noqa: S101 - `prepare` came before
        is_chunked, writer.chunked = writer.chunked, False
        await writer.write(framed, drain=False)
        writer.chunked = is_chunked

    def _keep_small(self, transport: asyncio.Transport) -> None:
        """Keep small what waits for a reader: one that never reads costs some ten kilobytes here and in the kernel, not megabytes."""
        transport.set_write_buffer_limits(high=_NOT_SENT)
        if (sock := tcp_socket(transport)) is not None:
            bound_unsent(sock, _NOT_SENT)
            bound_patience(sock, self._settings.laggard_seconds + _KERNEL_SLACK)
