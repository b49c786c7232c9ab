"""When a job is polled next: never faster than the provider's floor, more rarely while nothing happens, at once when poked."""

from __future__ import annotations

import random

_BACKOFF = 1.5
_JITTER = 1.2
_QUIET_SECONDS = 5.0
"""While nothing changes, polls get no rarer than this, unless the floor is higher."""
_FAILING = 10
"""Polls that fail may get rarer still, up to this many times the floor, unless the upstream says when it wants us back."""


class Pace:
    """
    Counts from one poll to the next; all times are the loop's.

    Args:
        floor: The shortest pause between two polls, in seconds.
        now: The present.
        rare_seconds: How rare polls get where news comes by itself: they only look for what was lost.
        is_told: Whether it does, so that the first poll is not due at once.
    """

    def __init__(self, floor: float, now: float, *, rare_seconds: float, is_told: bool) -> None:
        self._floor = floor
        self._quiet = max(_QUIET_SECONDS, floor)
        self._rare = max(rare_seconds, floor)
        self._pause = floor
        self._earliest = now
        self._due = now + _jittered(self._rare) if is_told else now

    @property
    def due(self) -> float:
        """When the next poll is to be made."""
        return self._due

    def hurry(self) -> None:
        """Poll as soon as the floor and the upstream allow, and often after that: something has happened."""
        self._pause = self._floor
        self._due = min(self._due, self._earliest)

    def answered(self, now: float, *, has_news: bool, is_told: bool) -> None:
        """
        Count from an answer.

        Args:
            is_told: Whether news comes by itself.
        """
        slowest = self._rare if is_told else self._quiet
        self._pause = self._floor if has_news else min(self._pause * _BACKOFF, slowest)
        self._from(now, self._pause, self._floor)

    def rest(self, now: float) -> None:
        """Count from an answer where whoever pushes is heard: only what it has lost is looked for."""
        self._pause = self._floor
        self._from(now, self._rare, self._floor)

    def failed(self, now: float, retry_after_seconds: float | None) -> None:
        """Count from a poll that failed; not even a poke shortens what the upstream asks for."""
        self._pause = min(self._pause * _BACKOFF, max(self._floor * _FAILING, self._quiet))
        wanted = retry_after_seconds or 0.0
        self._from(now, max(self._pause, wanted), max(self._floor, wanted))

    def _from(self, now: float, pause: float, least: float) -> None:
        self._earliest = now + least
        self._due = now + _jittered(pause)


def _jittered(seconds: float) -> float:
    """Return a little more, so that jobs that began together are not polled together for ever."""
    return seconds * random.uniform(1.0, _JITTER)  # noqa: S311 - jitter, not a secret
