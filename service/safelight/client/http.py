"""The service over HTTP: calls answered with its own words, streams that come back after a cut."""

from __future__ import annotations

import asyncio
import json
import os
import random
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from safelight import __version__
from safelight.client.base import Client, Listed, OnLost, Refused, Snapshot, Unreachable, has_ended, version_of
from safelight.client.events import EventParser, NoEvents
from safelight.errors import Fault
from safelight.versions import Version

_CALL_SECONDS = 30.0
_CONNECT_SECONDS = 10.0
_SILENCE_SECONDS = 65.0
"""A stream says something at least every 15 seconds unless configured otherwise; a connection that does not is made anew."""
_RETRY_SECONDS = 2.0
_MAX_RETRY_SECONDS = 10.0
_AWAY_SECONDS = 120.0
"""A service that restarts is back by then."""
_COME_BACK = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers of a service that leaves, or of a proxy that finds none: another try may find it."""
_STREAM = {"Accept": "text/event-stream", "Accept-Encoding": "identity", "Cache-Control": "no-store"}


class _Foreign(Refused):
    """A refusal in other words than the service's: a proxy's own, which knows no generation."""


class _Line:
    """
    What lasts from one connection of a stream to the next.

    Attributes:
        cursor: The id of the last event.
        was_heard: Whether a stream of the service ever came this way.
    """

    def __init__(self) -> None:
        self.cursor = ""
        self.was_heard = False
        self._now = asyncio.get_running_loop().time
        self._heard_at = self._now()
        self._retry_seconds: float | None = None
        self._tries = 0

    def hear(self, retry_seconds: float | None) -> None:
        """Note a sign of life."""
        self.was_heard = True
        self._heard_at, self._tries = self._now(), 0
        self._retry_seconds = retry_seconds

    def silent_seconds(self) -> float:
        """Return how long ago the last one was."""
        return self._now() - self._heard_at

    def resumed(self) -> dict[str, str]:
        """Return the header that says what was seen."""
        return {"Last-Event-ID": self.cursor} if self.cursor else {}

    def pause_seconds(self) -> float:
        """Return how long to wait before the next try: first as the service asked for, then longer, always spread."""
        self._tries += 1
        wait = self._retry_seconds if self._tries == 1 else None
        wait = min(wait or _RETRY_SECONDS * 1.5 ** (self._tries - 1), _MAX_RETRY_SECONDS)
        return wait * random.uniform(0.5, 1.0)  # noqa: S311 - spreads reconnects, hides nothing


class HttpClient(Client):
    """
    A client of the service at a URL.

    Args:
        url: Its base, a path before `/v1` included.
        through_proxies: Whether the proxies of the environment are used; never for a service of this machine.
        away_seconds: How long a service that was there may be away while it is watched.
    """

    def __init__(self, url: str, *, through_proxies: bool = False, away_seconds: float = _AWAY_SECONDS) -> None:
        self.place = self._base = url.rstrip("/")
        self._through_proxies = through_proxies
        self._away_seconds = away_seconds
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        session = aiohttp.ClientSession(
            trust_env=self._through_proxies,
            headers={"User-Agent": f"safelight/{__version__}"},
            timeout=aiohttp.ClientTimeout(total=_CALL_SECONDS, connect=_CONNECT_SECONDS),
        )
        self._session = await self._stack.enter_async_context(session)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()

    async def create(self, body: Mapping[str, Any]) -> str:
        reply = await self._call("POST", "/v1/generations", "sessionId", json=dict(body))
        return str(reply["sessionId"])

    async def find(self, generation_id: str) -> Snapshot:
        return await self._call("GET", f"/v1/generations/{generation_id}", "status")

    async def cancel(self, generation_id: str) -> Snapshot:
        return await self._call("POST", f"/v1/generations/{generation_id}/cancel", "status")

    async def listing(
        self, *, states: Sequence[str] = (), ref: str | None = None, limit: int, cursor: str | None = None
    ) -> Listed:
        said = {"status": ",".join(states) or None, "ref": ref, "limit": str(limit), "cursor": cursor}
        params = {key: word for key, word in said.items() if word is not None}
        page = await self._call("GET", "/v1/generations", "generations", params=params)
        return Listed(snapshots=tuple(page["generations"]), next=page.get("next"))

    async def deliveries(self, *, limit: int) -> list[dict[str, Any]]:
        page = await self._call("GET", "/v1/deliveries", "deliveries", params={"limit": str(limit)})
        owed: list[dict[str, Any]] = page["deliveries"]
        return owed

    async def resend(self, generation_id: str) -> int:
        answer = await self._call("POST", f"/v1/generations/{generation_id}/deliveries", "resent")
        return int(answer["resent"])

    async def providers(self) -> list[dict[str, Any]]:
        described: list[dict[str, Any]] = (await self._call("GET", "/v1/providers", "providers"))["providers"]
        return described

    async def watch(self, generation_id: str, *, on_lost: OnLost) -> AsyncGenerator[Snapshot, None]:
        line = _Line()
        seen = Version(-1, 0)
        while True:
            try:
                async with aclosing(self._events(generation_id, line)) as snapshots:
                    async for snapshot in snapshots:
                        if version_of(snapshot) > seen:
                            seen = version_of(snapshot)
                            yield snapshot
                            if has_ended(snapshot):
                                return
                reason = "the stream was cut"
            except (aiohttp.ClientError, NoEvents, OSError) as error:
                reason = words_of(error)
            except (_Foreign, Unreachable) as error:
                if not line.was_heard:
                    raise
                reason = str(error).rstrip(".")  # a proxy that has lost the service for a moment may say anything
            if line.silent_seconds() > self._away_seconds:
                raise Unreachable(f"{self.place} has not answered for {self._away_seconds:g} s: {reason}.")
            on_lost(reason)
            await asyncio.sleep(line.pause_seconds())

    async def _events(self, generation_id: str, line: _Line) -> AsyncGenerator[Snapshot, None]:
        """Yield the snapshots of one connection; that they end says nothing about the generation."""
        parser = EventParser()
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS)
        url = self._url(f"/v1/generations/{generation_id}/events")
        async with self._session.get(url, headers=_STREAM | line.resumed(), timeout=timeout) as answer:
            if answer.status in _COME_BACK:
                raise NoEvents(f"HTTP {answer.status} {answer.reason or ''}".rstrip())
            if answer.status == HTTPStatus.NO_CONTENT:  # to an EventSource "the end": it was forgotten, or we have seen it
                yield await self.find(generation_id)
                return
            if answer.status != HTTPStatus.OK:
                raise await _refusal(answer)
            if answer.content_type != "text/event-stream":
                raise Unreachable(
                    f"{self.place} answers with {answer.content_type}, not with a stream of events: is it a Safelight?"
                )
            async for chunk in answer.content.iter_any():
                for event in parser.feed(chunk):
                    if event.name == "message":
                        snapshot = _snapshot(event.data)
                        line.cursor = event.id
                        yield snapshot
                line.hear(parser.retry_seconds)

    async def read(self, url: str) -> AsyncGenerator[bytes, None]:
        try:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_CALL_SECONDS)
            async with self._session.get(self._url(url), timeout=timeout) as answer:
                if answer.status != HTTPStatus.OK:
                    raise await _refusal(answer)
                async for chunk in answer.content.iter_any():
                    yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"The output could not be fetched from {self.place}: {words_of(error)}.") from error

    async def _call(self, method: str, path: str, member: str, **arguments: Any) -> dict[str, Any]:
        """Return the JSON object of an answer; without `member` in it, it is nobody's we know."""
        async with self._asked(method, path, **arguments) as answer:
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise await _refusal(answer)
            try:
                said = json.loads(await answer.read())
            except ValueError:
                said = None
            if not isinstance(said, dict) or member not in said:
                raise Unreachable(f"{self.place} answers {method} {path} with something else than a Safelight does.")
            return said

    @asynccontextmanager
    async def _asked(self, method: str, path: str, **arguments: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            async with self._session.request(method, self._url(path), **arguments) as answer:
                yield answer
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"{self.place} cannot be reached: {words_of(error)}. Is the service running there?") from error

    def _url(self, target: str) -> URL:
        """Return where a path leads; what names the service by its `public_url` is fetched from where it was reached."""
        parts = urlsplit(target)
        place = parts.path.find("/v1/")
        return URL(f"{self._base}{parts.path[place:]}", encoded=True) if place >= 0 else URL(target)


