"""One run of a provider as core follows it, from the submission to its last word, without a service around it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from safelight.boundary import Boundary
from safelight.pokes import Pokes
from safelight.providers import Job, LocalProvider, Provider, RemoteProvider, Request, Update
from safelight.runner.follow import Following, SignOfLife
from safelight.runner.local import LocalRun

KEY = "0123456789abcdef" * 2
_SECONDS = 20.0


@attrs.define
class Heard:
    """
    What a provider said of one run.

    Attributes:
        job: The handle it gave.
        updates: Every update, in order.
    """

    job: Job
    updates: list[Update] = attrs.field(factory=list)


def as_remote(provider: Provider) -> RemoteProvider:
    """Return a provider in the one form that core knows."""
    boundary = Boundary(provider.name, "conformance")
    if isinstance(provider, LocalProvider):
        return LocalRun(provider, boundary, provider.resources.clock)
    assert isinstance(provider, RemoteProvider)
    return provider


async def submitted(provider: RemoteProvider, request: Request[Any, Any], key: str = KEY) -> Job:
    """Hand a request in, as core does."""
    if isinstance(provider, LocalRun) and (job := provider.begin(request, key)) is not None:
        return job
    return await Boundary(provider.name, "conformance").call("submit", lambda: provider.submit(request, key), seconds=_SECONDS)


async def heard(provider: RemoteProvider, job: Job) -> Heard:
    """
    Follow a job to its end.

    Raises:
        ProviderError: It was lost from sight.
        TimeoutError: It did not end.
    """
    found = Heard(job)

    async def take(update: Update) -> None:
        if not isinstance(update, SignOfLife):
            found.updates.append(update)

    async with asyncio.timeout(_SECONDS):
        work = provider.follow(take) if isinstance(provider, LocalRun) else _following(provider, job, take).run()
        if (error := await work) is not None:
            raise error
    return found


def _following(provider: RemoteProvider, job: Job, take: Callable[[Update], Awaitable[None]]) -> Following:
    return Following(
        provider,
        job,
        Boundary(provider.name, "conformance"),
        Pokes().expect(KEY, "conformance"),
        rest_seconds=lambda: 0.0,
        stall_seconds=_SECONDS,
        take=take,
    )


async def run(provider: Provider, request: Request[Any, Any]) -> Heard:
    """Hand a request in and follow it to its end; a local run is let go of at last."""
    remote = as_remote(provider)
    try:
        return await heard(remote, await submitted(remote, request))
    finally:
        if isinstance(remote, LocalRun):
            await remote.close()
