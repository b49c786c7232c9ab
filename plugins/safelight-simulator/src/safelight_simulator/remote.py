"""The simulator as a remote provider: the script is played by an upstream of its own, watched and polled from here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import ClassVar, Self

from safelight.providers import (
    Cancel,
    CancelKind,
    Durability,
    Job,
    ProviderUnavailable,
    RemoteProvider,
    Request,
    Resources,
    Unsupported,
    Update,
)
from safelight_simulator.books import Books
from safelight_simulator.bounds import check_bounds
from safelight_simulator.desk import hand_in
from safelight_simulator.ears import Ears
from safelight_simulator.options import CancelAnswer, RemoteOptions
from safelight_simulator.params import Params, scene_of
from safelight_simulator.scenarios import plan_of
from safelight_simulator.settings import RemoteSettings, capabilities
from safelight_simulator.stage import HungUp, Stage, stand_still
from safelight_simulator.timeline import Beat
from safelight_simulator.upstream import Upstream
from safelight_simulator.work import Work

LAG_SECONDS = 1.0
"""How long a job that was asked to stop takes to do so."""

_Request = Request[Params, RemoteOptions]


class RemoteSimulator(RemoteProvider):
    """Plays a scenario or a script as an upstream with jobs of its own would: paid, followed, canceled, found again."""

    name = "simulator-remote"
    Settings: ClassVar[type] = RemoteSettings
    Params: ClassVar[type] = Params
    Options: ClassVar[type] = RemoteOptions

    def __new__(cls, settings: RemoteSettings, resources: Resources) -> Self:  # noqa: ARG004
        """Core sees by the class whether an instance can be watched and polled, so `push` chooses one."""
        return super().__new__(_PUSHES[settings.push] if cls is RemoteSimulator else cls)  # type: ignore[return-value]  # a subclass of this very class

    def __init__(self, settings: RemoteSettings, resources: Resources) -> None:
        super().__init__(settings, resources)
        self.capabilities = capabilities(settings)
        self._books = Books(resources.folder, resources.clock)
        is_lasting = settings.durability is Durability.REMOTE
        self._upstream = Upstream(self._books, resources.spawn, is_lasting=is_lasting)
        self._lifetime = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._books)
            await self._upstream.reopen(self.resources.clock.now())
            self._lifetime = stack.pop_all()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._lifetime.aclose()

    async def submit(self, request: _Request, key: str) -> Job:
        """Open a job, and give the script's answer."""
        plan = plan_of(request.options, request.params)
        if not self.settings.hazards:
            check_bounds(plan.acts, scene_of(request), self.resources.instance)
        return Job(await hand_in(self._books, request, plan, lambda: self._upstream.accept(request, key)))

    async def watch(self, job: Job) -> AsyncIterator[Update]:
        """Yield where the job stands, then what happens as it happens."""
        work, ears = await self._find(job), Ears()
        stage = self._stage(work, ears)
        try:
            async with aclosing(work.follow(ears)) as beats:
                async for beat in beats:
                    said = await stage.play(beat)
                    if said is not None:
                        yield said
        except HungUp:
            return

    async def poll(self, job: Job) -> Sequence[Update]:
        """Return where the job stands."""
        work = await self._find(job)
        stage = self._stage(work, Ears())
        # a poll is one call: there is no stream to end, and no wait to be deaf in
        said = [await stage.play(beat) for beat in work.standing() if beat.act.do not in {"hangup", "deaf"}]
        return [update for update in said if update is not None]

    async def cancel(self, job: Job) -> Cancel:
        """Answer as the options say, else as the settings promise."""
        work = await self._find(job)
        options: RemoteOptions = work.request.options
        answer = options.cancel or self._promised(work)
        await asyncio.sleep(options.cancel_seconds)
        return await _ANSWERS[answer](self._upstream, work)

    async def pause(self, job: Job) -> None:
        """Hold the job still."""
        await self._upstream.hold(await self._find(job))

    async def resume(self, job: Job) -> None:
        """Let the job go on."""
        await self._upstream.go_on(await self._find(job))

    async def _find(self, job: Job) -> Work:
        return await self._upstream.find(job.id, self.resources.clock.now())

    def _stage(self, work: Work, ears: Ears) -> Stage:
        async def strikes(beat: Beat) -> bool:
            return await self._books.strikes(work.id, str(beat.place), beat.act.times)

        return Stage(work.scene, ears, self.resources.spawn, strikes)

    def _promised(self, work: Work) -> CancelAnswer:
        match self.capabilities.cancel:
            case CancelKind.NONE:
                return "unsupported"
            case CancelKind.REQUESTED:
                return "requested"
            case CancelKind.QUEUED_ONLY if not work.is_waiting:
                return "too_late"
            case _:
                return "confirmed"


class _WatchOnly(RemoteSimulator):
    name = RemoteSimulator.name
    poll = RemoteProvider.poll


class _PollOnly(RemoteSimulator):
    name = RemoteSimulator.name
    watch = RemoteProvider.watch


class _Both(RemoteSimulator):
    name = RemoteSimulator.name


_PUSHES: dict[str, type[RemoteSimulator]] = {"watch": _WatchOnly, "poll": _PollOnly, "both": _Both}


async def _confirmed(upstream: Upstream, work: Work) -> Cancel:
    if work.has_ended:
        return Cancel.CONFIRMED if work.end.act.do == "canceled" else Cancel.TOO_LATE
    await upstream.stop(work, 0.0)
    return Cancel.CONFIRMED


async def _requested(upstream: Upstream, work: Work) -> Cancel:
    if not work.has_ended:
        await upstream.stop(work, LAG_SECONDS)
        return Cancel.REQUESTED
    return await _confirmed(upstream, work)


async def _too_late(_: Upstream, __: Work) -> Cancel:
    return Cancel.TOO_LATE


async def _unsupported(_: Upstream, __: Work) -> Cancel:
    raise Unsupported("The simulated upstream cannot cancel.")


async def _error(_: Upstream, __: Work) -> Cancel:
    raise ProviderUnavailable("The simulated upstream failed to answer the cancel.")


async def _hang(_: Upstream, __: Work) -> Cancel:
    await stand_still()


_ANSWERS: dict[CancelAnswer, Callable[[Upstream, Work], Awaitable[Cancel]]] = {
    "confirmed": _confirmed,
    "requested": _requested,
    "too_late": _too_late,
    "unsupported": _unsupported,
    "error": _error,
    "hang": _hang,
}
