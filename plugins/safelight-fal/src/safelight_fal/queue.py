"""The HTTP calls of fal's queue: each once, none of them redirected, and our key only to hosts that may have it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any

import aiohttp
from yarl import URL

from safelight.providers import Job, OutcomeUnknown, ProviderUnavailable, network_error
from safelight.providers.toolbox import Event, read_body, read_events
from safelight_fal.addresses import Addresses
from safelight_fal.answer import Answer
from safelight_fal.faults import refusal, unavailable
from safelight_fal.settings import Settings

MAX_BODY = 256 * 2**20
"""A result may hold its outputs as data: URIs."""
_MAX_ID = 200
_ANSWER = aiohttp.ClientTimeout(total=30.0, sock_connect=10.0)
_STREAM = aiohttp.ClientTimeout(total=None, sock_connect=10.0, sock_read=30.0)
"""A stream that says nothing for so long may be a dead connection; polls find out."""


class NotThere(Exception):
    """The queue knows no such job."""


class Queue:
    """
    One endpoint's queue.

    Every call has a connection of its own: on a kept one that has died meanwhile, a submission would look as if nobody
    knew whether it arrived.
    """

    def __init__(self, session: aiohttp.ClientSession, settings: Settings, now: Callable[[], datetime]) -> None:
        self._session = session
        self._addresses = Addresses(settings)
        self._now = now
        credential = f"{settings.auth_scheme} {settings.key.reveal()}".strip()
        self._headers = {"Connection": "close", "Accept": "application/json", settings.auth_header: credential}
        self._wishes = dict(_wishes(settings))

    async def submit(self, filled: dict[str, Any], webhook: str | None, path_of: Callable[[str], str]) -> Job:
        """
        Hand a job in.

        Raises:
            ProviderError: As a submission fails.
        """
        try:
            url = self._addresses.submission(webhook)
            answer = await self._call("POST", url, json=filled, headers=self._wishes)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise network_error(error, "The queue") from error
        if not answer.is_good:
            raise refusal(answer, self._now(), path_of)
        said = answer.said
        if not isinstance(request_id := said.get("request_id"), str) or not 0 < len(request_id) <= _MAX_ID:
            raise OutcomeUnknown("The queue took the job, or did not: it answered with something that names none.")
        return self._addresses.job(request_id, said)

    async def status(self, job: Job) -> dict[str, Any]:
        """
        Return where a job stands.

        Raises:
            NotThere: Nowhere.
            ProviderError: Nobody knows.
        """
        answer = await self._ask("GET", self._addresses.page(job, "status", logs="1"))
        if answer.is_gone:
            raise NotThere
        if not answer.is_good:
            raise unavailable(answer, self._now(), str)
        if not isinstance(answer.said.get("status"), str):
            raise ProviderUnavailable("The queue does not say where the job stands.")
        return answer.said

    async def result(self, job: Job) -> Answer:
        """
        Return what became of a job that is over: its result, or why there is none.

        Raises:
            ProviderError: Nobody knows.
        """
        answer = await self._ask("GET", self._addresses.page(job, "response"))
        if answer.status == HTTPStatus.ACCEPTED or answer.is_too_early:
            raise ProviderUnavailable("The queue says that the job is over, and that it is not.")
        if not answer.is_verdict:
            raise unavailable(answer, self._now(), str)
        if answer.is_good and not answer.is_json:
            raise ProviderUnavailable("The result is not whole, or no JSON.")
        return answer

    @asynccontextmanager
    async def listen(self, job: Job) -> AsyncIterator[AsyncIterator[Event]]:
        """
        Listen to a job.

        Raises:
            ProviderUnavailable: It cannot be listened to, or the connection broke.
        """
        headers = {**self._headers, "Accept": "text/event-stream"}
        try:
            async with self._session.get(
                self._addresses.stream(job), headers=headers, timeout=_STREAM, allow_redirects=False
            ) as response:
                if response.status != HTTPStatus.OK or response.content_type != "text/event-stream":
                    raise ProviderUnavailable(f"The queue does not stream this job (it answered {response.status}).")
                async with aclosing(read_events(response.content.iter_any(), MAX_BODY)) as events:
                    yield events
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnavailable(str(network_error(error, "The queue"))) from error

    async def cancel(self, job: Job) -> Answer:
        """Ask for a job to be stopped."""
        return await self._ask("PUT", self._addresses.page(job, "cancel"))

    def refused(self, answer: Answer) -> Exception:
        """Return the error that the answer to a call which starts nothing means."""
        return unavailable(answer, self._now(), str)

    async def _ask(self, method: str, url: URL) -> Answer:
        try:
            return await self._call(method, url)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnavailable(str(network_error(error, "The queue"))) from error

    async def _call(self, method: str, url: URL, *, json: Any = None, headers: dict[str, str] | None = None) -> Answer:
        async with self._session.request(
            method, url, json=json, headers=self._headers | (headers or {}), timeout=_ANSWER, allow_redirects=False
        ) as response:
            return Answer(status=response.status, body=await read_body(response, MAX_BODY), headers=response.headers)


def _wishes(settings: Settings) -> list[tuple[str, str]]:
    wishes = []
    if settings.start_seconds is not None:
        wishes.append(("X-Fal-Request-Timeout", str(settings.start_seconds)))
    if settings.lifetime_seconds is not None:
        preference = f'{{"expiration_duration_seconds": {settings.lifetime_seconds}}}'
        wishes.append(("X-Fal-Object-Lifecycle-Preference", preference))
    if settings.priority != "normal":
        wishes.append(("X-Fal-Queue-Priority", settings.priority))
    if not settings.internal_retries:
        wishes.append(("x-fal-no-retry", "1"))
    return wishes
