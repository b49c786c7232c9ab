"""An output that a provider names by URL, fetched under every limit there is; an upstream's URL is hostile input."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from http import HTTPStatus

import aiohttp
from yarl import URL

from safelight import egress
from safelight.errors import OutputRefused, OutputUnreachable

_AS_IT_IS = re.compile(r"[!-~]+")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({404, 408, 425, 429})
"""Answers beside 5xx that may be another a moment later; stores are not always as quick as those who name their objects."""
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10.0)
"""The caller bounds the whole; an address that does not answer is given up sooner, so that the next one has a chance."""


class Fetcher:
    """
    Fetches over a connector that belongs to somebody else: its guard applies to every hop.

    Nothing of a provider's own client but the connector is used, so no key or cookie travels to a host that an
    upstream picked.
    """

    def __init__(self, connector: aiohttp.BaseConnector, *, max_redirects: int) -> None:
        self._connector = connector
        self._max_redirects = max_redirects

    async def fetch(self, text: str) -> AsyncGenerator[int | bytes, None]:
        """
        Yield the size where it is announced, then the body as it comes.

        Raises:
            OutputRefused: Anything but a plain 200; the sentence names the host, never path or query, which may be secret.
            OutputUnreachable: Of these, what may pass: no connection, a broken one, an answer such as 404 or 503.
        """
        url = _parse(text)
        async with aiohttp.ClientSession(
            connector=self._connector,
            connector_owner=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept-Encoding": "identity"},
            auto_decompress=False,
            timeout=_TIMEOUT,
        ) as session:
            for _ in range(self._max_redirects + 1):
                try:
                    async with session.get(url, allow_redirects=False) as response:
                        if response.status not in _REDIRECTS:
                            _check(response, url)
                            if response.content_length is not None:
                                yield response.content_length
                            async for chunk in response.content.iter_any():
                                yield chunk
                            return
                        url = _next(url, response)
                except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: a host no resolver can spell
                    raise _unreachable(url, error) from error
            raise OutputRefused(f"The output's URL redirects more than {self._max_redirects} times.")


def _parse(text: str, base: URL | None = None) -> URL:
    """Read a URL; one that needs no quoting is taken as it is, since signatures are often made over the very text."""
    try:
        url = URL(text, encoded=_AS_IT_IS.fullmatch(text) is not None)
        url = base.join(url) if base is not None else url
    except ValueError as error:
        raise OutputRefused("The output's URL cannot be read.") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise OutputRefused("The output's URL is neither http nor https.")
    if url.user is not None or url.password is not None:
        raise OutputRefused(f"The output's URL at {_host(url)} carries credentials.")
    return url


def _next(url: URL, response: aiohttp.ClientResponse) -> URL:
    location = response.headers.get("Location")
    if not location:
        raise OutputRefused(f"{_host(url)} redirects to nowhere.")
    target = _parse(location, url)
    if url.scheme == "https" and target.scheme != "https":
        raise OutputRefused(f"{_host(url)} redirects from https to http.")
    return target


def _check(response: aiohttp.ClientResponse, url: URL) -> None:
    if response.status != HTTPStatus.OK:
        may_pass = response.status in _PASSING or response.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        refusal = OutputUnreachable if may_pass else OutputRefused
        raise refusal(f"{_host(url)} answered {response.status} when asked for the output.")
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise OutputRefused(f"{_host(url)} sent the output compressed although it was asked not to.")


def _unreachable(url: URL, error: Exception) -> OutputRefused:
    if egress.is_forbidden(error):
        return OutputRefused(f"{_host(url)} is not at a public address; the output was not fetched.")
    may_pass = not isinstance(error, ValueError)  # InvalidURL is one as well
    refusal = OutputUnreachable if may_pass else OutputRefused
    return refusal(f"The output could not be fetched from {_host(url)} ({type(error).__name__}).")


def _host(url: URL) -> str:
    return (url.host or "")[:100]