async def _refusal(answer: aiohttp.ClientResponse) -> Refused:
    """Return what a refusal says; a proxy's own error page has only its status."""
    try:
        problem = json.loads(await answer.read())
        sentence, word = str(problem["error"]), str(problem["code"])
    except (ValueError, KeyError, TypeError):
        return _Foreign(f"HTTP {answer.status} {answer.reason or ''}".rstrip() + f" from {answer.url.origin()}.", word="internal")
    faults = problem.get("faults", ())
    return Refused(sentence, word=word, faults=[Fault(str(fault["path"]), str(fault["message"])) for fault in faults])


def _snapshot(data: str) -> dict[str, Any]:
    try:
        snapshot = json.loads(data)
        version_of(snapshot)
    except (ValueError, KeyError, TypeError) as error:
        raise NoEvents("an event is no snapshot") from error
    return dict(snapshot)


def words_of(error: Exception) -> str:
    """Say why a connection failed as people would."""
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ServerDisconnectedError):
        return "the connection was cut"
    cause = getattr(error, "os_error", error)  # aiohttp wraps the system's own
    number = getattr(cause, "errno", None)
    if isinstance(number, int) and number > 0 and not isinstance(cause, ssl.SSLError):
        return os.strerror(number).lower()
    return (str(cause) or type(cause).__name__).rstrip(".")
