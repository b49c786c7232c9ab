"""Push and poll as one stream of updates: whoever pushes is listened to, and poll has the last word."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

import structlog

from safelight.boundary import Boundary
from safelight.providers import Canceled, Failed, Job, ProviderError, ProviderProtocol, RemoteProvider, Succeeded
from safelight.updates import Previewed, Produced, Update

log = structlog.get_logger()

ENDS = (Succeeded, Failed, Canceled)
_BYTES = (Produced, Previewed)
_BACKOFF = 1.5
_SLOWEST = 10
"""Polls never get rarer than this many times the provider's floor."""


class SignOfLife(Update):
    """The upstream answered, and nothing has changed."""


async def follow(provider: RemoteProvider, job: Job, boundary: Boundary) -> AsyncIterator[Update]:
    """
    Yield what the upstream says of a job, until it has ended or the provider stops talking.

    A push that breaks is no end as long as the job can be polled.

    Raises:
        ProviderError: The upstream is lost for good, or the provider fell silent without an end.
    """
    can_poll = _overrides(provider, "poll")
    told: set[Update] = set()
    if _overrides(provider, "watch"):
        has_ended = False
        try:
            async for update in provider.watch(job):
                has_ended = has_ended or isinstance(update, ENDS)
                if can_poll and isinstance(update, _BYTES):
                    told.add(update)
                yield update
        except ProviderError as error:
            if has_ended or not (can_poll and error.retryable):
                raise
            log.warning("provider_watch_lost", provider=boundary.instance, code=error.code, error=boundary.masked(str(error)))
        if has_ended:
            return
    if not can_poll:
        raise ProviderProtocol("The provider stopped watching without saying how it ended.")
    async for update in _poll(provider, job, boundary, told):
        yield update


async def _poll(provider: RemoteProvider, job: Job, boundary: Boundary, told: set[Update]) -> AsyncIterator[Update]:
    """Poll until the end; what the poll before said, and what was ever `told` with bytes, is no news."""
    before: Sequence[Update] = ()
    floor = pause = provider.capabilities.poll_seconds
    while True:
        try:
            updates = await provider.poll(job)
        except ProviderError as error:
            if not error.retryable:
                raise
            log.warning("provider_poll_failed", provider=boundary.instance, code=error.code, error=boundary.masked(str(error)))
            pause = min(max(pause * _BACKOFF, error.retry_after_seconds or 0), floor * _SLOWEST)
        else:
            pause = floor
            yield SignOfLife()
            news = [update for update in updates if update not in told and update not in before]
            before = updates
            told.update(update for update in news if isinstance(update, _BYTES))
            for update in news:
                yield update
                if isinstance(update, ENDS):
                    return
        await asyncio.sleep(pause * random.uniform(1.0, 1.2))  # noqa: S311 - jitter, not a secret


def _overrides(provider: RemoteProvider, method: str) -> bool:
    return getattr(type(provider), method) is not getattr(RemoteProvider, method)
