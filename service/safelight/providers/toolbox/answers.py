"""What the answers of an HTTP upstream, and the failures of the network, mean for a submission."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from safelight.providers.failures import NotSent, OutcomeUnknown, ProviderError, ProviderProtocol

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PROSE = re.compile(
    r"\b(?:in|after|within|for)\s{1,3}~?(?P<count>\d{1,6}(?:\.\d{1,6})?)\s{0,3}"
    r"(?P<unit>ms|millisecond|s|sec|second|m|min|minute|h|hour)s?\b",
    re.IGNORECASE,
)
_MAX_PROSE = 2000


def of_network(error: Exception, upstream: str) -> ProviderError:
    """
    Say whether a request can have arrived: what fails before the connection stands surely has not.

    Args:
        upstream: What it is called in the sentence: "The Cog server".
    """
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL):
        return NotSent(f"{upstream} cannot be reached ({type(error).__name__}).")
    return OutcomeUnknown(
        f"The connection to {upstream[:1].lower()}{upstream[1:]} broke before it answered ({type(error).__name__})."
    )


def retry_after(headers: Mapping[str, str], now: datetime, *, prose: str = "") -> float | None:
    """
    Return how many seconds an upstream wants to be left alone: what `Retry-After` says, as a count or as a date, else its own words.

    A date is compared with the upstream's own clock where the answer shows that, for ours may be a day off.
    """
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value, re.ASCII):
        return float(value)
    if when := _date(value):
        return max(0.0, (when - (_date(headers.get("Date", "")) or now)).total_seconds())
    if told := _PROSE.search(prose[:_MAX_PROSE]):
        unit = told["unit"].lower()
        return float(told["count"]) * _UNITS["ms" if unit.startswith(("ms", "milli")) else unit[0]]
    return None


async def read_body(response: aiohttp.ClientResponse, at_most: int) -> bytes:
    """
    Return the body of an answer.

    Raises:
        ProviderProtocol: It is larger than `at_most` bytes.
    """
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > at_most:
            raise ProviderProtocol(f"The upstream's answer is larger than {at_most} bytes.")
    return bytes(body)


def read_json(body: bytes) -> Any:
    """Return what stands in a body, None where that is no JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
