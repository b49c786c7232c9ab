"""What a Cog server's refusals, and the failures of the network, mean for a submission."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import aiohttp

from safelight.providers import (
    InvalidParams,
    NotSent,
    OutcomeUnknown,
    ProviderAuth,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
    Rejected,
)

_MAX_SAID = 300
_PROXIES_OWN = frozenset({HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})
"""Answers that a proxy gives too, after it has passed the request on."""


def of_network(error: Exception) -> ProviderError:
    """Say whether a request can have arrived: what fails before the connection stands surely has not."""
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL):
        return NotSent(f"The Cog server cannot be reached ({type(error).__name__}).")
    return OutcomeUnknown(f"The connection to the Cog server broke before it answered ({type(error).__name__}).")


def of_answer(
    status: int, body: bytes, headers: Mapping[str, str], now: datetime, path_of: Callable[[str], str]
) -> ProviderError:
    """
    Return the error that an answer other than success means.

    Args:
        path_of: What callers call a property of the model's input.
    """
    wait = _retry_after(headers, now)
    said = _said(body)
    errors: dict[int, ProviderError] = {
        HTTPStatus.CONFLICT: ProviderUnavailable("The Cog server is busy: all its slots are taken.", retry_after_seconds=wait),
        HTTPStatus.SERVICE_UNAVAILABLE: ProviderUnavailable(f"The Cog server is not ready: {said}", retry_after_seconds=wait),
        HTTPStatus.TOO_MANY_REQUESTS: ProviderRateLimited("The Cog server has too much to do.", retry_after_seconds=wait),
        HTTPStatus.UNPROCESSABLE_ENTITY: InvalidParams("; ".join(_faults(body, path_of)) or f"The model refuses this: {said}"),
        HTTPStatus.UNAUTHORIZED: ProviderAuth("The Cog server, or a proxy in front of it, does not know our token."),
        HTTPStatus.FORBIDDEN: ProviderAuth("The Cog server, or a proxy in front of it, does not let us in."),
        **dict.fromkeys(_PROXIES_OWN, OutcomeUnknown(f"The Cog server, or a proxy before it, answered {status}: {said}")),
    }
    return errors.get(status) or Rejected(f"The Cog server answered {status}: {said}")


def _faults(body: bytes, path_of: Callable[[str], str]) -> Iterator[str]:
    """Read `{"detail":[{"loc":["body","input","steps"],"msg":…}]}`."""
    read = _json(body)
    details = read.get("detail") if isinstance(read, dict) else None
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and isinstance(detail.get("msg"), str) and isinstance(detail.get("loc"), list):
            place = [str(step) for step in detail["loc"] if step not in {"body", "input", "__root__"}]
            first = path_of(place[0]) if place else "input"
            yield f"{'.'.join([first, *place[1:]])}: {detail['msg'][:_MAX_SAID]}"


def _said(body: bytes) -> str:
    read = _json(body)
    said = read.get("error") if isinstance(read, dict) else None
    return str(said)[:_MAX_SAID] if said else "it gave no reason"


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read `Retry-After`, in seconds or as a date; what is neither says nothing."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())
