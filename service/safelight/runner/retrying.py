"""What may follow a submission that failed: the same provider again, the next one, or nothing. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import attrs

from safelight.generation import Policy, Request
from safelight.instances import ProviderInstance
from safelight.records import AttemptRecord

_NEVER_AGAIN = frozenset({"invalid_input", "content_policy", "provider_auth", "provider_quota", "provider_rejected"})
"""Asked again, the same upstream would say the same."""
_NEVER_ELSEWHERE = frozenset({"invalid_input", "content_policy"})
"""What is wrong is the request; it is not carried from door to door."""
_FIRST_SECONDS = 1.0
_LONGEST_SECONDS = 30.0


@attrs.frozen(kw_only=True)
class Candidate:
    """
    A provider that a generation may be given to, and the request in its own classes.

    Attributes:
        dropped: The parameters asked for that it cannot take, as paths.
        is_watched_only: Whether it is here for a job it has, and is handed nothing more: after a restart it may not take
            any more what it took before.
    """

    instance: ProviderInstance
    request: Request[Any, Any]
    dropped: tuple[str, ...] = ()
    is_watched_only: bool = False


Route = Sequence[Candidate]


@attrs.frozen(kw_only=True)
class Failure:
    """
    How an attempt went wrong.

    Attributes:
        is_free: Surely nothing runs and nothing was charged, so that asking again costs nobody twice.
        is_definite: Surely nothing runs any more.
        is_retryable: The same call may succeed later.
        retry_after_seconds: When the upstream wants us back, where it says so.
    """

    code: str
    sentence: str
    is_free: bool
    is_definite: bool
    is_retryable: bool
    retry_after_seconds: float | None = None


@attrs.frozen(kw_only=True)
class Again:
    """The next attempt: with which provider of the route, after how long, and why."""

    provider: str
    after_seconds: float
    reason: str

    def told(self, failure: Failure) -> str:
        """Tell people what follows a failure."""
        when = f"in {self.after_seconds:.0f} s" if self.after_seconds >= 1 else "now"
        return f"{failure.sentence} The next attempt follows {when}."

    def reason_of(self, candidate: Candidate) -> str:
        """Tell why there is another attempt, and what it goes without."""
        if not candidate.dropped:
            return self.reason
        return f"{self.reason} This provider goes without {', '.join(candidate.dropped)}."


def what_next(failure: Failure, route: Route, *, provider: str, tries: int, policy: Policy, left_seconds: float) -> Again | None:
    """
    Return the next attempt, None where there is none to make.

    Args:
        provider: Whose attempt failed.
        tries: How many attempts it has had.
        left_seconds: What is left until the total deadline.
    """
    place = next(place for place, candidate in enumerate(route) if candidate.instance.name == provider)
    following = next((candidate for candidate in route[place + 1 :] if not candidate.is_watched_only), None)
    wait = _wait_seconds(failure, tries)
    if (
        failure.is_free
        and failure.is_retryable
        and failure.code not in _NEVER_AGAIN
        and not route[place].is_watched_only
        and tries < policy.attempts
        and wait < left_seconds
        and (following is None or wait <= _LONGEST_SECONDS)
    ):
        return Again(provider=provider, after_seconds=wait, reason=failure.sentence)
    if failure.is_definite and failure.code not in _NEVER_ELSEWHERE and following is not None:
        return Again(provider=following.instance.name, after_seconds=0.0, reason=failure.sentence)
    return None


def named(provider: str, route: Route) -> Candidate | None:
    """Return the candidate of that name."""
    for candidate in route:
        if candidate.instance.name == provider:
            return candidate
    return None


def still_there(provider: str, order: Sequence[str], route: Route) -> Candidate | None:
    """Return the candidate that was planned, or the first after it in the `order` of old that a restart has left."""
    named = {candidate.instance.name: candidate for candidate in route if not candidate.is_watched_only}
    left = order[order.index(provider) :] if provider in order else (provider,)
    return next((named[name] for name in left if name in named), None)


def attempts_at_most(route: Route, policy: Policy) -> int:
    """Return how many attempts there can be in all."""
    return len(route) * policy.attempts


def left_of_wait(outcome: AttemptRecord, now: datetime) -> float:
    """Return what is left of the wait for the next attempt: never more than it was, however the clock was set meanwhile."""
    if outcome.next_at is None:
        return 0.0
    left, whole = (outcome.next_at - now).total_seconds(), (outcome.next_at - outcome.at).total_seconds()
    return max(0.0, min(left, whole))


def _wait_seconds(failure: Failure, tries: int) -> float:
    """Twice as long each time, with jitter, but never before the upstream wants us back."""
    backoff: float = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2 ** (tries - 1)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
    return max(backoff, failure.retry_after_seconds or 0.0)
