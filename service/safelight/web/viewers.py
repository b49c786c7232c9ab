"""An open stream as a viewer of the hub: frames go straight to the transport, laggards drain in their own task."""

from __future__ import annotations

import asyncio
import random
import socket
from typing import TYPE_CHECKING

import structlog
from aiohttp import HttpVersion11, hdrs, web
from aiohttp_sse import EventSourceResponse

from safelight.codec import encode
from safelight.config.model import Streams
from safelight.frames import HEARTBEAT, Frame, LogLine, chunk
from safelight.hub import Subscription, Viewer

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

log = structlog.get_logger()

_KERNEL_SLACK = 10.0
"""The kernel gives a deaf reader up this much later than we do, so that the reason is ours to log."""
_DEAF_SECONDS = 5.0
"""Lost after so long without taking anything, a reader was slow; before that, it has just gone."""
_SEND_BUFFER = 64 * 1024
_NOT_SENT = 16 * 1024
_TCP_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", None)


class EventStream(EventSourceResponse):
    """aiohttp-sse's response with our separator and headers, and without its ping task: one ticker serves all streams."""

    def __init__(self, *, send_timeout: float) -> None:
        super().__init__(sep="\n", send_timeout=send_timeout)
        self.headers[hdrs.CACHE_CONTROL] = "no-cache, no-transform"

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the headers; HTTP/1.0 readers get plain bytes until the connection closes."""
        if request.version < HttpVersion11:
            self.headers[hdrs.CONNECTION] = "close"
            self.force_close()
        writer = await super().prepare(request)
        self.stop_streaming()
        return writer


class StreamViewer(Viewer):
    """
    One connection that watches one generation, or many.

    Attributes:
        reason: Why it was closed: ended, client_gone, slow, drain or error; None while it is open.
        response: What the handler returns.
        outlasts_drain: Whether it is held while the service leaves.
    """

    def __init__(
        self,
        request: web.Request,
        settings: Streams,
        *,
        has_ids: bool,
        outlasts_drain: bool,
        wants_log: bool,
    ) -> None:
        self.reason: str | None = None
        self.wants_log = wants_log
        self.outlasts_drain = outlasts_drain
        self.events = 0
        self.bytes = 0
        self.first_event_seconds: float | None = None
        self._loop = asyncio.get_running_loop()
        self._opened_at = self._loop.time()
        self._request = request
        self._settings = settings
        self._has_ids = has_ids
        self.response = EventStream(send_timeout=settings.laggard_seconds + _KERNEL_SLACK)
        self._subscriptions: dict[Subscription, None] = {}
        self._skipped = 0
        self._deaf_since: float | None = None
        self._wake = asyncio.Event()
        self._is_held = True
        self._closes_at_end = has_ids
        self._writer: AbstractStreamWriter | None = None

    async def open(self) -> None:
        """Send headers and the first bytes, so that proxies open and `onopen` fires."""
        transport = self._request.transport
        if transport is None:
            raise ConnectionResetError
        transport.set_write_buffer_limits(high=_NOT_SENT)
        if (sock := transport.get_extra_info("socket")) is not None and sock.family in {socket.AF_INET, socket.AF_INET6}:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            if _TCP_NOTSENT_LOWAT is not None:
                sock.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, _NOT_SENT)
        self._transport = transport
        self._protocol = self._request.protocol
        self._writer = await self.response.prepare(self._request)
        self._is_chunked = self._request.version >= HttpVersion11
        self._last_write = self._loop.time()
        retry = random.randint(self._settings.retry_min_ms, self._settings.retry_max_ms)  # noqa: S311 - spreads reconnects, hides nothing
        await self.response.write(b": ok\nretry: %d\n\n" % retry)

    def add(self, subscription: Subscription) -> None:
        """Watch one more generation, beginning with its newest."""
        self._subscriptions[subscription] = None
        subscription.catch_up()

    def release(self) -> None:
        """Take frames from now on, beginning with the newest of everything watched."""
        self._is_held = False
        self._catch_up()

    async def send(self, *frames: Frame) -> None:
        """Write frames in order, waiting for the reader, until there is a reason to close; for the past, while it is held."""
        for frame in frames:
            if self.reason is None:
                self._put(frame)
                await self._drained()

    async def say(self, data: bytes) -> None:
        """Write an event that is no snapshot of anything, and so has no id."""
        event = b"data: %s\n\n" % data
        self._write(chunk(event) if self._is_chunked else event)
        await self._drained()

    async def finish(self) -> None:
        """Watch until there is a reason to close, then close."""
        while self.reason is None:
            await self._wake.wait()
            self._wake.clear()
            if self.reason is None and await self._drained():
                self._catch_up()
        if self.reason == "slow" or not await self._drained():
            self._transport.abort()  # whoever takes nothing does not take an orderly end either
        elif not self._transport.is_closing():
            await self.response.write_eof()

    @property
    def is_paused(self) -> bool:
        return self._is_held or self.reason is not None or self._protocol.writing_paused or self._transport.is_closing()

    def show(self, frame: Frame) -> None:
        self._put(frame)
        if frame.status.is_terminal:
            self._let_go()

    def hear(self, line: LogLine) -> None:
        self._write(line.chunked if self._is_chunked else line.event)

    def lag(self) -> None:
        if self._is_held:
            return
        self._deaf_since = self._deaf_since or self._loop.time()
        if self._transport.is_closing():
            self.cut(self._loss())  # it will never drain: waiting for that would spin
        self._wake.set()

    def cut(self, reason: str) -> None:
        self.reason = self.reason or reason
        self._wake.set()

    def beat(self, now: float) -> None:
        """Send a heartbeat if it was silent for long enough; a comment, which no client sees."""
        if now - self._last_write >= self._settings.heartbeat_seconds and not self.is_paused:
            self._write(chunk(HEARTBEAT) if self._is_chunked else HEARTBEAT)

    async def bid_farewell(self, retry_ms: int) -> None:
        """Tell the reader of a service that leaves to come back later than usual, or, if it never does, that this is the end."""
        if self.is_paused:
            return
        if self.outlasts_drain:
            await self.response.write(
                b"data: %s\n\n" % encode({"status": "failed", "error": "The service stopped.", "code": "interrupted"})
            )
        else:
            await self.response.write(b"retry: %d\n\n" % retry_ms)

    def log_closed(self, **facts: object) -> None:
        """Leave the channels and write the connection's one line."""
        for subscription in tuple(self._subscriptions):
            self._leave(subscription)
        log.info(
            "stream_closed",
            reason=self.reason or self._loss(),
            events=self.events,
            bytes=self.bytes,
            skipped=self._skipped,
            first_event_ms=None if self.first_event_seconds is None else round(self.first_event_seconds * 1000, 1),
            seconds=round(self._loop.time() - self._opened_at, 3),
            **facts,
        )

    def _put(self, frame: Frame) -> None:
        if self._has_ids:
            self._write(frame.chunked_event if self._is_chunked else frame.event)
        else:
            self._write(frame.chunked_bare if self._is_chunked else frame.bare)
        self.events += 1
        if self.first_event_seconds is None:
            self.first_event_seconds = self._loop.time() - self._opened_at

    def _write(self, payload: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(payload)
            self.bytes += len(payload)
            self._last_write = self._loop.time()

    def _catch_up(self) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.catch_up()
        self._let_go()

    def _let_go(self) -> None:
        """Leave every generation whose end was shown; a stream of one ends with it."""
        for subscription in tuple(self._subscriptions):
            if subscription.is_done:
                self._leave(subscription)
        if self._closes_at_end and not self._subscriptions:
            self.cut("ended")

    def _leave(self, subscription: Subscription) -> None:
        del self._subscriptions[subscription]
        subscription.close()
        self._skipped += subscription.skipped

    def _loss(self) -> str:
        """Say why the connection was lost: below some kilobytes a second, the kernel gives a deaf reader up before we do."""
        is_deaf = self._deaf_since is not None and self._loop.time() - self._deaf_since >= _DEAF_SECONDS
        return "slow" if is_deaf else "client_gone"

    async def _drained(self) -> bool:
        """Wait until the reader has caught up; one that takes nothing for the laggard's time is given up as slow."""
        while self._protocol.writing_paused and self._writer is not None:
            before = self._transport.get_write_buffer_size()
            try:
                async with asyncio.timeout(self._settings.laggard_seconds):
                    await self._writer.drain()
            except TimeoutError:
                if self._transport.get_write_buffer_size() >= before:
                    self.reason = "slow"
                    return False
        self._deaf_since = None
        return True
