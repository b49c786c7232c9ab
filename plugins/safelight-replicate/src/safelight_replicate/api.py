"""The HTTP calls of Replicate's API: each once, none to a host that the token is not for."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import aiohttp
from yarl import URL

from safelight.providers import (
    Job,
    OutcomeUnknown,
    ProviderUnavailable,
    network_error,
)
from safelight.providers.toolbox import read_body
from safelight_replicate.refusals import of_question, of_submission
from safelight_replicate.settings import Settings

MAX_BODY = 64 * 2**20
"""A prediction may hold its outputs as data URLs."""
_MAX_REFUSAL = 64 * 1024
_MAX_PAGES = 5
_ANSWER = aiohttp.ClientTimeout(total=30.0, sock_connect=10.0)
_CREATED = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})

Prediction = dict[str, Any]


class NotThere(Exception):
    """The API knows nothing under that address, or does not show it to this token."""


class Api:
    """Replicate's API, or one that speaks like it."""

    def __init__(self, session: aiohttp.ClientSession, settings: Settings, now: Callable[[], datetime]) -> None:
        self._session = session
        self._base = URL(settings.base_url)
        self._trusted = frozenset(host.lower() for host in settings.trusted_hosts)
        self._headers = {"Authorization": f"Bearer {settings.token.reveal()}", "Accept": "application/json"}
        self._now = now
        self._ahead = timedelta()

    def trusted(self, said: Any) -> URL | None:
        """Return an address out of an answer if the token may go there."""
        try:
            url = URL(said)
        except (TypeError, ValueError):
            return None
        if url.user is not None or not url.host:
            return None
        is_elsewhere = url.scheme == "https" and url.host.lower() in self._trusted and url.is_default_port()
        return url if is_elsewhere or url.origin() == self._base.origin() else None

    async def create(self, path: str, body: dict[str, Any], headers: dict[str, str], path_of: Callable[[str], str]) -> Prediction:
        """
        Create a prediction, on a connection of its own.

        On one that looks have kept and that has died unheard, nobody knew what became of this; aiohttp keeps connections
        apart by `server_hostname`, which no other call here says.

        Raises:
            ProviderError: As a submission fails.
        """
        try:
            async with self._session.post(
                self._base.joinpath(*path.split("/")),
                json=body,
                headers={**self._headers, **headers, "Connection": "close"},
                timeout=_ANSWER,
                allow_redirects=False,
                server_hostname=self._base.host,
            ) as response:
                if response.status not in _CREATED:
                    said = await read_body(response, _MAX_REFUSAL)
                    raise of_submission(response.status, said, response.headers, self._now(), path_of)
                return _prediction(await read_body(response, MAX_BODY))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise network_error(error, "Replicate") from error

    async def show(self, job: Job) -> Prediction:
        """
        Return a prediction as it stands.

        Raises:
            NotThere: There is none.
            ProviderError: It cannot be had (now).
        """
        url = self.trusted(job.data.get("get")) or self._base / "predictions" / job.id
        return _object(await self._ask("GET", url))

    async def cancel(self, job: Job) -> Prediction:
        """Ask for a prediction to be stopped, and return it as it then stands; raises as `show` does."""
        url = self.trusted(job.data.get("cancel")) or self._base / "predictions" / job.id / "cancel"
        return _object(await self._ask("POST", url))

    async def read(self, path: str) -> dict[str, Any]:
        """Return what stands under a path of the API; raises as `show` does."""
        return _object(await self._ask("GET", self._base.joinpath(*path.split("/"))))

    async def predictions(self, *, created_after: datetime, created_before: datetime) -> AsyncGenerator[Prediction, None]:
        """Yield the predictions of a time, by Replicate's clock, the newest first and a few hundred at most; raises as `show` does."""
        span = {"created_after": created_after.isoformat(), "created_before": created_before.isoformat()}
        url: URL | None = (self._base / "predictions").with_query(span)
        for _ in range(_MAX_PAGES):
            if url is None:
                return
            page = _object(await self._ask("GET", url))
            results = page.get("results")
            for prediction in results if isinstance(results, list) else ():
                if isinstance(prediction, dict):
                    yield prediction
            url = self.trusted(page.get("next"))

    def time(self) -> datetime:
        """Return the present by Replicate's clock, as far as its answers have shown that."""
        return self._now() + self._ahead

    async def _ask(self, method: str, url: URL) -> Any:
        """Ask; what changes something goes on a connection of its own, as a create does, since aiohttp does not repeat it."""
        is_look = method == "GET"
        headers = self._headers if is_look else {**self._headers, "Connection": "close"}
        try:
            async with self._session.request(
                method,
                url,
                headers=headers,
                timeout=_ANSWER,
                allow_redirects=False,
                server_hostname=None if is_look else url.host,
            ) as response:
                self._hear(response)
                if response.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
                    raise NotThere
                if response.status not in _CREATED:
                    said = await read_body(response, _MAX_REFUSAL)
                    raise of_question(response.status, said, response.headers, self._now())
                return json.loads(await read_body(response, MAX_BODY))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnavailable(str(network_error(error, "Replicate"))) from error
        except (ValueError, RecursionError) as error:
            raise ProviderUnavailable("Replicate's answer is not JSON, or was cut off.") from error

    def _hear(self, response: aiohttp.ClientResponse) -> None:
        """Note what time it is at Replicate."""
        try:
            there = parsedate_to_datetime(response.headers.get("Date", ""))
        except ValueError:
            return
        self._ahead = (there if there.tzinfo else there.replace(tzinfo=UTC)) - self._now()


def _prediction(body: bytes) -> Prediction:
    """
    Read the answer to a create.

    Raises:
        OutcomeUnknown: It makes no sense, so that nobody knows what was created.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise OutcomeUnknown("Replicate's answer is not JSON, or was cut off.") from error
    if not isinstance(said, dict) or not is_id(said.get("id")):
        raise OutcomeUnknown("Replicate answered with something that is no prediction.")
    return said


def is_id(said: Any) -> bool:
    """Whether this can be the id of a prediction."""
    return isinstance(said, str) and said.isascii() and said.isalnum() and len(said) <= 100


def _object(said: Any) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise ProviderUnavailable("Replicate's answer is no object.")
    return said
