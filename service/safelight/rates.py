"""What an upstream takes of one credential: learned from its refusals and its limit headers, shared by all who use it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime
from math import inf

import structlog

from safelight.providers import retry_after_seconds
from safelight.ticks import left_until

log = structlog.get_logger()

_TOO_MANY = 429
_FIRST_SECONDS, _LONGEST_SECONDS = 1.0, 60.0
_TRUSTED_SECONDS = 3600.0
"""An upstream that wants us back later than this is asked again by then."""
_WARY_SECONDS = 60.0
"""For so long after it opens again nobody knows how much the upstream takes."""
_EPOCH = 1_000_000_000
"""A reset larger than this is a moment, not a number of seconds."""
_FIELD = re.compile(r"(?:^|[;,\s])(remaining|reset|r|t)\s*=\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
_REMAINING = ("x-ratelimit-remaining", "x-ratelimit-remaining-requests", "ratelimit-remaining")
_RESET = ("x-ratelimit-reset", "x-ratelimit-reset-requests", "ratelimit-reset")


class Budget:
    """
    How much the upstream still takes; with nothing known, everything.

    Args:
        name: Whose it is, for the log.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._closed_until = -inf
        self._left: int | None = None
        self._renewed_at = 0.0
        self._refusals = 0

    def wait_seconds(self) -> float:
        """Return 0 where the upstream can be asked now, else in how many seconds."""
        return left_until(self._opens_at())

    def wary_seconds(self) -> float:
        """Return for how long it had better be asked by one after the other, 0 where it may be asked by all at once."""
        return left_until(self._opens_at() + _WARY_SECONDS)

    def spend(self) -> None:
        """Note that it is about to be asked: answers that are still under way cannot have counted this."""
        if self._left is not None:
            self._left -= 1

    def heard(self, status: int, headers: Mapping[str, str], at: datetime) -> None:
        """
        Learn from an answer.

        Args:
            at: The present, for headers that name a moment.
        """
        if status == _TOO_MANY:
            self._refuse(retry_after_seconds(headers, b"", at))
        elif status < 500:
            self._refusals = 0
        remaining, reset = _limits(headers, at)
        if remaining is not None and reset is not None:
            self._left = int(remaining)
            self._renewed_at = asyncio.get_running_loop().time() + min(reset, _TRUSTED_SECONDS)

    def refused(self, seconds: float | None) -> None:
        """
        Note a refusal that a plugin tells of: for how long the upstream wants to be left alone, None where it has not said.

        Without a time it may be one that was heard here already, or of many at once: then it is closed, and stays so.
        """
        if seconds is not None:
            self._close(seconds)
        elif not self.wait_seconds():
            self._refuse(None)

    def took(self) -> None:
        """Note that the upstream has taken a job: the next refusal is the first in a row."""
        self._refusals = 0

    def _opens_at(self) -> float:
        """Return when it could last be asked again, or can next: after a refusal, or with what was left used up."""
        if self._left is not None and self._left <= 0:
            return max(self._closed_until, self._renewed_at)
        return self._closed_until

    def _refuse(self, seconds: float | None) -> None:
        """Close: for as long as the upstream says, else longer with each refusal in a row."""
        said = seconds if seconds is not None else min(_LONGEST_SECONDS, _FIRST_SECONDS * 2**self._refusals)
        self._refusals += 1
        self._close(said)

    def _close(self, said: float) -> None:
        until = asyncio.get_running_loop().time() + min(said, _TRUSTED_SECONDS)
        if until > self._closed_until:
            self._closed_until = until
            log.info("rate_limited", provider=self._name, seconds=round(said, 1))


def _limits(headers: Mapping[str, str], at: datetime) -> tuple[float | None, float | None]:
    """Read `X-RateLimit-*`, `RateLimit-*` and the one-field `RateLimit`: what is left, and the seconds until that is renewed."""
    lowered = {name.lower(): value for name, value in headers.items()}
    fields = {name.lower()[0:3]: float(value) for name, value in _FIELD.findall(lowered.get("ratelimit", ""))}
    remaining = _number(lowered, _REMAINING, fields.get("rem", fields.get("r")))
    reset = _number(lowered, _RESET, fields.get("res", fields.get("t")))
    if reset is not None and reset > _EPOCH:
        reset = max(0.0, reset - at.timestamp())
    return remaining, reset


def _number(headers: Mapping[str, str], names: tuple[str, ...], otherwise: float | None) -> float | None:
    for name in names:
        try:
            number = float(headers.get(name, ""))
        except ValueError:
            continue
        if 0 <= number < float("inf"):
            return number
    return otherwise
