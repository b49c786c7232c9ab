"""One run of a provider as core follows it, from the submission to its last word, with nothing masked or left out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import attrs

from safelight.boundary import Boundary
from safelight.pokes import Pokes
from safelight.providers import Job, LocalProvider, Provider, ProviderError, RemoteProvider, Request, Update
from safelight.runner.follow import Following, SignOfLife, overrides
from safelight.runner.local import LocalRun

KEY = "0123456789abcdef" * 2
AtFirst: TypeAlias = Callable[[RemoteProvider, Job], Awaitable[Any]]
"""What is done when the first word of a run is said."""
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


class _Glass(Boundary):
    """A border that hides nothing, so that a law sees what core would mend."""

    def checked(self, update: Any) -> Any:
        return update

    def _scrubbed(self, what: str, error: ProviderError) -> ProviderError:  # noqa: ARG002 - as its base has it
        return error


def as_remote(provider: Provider) -> RemoteProvider:
    """Return a provider in the one form that core knows."""
    if isinstance(provider, LocalProvider):
        return LocalRun(provider, _glass(provider), provider.resources.clock, provider.capabilities)
    assert isinstance(provider, RemoteProvider)
    return provider


async def submitted(provider: RemoteProvider, request: Request[Any, Any], key: str = KEY) -> Job:
    """Hand a request in, as core does."""
    if isinstance(provider, LocalRun) and (job := provider.begin(request, key)) is not None:
        return job
    return await _glass(provider).call("submit", lambda: provider.submit(request, key), seconds=_SECONDS)


async def heard(provider: RemoteProvider, job: Job, *, at_first: AtFirst | None = None) -> Heard:
    """
    Follow a job to its end.

    Args:
        at_first: Is done when the first word is said.

    Raises:
        ProviderError: It was lost from sight.
        TimeoutError: It did not end.
    """
    found = Heard(job)
    acts: list[asyncio.Future[Any]] = []

    async def take(update: Update) -> None:
        if isinstance(update, SignOfLife):
            return
        found.updates.append(update)
        if at_first is not None and not acts:
            acts.append(asyncio.ensure_future(at_first(provider, job)))

    async with asyncio.timeout(_SECONDS):
        work = provider.follow(take) if isinstance(provider, LocalRun) else _following(provider, job, take).run()
        if (error := await work) is not None:
            raise error
        await asyncio.gather(*acts)
    return found


def _glass(provider: Provider) -> Boundary:
    return _Glass(provider.name, "conformance")


def _following(provider: RemoteProvider, job: Job, take: Callable[[Update], Awaitable[None]]) -> Following:
    return Following(
        provider,
        job,
        _glass(provider),
        Pokes().expect(KEY, "conformance"),
        poll_seconds=provider.capabilities.poll_seconds,
        rest_seconds=lambda: 0.0,
        stall_seconds=_SECONDS,
        take=take,
    )


async def run_by_one_voice(provider: Provider, request: Request[Any, Any]) -> list[Update]:
    """Return what is said of a run in the order it is said in: where a watch and polls are merged, an answer may be overtaken."""
    if not (isinstance(provider, RemoteProvider) and overrides(provider, "watch")):
        return (await run(provider, request)).updates
    job, updates = await submitted(provider, request), list[Update]()
    try:
        async with asyncio.timeout(_SECONDS):
            async for update in provider.watch(job):
                updates.append(update)
    except ProviderError as error:
        if not (error.retryable and overrides(provider, "poll")):  # else core goes on with polls
            raise
    return updates


async def run(provider: Provider, request: Request[Any, Any], *, at_first: AtFirst | None = None) -> Heard:
    """Hand a request in and follow it to its end; a local run is let go of at last."""
    remote = as_remote(provider)
    try:
        return await heard(remote, await submitted(remote, request), at_first=at_first)
    finally:
        if isinstance(remote, LocalRun):
            await remote.close()
