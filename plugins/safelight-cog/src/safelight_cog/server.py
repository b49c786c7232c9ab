"""The HTTP calls of a Cog server: each once, none of them repeated behind our back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any

import aiohttp
from yarl import URL

from safelight.providers import (
    InvalidParams,
    NotSent,
    OutcomeUnknown,
    ProviderError,
    ProviderProtocol,
    ProviderUnavailable,
    Rejected,
    Secret,
    network_error,
)
from safelight.providers.toolbox import Event, read_body, read_events, read_json
from safelight_cog.refusals import of_answer, of_question

MAX_BODY = 256 * 2**20
"""A prediction holds its outputs, base64 and all."""
_MAX_REFUSAL = 64 * 1024
_ANSWER = aiohttp.ClientTimeout(total=30.0, sock_connect=10.0)
_HELD = aiohttp.ClientTimeout(total=None, sock_connect=10.0)
_STREAM = aiohttp.ClientTimeout(total=None, sock_connect=10.0, sock_read=60.0)
"""Cog sends a comment every 15 s: a stream that says nothing for a minute is a dead connection."""
_ASYNC = {"Prefer": "respond-async"}

LOOK = {"input": "look-up only"}
"""
A body that starts nothing. Cog looks first whether the id is running, and then answers with where it stands, whatever
the body says; else it checks the input, which has to be an object, and refuses this one.
"""

Prediction = dict[str, Any]


class NotRunning(Exception):
    """The server has no running job of this key."""


class Server:
    """
    One Cog server.

    Every call has a connection of its own: on a kept one that has died meanwhile, a submission would look as if nobody
    knew whether it arrived.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, token: Secret | None, now: Callable[[], datetime]) -> None:
        self._session = session
        self._url = URL(url)
        self._headers = {"Connection": "close", "Accept": "application/json"}
        self._now = now
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token.reveal()}"

    async def document(self) -> Any:
        """Return `/openapi.json`, None while there is none."""
        status, body = await self._ask("openapi.json")
        return _read(body) if status == HTTPStatus.OK else None

    async def health(self) -> dict[str, Any]:
        """
        Return `/health-check`, which some say with a 503 while they are busy; empty where it says nothing.

        Raises:
            ProviderError: It cannot be had (now).
        """
        status, body = await self._ask("health-check")
        said = _read(body) if status == HTTPStatus.OK else read_json(body)
        if status == HTTPStatus.SERVICE_UNAVAILABLE and not isinstance(said, dict):
            raise ProviderUnavailable("The Cog server, or a proxy before it, is not ready.")
        return said if isinstance(said, dict) else {}

    async def start(self, key: str, body: dict[str, Any], path_of: Callable[[str], str]) -> None:
        """
        Start a job that lives in the server alone.

        Args:
            body: Its input, and whom to call.

        Raises:
            ProviderError: As a submission fails.
        """
        status, said = await self._put(key, body, path_of, _ANSWER, _ASYNC)
        if status != HTTPStatus.ACCEPTED or said.get("id") != key:
            raise OutcomeUnknown(f"The Cog server answered {status} and something else than was asked for.")

    async def hold(self, key: str, body: dict[str, Any], path_of: Callable[[str], str]) -> Prediction:
        """Start a job that lives as long as this call, and return how it ended; takes and raises what `start` does."""
        _, said = await self._put(key, body, path_of, _HELD, {})
        return said

    async def look(self, key: str) -> Prediction:
        """
        Return where a running job stands; starts nothing.

        Raises:
            NotRunning: It is not running (any more), or never was.
            ProviderError: Nobody knows.
        """
        try:
            status, said = await self._put(key, LOOK, str, _ANSWER, _ASYNC)
        except InvalidParams as refused:
            raise NotRunning from refused
        except (OutcomeUnknown, NotSent, Rejected) as error:
            raise of_question(error) from error
        if status != HTTPStatus.ACCEPTED:
            raise ProviderProtocol(f"The Cog server answered {status} when asked where a job stands.")
        return said

    @asynccontextmanager
    async def listen(self, key: str) -> AsyncIterator[AsyncIterator[Event]]:
        """
        Listen to a running job, from its beginning.

        Raises:
            NotRunning: It is not running (any more), or never was.
            ProviderError: Nobody knows; the connection may break at any time.
        """
        try:
            async with self._request(key, LOOK, _STREAM, {"Accept": "text/event-stream"}) as response:
                if response.status in {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_ACCEPTABLE}:
                    raise NotRunning  # a server that does not stream is not the one that took the job
                if response.status != HTTPStatus.OK or response.content_type != "text/event-stream":
                    raise of_question(await self._refusal(response, str))
                async with aclosing(read_events(response.content.iter_any(), MAX_BODY)) as events:
                    yield events
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnavailable(str(_network_error(error))) from error

    async def cancel(self, key: str) -> bool:
        """Ask a job to stop; whether there was one that could."""
        url = self._url / "predictions" / key / "cancel"
        try:
            async with self._session.post(url, headers=self._headers, timeout=_ANSWER, allow_redirects=False) as response:
                if response.status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
                    raise of_question(await self._refusal(response, str))
                return response.status == HTTPStatus.OK
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnavailable(str(_network_error(error))) from error

    async def _ask(self, page: str) -> tuple[int, bytes]:
        """Return a page, or what is said in its place where there is none, or none yet."""
        try:
            async with self._session.get(
                self._url / page, headers=self._headers, timeout=_ANSWER, allow_redirects=False
            ) as response:
                if response.status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE}:
                    raise of_question(await self._refusal(response, str))
                return response.status, await read_body(response, MAX_BODY)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnavailable(str(_network_error(error))) from error

    async def _put(
        self,
        key: str,
        body: dict[str, Any],
        path_of: Callable[[str], str],
        timeout: aiohttp.ClientTimeout,
        headers: dict[str, str],
    ) -> tuple[int, dict[str, Any]]:
        try:
            async with self._request(key, body, timeout, headers) as response:
                if response.status not in {HTTPStatus.OK, HTTPStatus.ACCEPTED}:
                    raise await self._refusal(response, path_of)
                said = _read(await read_body(response, MAX_BODY))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _network_error(error) from error
        if not isinstance(said, dict):
            raise OutcomeUnknown("The Cog server answered with something that is no prediction.")
        return response.status, said

    def _request(
        self, key: str, body: dict[str, Any], timeout: aiohttp.ClientTimeout, headers: dict[str, str]
    ) -> aiohttp.client._RequestContextManager:
        return self._session.put(
            self._url / "predictions" / key,
            json=body,
            headers=self._headers | headers,
            timeout=timeout,
            allow_redirects=False,
        )

    async def _refusal(self, response: aiohttp.ClientResponse, path_of: Callable[[str], str]) -> ProviderError:
        body = await read_body(response, _MAX_REFUSAL)
        return of_answer(response.status, body, response.headers, self._now(), path_of)


def _network_error(error: Exception) -> ProviderError:
    return network_error(error, "The Cog server")


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise OutcomeUnknown("The Cog server's answer is not JSON, or was cut off.") from error
