"""A scripted HTTP server on loopback that stands for somebody's API in the tests of a plugin."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from fnmatch import fnmatchcase
from typing import Any, Self

import attrs
from aiohttp import hdrs, web

from safelight.testing.weather import Weather

Route = Callable[[web.Request], Awaitable[web.StreamResponse]]
MAX_BODY = 64 * 2**20
"""The largest body that is read, in bytes."""
_HOST = "127.0.0.1"
_GRACE = 0.01
"""What hangs is not waited for; 0 would mean for ever."""


@attrs.frozen(kw_only=True)
class Call:
    """
    One request as it came in.

    Attributes:
        method: `GET`, `POST`, …
        path: Without the query.
        query: The first value of each parameter.
        headers: By name, in any case.
        body: The bytes.
        at: When, by the clock of the event loop, in seconds: virtual where the test's time is.
        connection: Which connection it came on, as the client's port.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: float
    connection: int

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


@attrs.define
class _Front:
    """Weather over some routes, and how much of it is still to come."""

    weather: Weather
    on: str
    skip: int
    times: int | None

    def is_met(self, call: str) -> bool:
        if not fnmatchcase(call, self.on) or self.times == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class FakeUpstream:
    """
    An upstream that says what a test wants it to.

    A subclass is the script of one API: it adds its routes and keeps its state. Whatever is asked is in the ledger, and
    the weather may turn bad for some requests or for all.

    Attributes:
        url: Where it listens, without a slash at the end; a free port of 127.0.0.1, the same for its whole life.
        ledger: Every request that was read, in order.
        skew_seconds: How far its `Date` header is off; negative = its clock is slow.
    """

    def __init__(self) -> None:
        self.url = ""
        self.ledger: list[Call] = []
        self.skew_seconds = 0.0
        self._routes: list[tuple[str, str, Route]] = []
        self._fronts: list[_Front] = []
        self._news = asyncio.Condition()
        self._port = 0
        self._listening = AsyncExitStack()
        self._life = AsyncExitStack()

    def route(self, method: str, path: str, handler: Route) -> None:
        """Answer `method path` with an aiohttp handler; a path may hold `{names}`."""
        self._routes.append((method, path, handler))

    def weather(self, weather: Weather, *, on: str = "*", skip: int = 0, times: int | None = None) -> None:
        """
        Let requests meet bad weather from now on; the weather that was set first and applies comes first.

        Args:
            on: Which, as `METHOD /path`, with `*` for anything: `"GET /jobs/*"`.
            skip: How many of these pass before.
            times: How many meet it; None = all.
        """
        self._fronts.append(_Front(weather, on, skip, times))

    def clear(self) -> None:
        """Let the sun shine: no request meets bad weather any more."""
        self._fronts.clear()

    def calls(self, on: str = "*") -> list[Call]:
        """Return the requests of the ledger that are `METHOD /path`, with `*` for anything."""
        return [call for call in self.ledger if fnmatchcase(f"{call.method} {call.path}", on)]

    async def heard(self, on: str = "*", *, times: int = 1, within_seconds: float = 10.0) -> Call:
        """
        Wait until so many such requests were read; return the last of them.

        Raises:
            TimeoutError: They were not.
        """
        async with asyncio.timeout(within_seconds), self._news:
            await self._news.wait_for(lambda: len(self.calls(on)) >= times)
        return self.calls(on)[times - 1]

    @asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        """
        Refuse connections for as long as the block lasts, and break those that are open.

        A client that keeps connections may notice only with its next request on one of them.
        """
        await self._listening.aclose()
        try:
            yield
        finally:
            await self._listen()

    async def __aenter__(self) -> Self:
        kept = self._life.enter_context(socket.socket())
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind((_HOST, 0))  # and never listens: it keeps the port ours while connections are refused
        self._port = kept.getsockname()[1]
        self.url = f"http://{_HOST}:{self._port}"
        await self._listen()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._listening.aclose()
        await self._life.aclose()

    async def _listen(self) -> None:
        app = web.Application(middlewares=[self._meet], client_max_size=MAX_BODY)
        app.on_response_prepare.append(self._date)
        for method, path, handler in self._routes:
            app.router.add_route(method, path, handler)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=_GRACE, access_log=None)
        await runner.setup()
        self._listening.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, _HOST, self._port, reuse_address=True).start()

    @web.middleware
    async def _meet(self, request: web.Request, handler: Route) -> web.StreamResponse:
        call = Call(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers=request.headers,
            body=await request.read(),
            at=asyncio.get_running_loop().time(),
            connection=request.get_extra_info("peername")[1],
        )
        self.ledger.append(call)
        async with self._news:
            self._news.notify_all()
        if (weather := self._weather_for(f"{call.method} {call.path}")) is None:
            return await handler(request)
        return await weather.befall(request, lambda: handler(request))

    def _weather_for(self, call: str) -> Weather | None:
        return next((front.weather for front in self._fronts if front.is_met(call)), None)

    async def _date(self, _: web.Request, response: web.StreamResponse) -> None:
        response.headers[hdrs.DATE] = format_datetime(datetime.now(UTC) + timedelta(seconds=self.skew_seconds), usegmt=True)
