"""One circuit breaker per provider instance: an upstream that keeps failing is left alone for a while."""

from __future__ import annotations

import asyncio
from enum import StrEnum

import structlog

from safelight.ticks import left_until

log = structlog.get_logger()


class Position(StrEnum):
    """Where a breaker stands: open lets nothing through, half-open one submission to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """
    Counts failures in a row, of the kind that says the upstream is not well.

    Args:
        instance: Whose it is.
        failures: So many in a row open it; 0 never does.
        seconds: How long it stays open before one submission may try.
    """

    def __init__(self, instance: str, *, failures: int, seconds: float) -> None:
        self._instance = instance
        self._limit = failures
        self._seconds = seconds
        self._failures = 0
        self._opened_at: float | None = None
        self._is_trying = False

    @property
    def position(self) -> Position:
        """Where it stands now."""
        if self._opened_at is None:
            return Position.CLOSED
        return Position.OPEN if self._left() > 0 else Position.HALF_OPEN

    def wait_seconds(self) -> float:
        """Return 0 where a submission may go through now, which it then must, else how long to wait before asking again."""
        if self._opened_at is None:
            return 0.0
        if self._left() > 0:
            return self._left()
        if self._is_trying:
            return 1.0
        self._is_trying = True
        return 0.0

    def succeeded(self) -> None:
        """Note that the upstream answered sensibly: it took the job, or said why not."""
        if self._opened_at is not None:
            log.info("breaker_closed", provider=self._instance)
        self._failures, self._opened_at, self._is_trying = 0, None, False

    def failed(self) -> None:
        """Note that the upstream did not."""
        self._failures += 1
        self._is_trying = False
        if self._limit and (self._opened_at is not None or self._failures >= self._limit):
            if self._opened_at is None:
                log.warning("breaker_opened", provider=self._instance, failures=self._failures, seconds=self._seconds)
            self._opened_at = asyncio.get_running_loop().time()

    def released(self) -> None:
        """Note that a submission ended without saying anything of the upstream."""
        self._is_trying = False

    def _left(self) -> float:
        assert self._opened_at is not None  # noqa: S101 - asked of an open one only
        return left_until(self._opened_at + self._seconds)
