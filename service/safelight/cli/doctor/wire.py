"""Measuring a stream from outside: when bytes arrive, and when the connection is cut."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import attrs

from safelight import __version__
from safelight.client.base import Unreachable
from safelight.client.events import EventParser
from safelight.client.http import words_of

CALL_SECONDS = 15.0
_RUN_SECONDS = 60.0
TICKS = 8
TICK_SECONDS = 0.4
NOBODY = "0" * 32
"""No generation has this id: a stream of it says so once, and is silent from then on."""
_BROWSER = {"Accept": "text/event-stream", "Accept-Encoding": "gzip, deflate"}


@attrs.frozen(kw_only=True)
class Answer:
    """The head of an answer: `http` is its version as text, `seconds` how long it took."""

    status: int
    http: str
    headers: Mapping[str, str]
    seconds: float
    body: Any = None


@attrs.frozen(kw_only=True)
class Timed:
    """
    Events whose making and arrival are both known.

    Attributes:
        late_seconds: How much later than the quickest each arrived, in the order they were made.
        is_cut: Whether the connection broke before the run was over.
    """

    head: Answer
    late_seconds: tuple[float, ...]
    is_cut: bool


@attrs.frozen(kw_only=True)
class Held:
    """
    A silent stream that was held open.

    Attributes:
        arrivals: When bytes came, in seconds after the request was sent.
        begins: The first of them, packed as they came.
        cut_seconds: When it was cut, None if it never was.
    """

    head: Answer | None
    arrivals: tuple[float, ...]
    begins: bytes
    cut_seconds: float | None


class Probe:
    """Asks one service from outside, as a browser would; entered before it is used."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._now = asyncio.get_running_loop().time

    async def __aenter__(self) -> Self:
        name = {"User-Agent": f"safelight-doctor/{__version__}"}
        self._session = aiohttp.ClientSession(trust_env=True, headers=name)
        self._raw = aiohttp.ClientSession(trust_env=True, headers=name, auto_decompress=False)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._session.close()
        await self._raw.close()

    async def call(self, method: str, path: str, body: Any = None) -> Answer:
        """
        Ask once.

        Raises:
            Unreachable: Nobody answers.
        """
        async with self._opened(method, path, json=body, timeout=aiohttp.ClientTimeout(total=CALL_SECONDS)) as (answer, head):
            raw = await answer.read()
            try:
                return attrs.evolve(head, body=json.loads(raw))
            except ValueError:
                return head

    async def timed(self, provider: str) -> Timed:
        """
        Have the simulator say something at known moments, and see when it arrives.

        Raises:
            Unreachable: Nobody answers, or the run could not be made.
        """
        tick = [{"do": "log", "text": "tick"}, {"do": "wait", "seconds": TICK_SECONDS}]
        script = [
            {"do": "started"},
            {"do": "wait", "seconds": 2 * TICK_SECONDS},
            *tick * TICKS,
            {"do": "output", "width": 8, "height": 8},
        ]
        body = {"prompt": "safelight doctor", "providerId": provider, "ref": "safelight-doctor", "options": {"script": script}}
        made = await self.call("POST", "/v1/generations", body)
        if not isinstance(made.body, dict) or "sessionId" not in made.body:
            raise Unreachable(f"{self.url} would not make a run of its simulator: HTTP {made.status}.")
        path = f"/v1/generations/{made.body['sessionId']}/events?events=log"
        timeout = aiohttp.ClientTimeout(total=_RUN_SECONDS)
        delays: list[float] = []
        is_cut = False
        async with self._opened("GET", path, headers=_BROWSER, timeout=timeout) as (answer, head):
            try:
                async for delay in _delays(answer):
                    delays.append(delay)  # noqa: PERF401 - one by one, for a cut keeps what came
            except (aiohttp.ClientError, OSError):
                is_cut = True
        if not is_cut:
            await self.call("DELETE", f"/v1/generations/{made.body['sessionId']}")  # nobody asked for it to be kept
        quickest = min(delays, default=0.0)  # what the clocks differ by, and the way itself
        return Timed(head=head, late_seconds=tuple(delay - quickest for delay in delays), is_cut=is_cut)

    async def held(self, seconds: float) -> Held:
        """Hold a silent stream open for so long, and see what comes of it."""
        begun = self._now()
        arrivals: list[float] = []
        begins = b""
        head: Answer | None = None
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CALL_SECONDS)
        try:
            async with (
                asyncio.timeout(seconds),
                self._opened("GET", f"/v1/events?id={NOBODY}", self._raw, headers=_BROWSER, timeout=timeout) as (answer, head),
            ):
                async for chunk in answer.content.iter_any():
                    begins = begins or chunk
                    arrivals.append(self._now() - begun)
        except TimeoutError:
            return Held(head=head, arrivals=tuple(arrivals), begins=begins, cut_seconds=None)
        except aiohttp.ClientError:
            pass  # cut without an end: as much a cut as one with
        return Held(head=head, arrivals=tuple(arrivals), begins=begins, cut_seconds=self._now() - begun)

    async def offered_protocol(self) -> str | None:
        """Return the newest HTTP version that TLS offers (`h2`), None where there is no TLS."""
        place = urlsplit(self.url)
        if place.scheme != "https" or place.hostname is None:
            return None
        import ssl

        context = ssl.create_default_context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        try:
            async with asyncio.timeout(CALL_SECONDS):
                _, writer = await asyncio.open_connection(place.hostname, place.port or 443, ssl=context)
        except OSError:
            return None  # behind a proxy of this machine's own, through which the calls went
        chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        writer.close()
        return str(chosen) if chosen else None

    @asynccontextmanager
    async def _opened(
        self, method: str, path: str, session: aiohttp.ClientSession | None = None, **arguments: Any
    ) -> AsyncIterator[tuple[aiohttp.ClientResponse, Answer]]:
        begun = self._now()
        try:
            answer = await (session or self._session).request(method, self.url + path, **arguments)
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"{self.url} cannot be reached: {words_of(error)}.") from error
        version = answer.version
        async with answer:
            yield (
                answer,
                Answer(
                    status=answer.status,
                    http=f"HTTP/{version.major}.{version.minor}" if version else "HTTP",
                    headers=answer.headers,
                    seconds=self._now() - begun,
                ),
            )


async def _delays(answer: aiohttp.ClientResponse) -> AsyncIterator[float]:
    """Yield for each line of the log the seconds from its making, by the clock there, to its arrival, by the clock here."""
    parser = EventParser()
    async for chunk in answer.content.iter_any():
        arrived = datetime.now(UTC)
        for event in parser.feed(chunk):
            if event.name == "log":
                yield (arrived - datetime.fromisoformat(str(json.loads(event.data)["at"]))).total_seconds()
