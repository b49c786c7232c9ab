"""An open stream as a viewer of the hub: frames go straight to the transport, laggards drain in their own task."""

from __future__ import annotations

import asyncio
import random

import structlog
from aiohttp import HttpVersion11, web

from safelight.channel import Subscription
from safelight.codec import encode
from safelight.config.model import Streams
from safelight.frames import HEARTBEAT, Frame, LogLine, form_of
from safelight.rows import Row, Shortcut
from safelight.viewer import Viewer
from safelight.web.bells import Bell
from safelight.web.encodings import takes_gzip
from safelight.web.wires import Opener, Wire, make_wire

log = structlog.get_logger()

_DEAF_SECONDS = 5.0
"""Lost after so long without taking anything, a reader was slow; before that, it has just gone."""


class StreamViewer(Viewer):
    """
    One connection that watches one generation, or many.

    Attributes:
        reason: Why it was closed: ended, client_gone, slow, drain or error; None while it is open.
        form: The form in which it takes events.
        outlasts_drain: Whether it is held while the service leaves.
    """

    __slots__ = (
        "_bytes",
        "_deaf_since",
        "_events",
        "_first_event_at",
        "_is_held",
        "_opened_at",
        "_request",
        "_said_at",
        "_settings",
        "_skipped",
        "_subscriptions",
        "_wake",
        "_wire",
        "form",
        "outlasts_drain",
        "reason",
        "wants_log",
    )

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
        self._opened_at = asyncio.get_running_loop().time()
        self._first_event_at: float | None = None
        self._request: web.Request | None = request
        self._settings = settings
        is_packed = settings.compress and takes_gzip(request)
        self.form = form_of(
            has_ids=has_ids,
            is_chunked=request.version >= HttpVersion11,
            packs_from=settings.compress_from_bytes if is_packed else None,
        )
        self._subscriptions: list[Subscription] = []
        self._events = self._bytes = self._skipped = 0
        self._deaf_since: float | None = None
        self._wake = Bell()
        self._is_held = True
        self._said_at = self._opened_at
        self._wire: Wire | None = None

    def open(self, opener: Opener) -> None:
        """
        Have first words, so that proxies open and `onopen` fires.

        Args:
            opener: Sends the headers, with what is shown first.
        """
        request = self._request
        if request is None or request.transport is None:
            raise ConnectionResetError
        self._wire = make_wire(request.transport, request.protocol, self.form)
        least, most = self._settings.retry_min_ms, self._settings.retry_max_ms
        retry = least + int(random.random() * (most + 1 - least))  # noqa: S311 - spreads reconnects, hides nothing
        words = b": ok\nretry: %d\n\n" % retry
        self._wire.begin(words, opener)
        self._bytes += len(words)

    def add(self, subscription: Subscription) -> None:
        """Watch one more generation, beginning with its newest."""
        self._subscriptions.append(subscription)
        if not self._is_held:
            subscription.catch_up()

    async def release(self) -> None:
        """Take frames from now on, beginning with the newest of everything watched."""
        self._is_held = False
        self._catch_up()
        await self._open_wire.send()
        for subscription in self._subscriptions:
            subscription.hurry()

    async def send(self, *frames: Frame) -> None:
        """Write frames of the past as one, while it is held; `caught_up` waits until they are taken."""
        if self.reason is None:
            for frame in frames:
                self._open_wire.collect(frame.payload(self.form))
                self._count(frame)
            await self._open_wire.send()

    async def flush(self) -> None:
        """Write what has been held back until now, the headers as well if need be."""
        await self._open_wire.send()

    async def say(self, data: bytes) -> None:
        """Write an event that is no snapshot of anything, and so has no id."""
        await self.flush()
        self._say(b"data: %s\n\n" % data)
        await self.caught_up()

    async def caught_up(self) -> bool:
        """Wait until the reader has caught up; one that takes nothing for the laggard's time is given up as slow."""
        assert self._request is not None  # noqa: S101 - whatever is drained comes before the connection is logged
        while self._open_wire.protocol.writing_paused:
            before = self._open_wire.transport.get_write_buffer_size()
            try:
                async with asyncio.timeout(self._settings.laggard_seconds):
                    await self._request.writer.drain()
            except TimeoutError:
                if self._open_wire.transport.get_write_buffer_size() >= before:
                    self.reason = "slow"
                    return False
        self._deaf_since = None
        return True

    def woken(self) -> asyncio.Future[None]:
        """Return what is done when there is something to go on with."""
        return self._wake.wait()

    async def go_on(self) -> None:
        """Show a reader that has fallen behind the newest once it has caught up, unless there is a reason to close."""
        self._wake.clear()
        if self.reason is None and await self.caught_up():
            self._catch_up()

    async def finish(self) -> None:
        """Close, for the reason there is."""
        if self.reason == "slow" or not await self.caught_up():
            self._open_wire.transport.abort()  # whoever takes nothing does not take an orderly end either
        else:
            self._open_wire.end()

    @property
    def is_paused(self) -> bool:
        return self._is_held or self.reason is not None or self._open_wire.is_shut

    def show(self, frame: Frame) -> None:
        self._open_wire.put(frame.payload(self.form))
        self._count(frame)
        if frame.status.is_terminal:
            self._let_go()

    @property
    def shortcut(self) -> Shortcut | None:
        is_open = not self._is_held and self.reason is None and self._first_event_at is not None
        return self._open_wire.shortcut if is_open else None

    def resume(self, rest: bytes) -> None:
        self._open_wire.resume(rest)

    def hear(self, line: LogLine) -> None:
        self._open_wire.put(line.payload(self.form))
        self._bytes += len(line.event)
        self._keep_order()

    def lag(self) -> None:
        if self._is_held:
            return
        self._deaf_since = self._deaf_since or asyncio.get_running_loop().time()
        if self._open_wire.transport.is_closing():
            self.cut(self._loss())  # it will never drain: waiting for that would spin
        self._wake.set()

    def cut(self, reason: str) -> None:
        self.reason = self.reason or reason
        for subscription in self._subscriptions:
            subscription.detour()  # behind the last words nothing may be written
        self._wake.set()

    @property
    def silent_since(self) -> float:
        """When something was said last, by the loop's clock; what was said to all who look counts."""
        since = self._said_at
        for subscription in self._subscriptions:
            since = max(since, subscription.heard_at)
        return since

    @property
    def heard_at(self) -> float:
        """When something was said to all in its row, by the loop's clock."""
        return self._subscriptions[0].heard_at

    @property
    def row(self) -> Row[Subscription] | None:
        """The row it stands in, if all in it are given the same bytes."""
        return self._subscriptions[0].row if self.form.is_shared and self._subscriptions else None

    def beat(self) -> None:
        """Send a heartbeat, which no client sees; to a whole row, for whoever keeps up was silent for as long."""
        wire = self._wire
        if wire is None or self._is_held or self.reason is not None:
            return
        if wire.transport.is_closing():
            self.lag()  # frames do not look whether the connection still stands
        elif (row := self.row) is not None:
            row.say(HEARTBEAT, wire.framed(HEARTBEAT), asyncio.get_running_loop().time())
        elif not wire.protocol.writing_paused:
            self._say(HEARTBEAT)

    def bid_farewell(self, retry_ms: int) -> None:
        """Tell the reader of a service that leaves to come back later than usual, or, if it never does, that this is the end."""
        if self.is_paused:
            return
        if self.outlasts_drain:
            end = encode({"status": "failed", "error": "The service stopped.", "code": "interrupted"})
            self._say(b"data: %s\n\n" % end)
        else:
            self._say(b"retry: %d\n\n" % retry_ms)

    def end(self) -> None:
        """Have the body end in order, for a handler that failed before `finish` could."""
        if self._wire is not None:
            self._wire.end()

    def log_closed(self, **facts: object) -> None:
        """Leave the channels and write the connection's one line."""
        for subscription in tuple(self._subscriptions):
            self._leave(subscription)
        self.reason = self.reason or self._loss()
        log.info(
            "stream_closed",
            reason=self.reason,
            events=self._events,
            bytes=self._bytes,
            skipped=self._skipped,
            first_event_ms=None if self._first_event_at is None else round((self._first_event_at - self._opened_at) * 1000, 1),
            seconds=round(asyncio.get_running_loop().time() - self._opened_at, 3),
            **facts,
        )
        self._request = self._wire = None  # heartbeats still hold the viewer for a while

    @property
    def _open_wire(self) -> Wire:
        assert self._wire is not None  # noqa: S101 - whatever writes comes after `open`
        return self._wire

    def _count(self, frame: Frame) -> None:
        self._events += 1
        self._bytes += len(frame.data)
        if self._first_event_at is None:
            self._first_event_at = asyncio.get_running_loop().time()

    def _say(self, words: bytes) -> None:
        self._open_wire.say(words)
        self._bytes += len(words)
        self._said_at = asyncio.get_running_loop().time()
        self._keep_order()

    def _keep_order(self) -> None:
        """Let nothing go past what is held back."""
        if self._open_wire.could_be_overtaken:
            for subscription in tuple(self._subscriptions):
                subscription.detour()
                subscription.catch_up()  # for the row's turn may not have come yet

    def _catch_up(self) -> None:
        for subscription in tuple(self._subscriptions):
            subscription.catch_up()
        self._let_go()

    def _let_go(self) -> None:
        """Leave every generation whose end was shown; a stream of one ends with it."""
        for subscription in tuple(self._subscriptions):
            if subscription.is_done:
                self._leave(subscription)
        if self.form.has_ids and not self._subscriptions:
            self.cut("ended")

    def _leave(self, subscription: Subscription) -> None:
        self._subscriptions.remove(subscription)
        subscription.close()
        self._skipped += subscription.skipped
        self._events += subscription.events
        self._bytes += subscription.bytes

    def _loss(self) -> str:
        """Say why the connection was lost: below some kilobytes a second, the kernel gives a deaf reader up before we do."""
        is_deaf = self._deaf_since is not None and asyncio.get_running_loop().time() - self._deaf_since >= _DEAF_SECONDS
        return "slow" if is_deaf else "client_gone"
