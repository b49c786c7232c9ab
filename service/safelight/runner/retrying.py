"""What may follow a submission that failed: the same provider again, the next one, or nothing. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import attrs

from safelight.generation import Policy, Request
from safelight.instances import ProviderInstance

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
    """

    instance: ProviderInstance
    request: Request[Any, Any]
    dropped: tuple[str, ...] = ()


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
    """The next attempt: at which place of the route, after how long, and why."""

    place: int
    after_seconds: float
    reason: str


def what_next(failure: Failure, route: Route, *, place: int, tries: int, policy: Policy, left_seconds: float) -> Again | None:
    """
    Return the next attempt, None where there is none to make.

    Args:
        place: Where in the route the failed attempt was.
        tries: How many attempts this place has had.
        left_seconds: What is left until the total deadline.
    """
    is_last_place = place + 1 >= len(route)
    wait = _wait_seconds(failure, tries)
    if (
        failure.is_free
        and failure.is_retryable
        and failure.code not in _NEVER_AGAIN
        and tries < policy.attempts
        and wait < left_seconds
        and (is_last_place or wait <= _LONGEST_SECONDS)
    ):
        return Again(place=place, after_seconds=wait, reason=failure.sentence)
    if failure.is_definite and failure.code not in _NEVER_ELSEWHERE and not is_last_place:
        return Again(place=place + 1, after_seconds=0.0, reason=failure.sentence)
    return None


def attempts_at_most(route: Route, policy: Policy) -> int:
    """Return how many attempts there can be in all."""
    return len(route) * policy.attempts


def _wait_seconds(failure: Failure, tries: int) -> float:
    """Twice as long each time, with jitter, but never before the upstream wants us back."""
    backoff: float = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2 ** (tries - 1)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
    return max(backoff, failure.retry_after_seconds or 0.0)
