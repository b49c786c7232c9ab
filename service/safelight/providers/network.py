"""What the network does and how upstreams ask for patience, read alike for every plugin that speaks HTTP."""

from __future__ import annotations

import json
import math
import os
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from safelight.providers.failures import NotSent, OutcomeUnknown

_MAX_READ = 4096
_LONGEST_SECONDS = 366 * 86_400.0
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,9})?", re.ASCII)
_SPAN = (
    r"(\d{1,9}(?:\.\d{1,9})?)\s*"
    r"(milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h)(?![a-z])\s*"
)
_PROSE = re.compile(rf"\b(?:in|after|wait(?: for)?)\s+(?:~|about\s+|another\s+)?\s*((?:{_SPAN})+)", re.ASCII | re.IGNORECASE)
_ONE_SPAN = re.compile(_SPAN, re.ASCII | re.IGNORECASE)


def network_error(error: Exception, upstream: str) -> NotSent | OutcomeUnknown:
    """
    Say of what aiohttp raised whether the request can have arrived: what fails before the connection stands surely has not.

    Raise it from `submit`. For a call that may be repeated, such as a poll, raise `ProviderUnavailable` with its sentence.

    Args:
        error: An `aiohttp.ClientError`, a `TimeoutError` or an `OSError`.
        upstream: What people call the other side, at the beginning of a sentence.
    """
    import aiohttp  # its client costs a tenth of a second, and the command line imports this package

    never_left = aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.ClientHttpProxyError | aiohttp.InvalidURL
    if isinstance(error, never_left):
        return NotSent(f"{upstream} cannot be reached ({_why(error)}).")
    return OutcomeUnknown(f"{upstream} did not answer in full, the connection broke or was too slow ({_why(error)}).")


def retry_after_seconds(headers: Mapping[str, str], body: bytes | str, now: datetime) -> float | None:
    """
    Return for how long an upstream wants to be left alone, None where it does not say so in a way that can be read.

    Read are `Retry-After` in seconds or as a date, `retry-after-ms`, a JSON body's `retry_after` or `retryDelay`, and prose:
    "Your rate limit resets in ~30s.", "Expected available in 1 second.", "Please try again in 1m30s".

    Args:
        headers: The answer's. A date counts from its `Date`, so that it does not matter whether the two clocks agree.
        body: What the answer says, or the beginning of it.
        now: The present, for an answer without a date of its own.
    """
    said = {name.lower(): value.strip() for name, value in headers.items()}
    found = _of_headers(said, now)
    if found is None:
        found = _of_body(body[:_MAX_READ])
    return None if found is None else min(max(0.0, found), _LONGEST_SECONDS)


def _why(error: Exception) -> str:
    """Say why as people would, without the address, in which a right may stand."""
    cause = getattr(error, "os_error", error)  # aiohttp wraps the system's own
    match cause:
        case ssl.SSLError() | ssl.CertificateError():
            return "its certificate or its TLS is not accepted"
        case socket.gaierror():
            return "its name is not known"
        case PermissionError(strerror=str(refused)) if type(cause) is not PermissionError:
            return refused  # our own guard's; the system's names the address
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number).lower()
        case _:
            return type(error).__name__


def _of_headers(said: Mapping[str, str], now: datetime) -> float | None:
    if _NUMBER.fullmatch(text := said.get("retry-after-ms", "")):
        return float(text) / 1000
    text = said.get("retry-after", "")
    if _NUMBER.fullmatch(text):
        return float(text)
    when = _date(text)
    return None if when is None else (when - (_date(said.get("date", "")) or now)).total_seconds()


def _date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _of_body(body: bytes | str) -> float | None:
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    try:
        members = list(_members(json.loads(text)))
    except (ValueError, RecursionError):
        members = []
    for name, value in members:
        if name in {"retry_after", "retryAfter"} and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value) if math.isfinite(value) else None
        if name in {"retry_after", "retryAfter", "retryDelay"} and isinstance(value, str):
            return float(value) if _NUMBER.fullmatch(value) else _sum(value)
    found = _PROSE.search(text)
    return None if found is None else _sum(found[1])


def _members(read: Any) -> Iterator[tuple[str, Any]]:
    """Yield every member of a JSON value, the outer ones first."""
    below = [read]
    while below:
        inner = below.pop(0)
        if isinstance(inner, dict):
            yield from inner.items()
            below.extend(inner.values())
        elif isinstance(inner, list):
            below.extend(inner)


def _sum(text: str) -> float | None:
    """Add up `1m30s` and the like."""
    spans = _ONE_SPAN.findall(text)
    return sum(float(number) * _factor(unit.lower()) for number, unit in spans) if spans else None


def _factor(unit: str) -> float:
    return _UNITS["ms" if unit.startswith(("ms", "milli")) else unit[0]]
