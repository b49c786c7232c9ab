"""Owns the runners: starts them, keeps them apart, ends what an earlier process left, and leaves in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import attrs
import structlog

from safelight.fold import fold
from safelight.generation import Generation
from safelight.ports import Unfinished
from safelight.records import Durability, StatusRecord, Step
from safelight.runner import INTERNAL, INTERRUPTED, NEVER_SENT, Attempts, Route, Runner, Tools, named, owing, still_there
from safelight.slots import Seat
from safelight.status import Charged, Status
from safelight.updates import Ended

log = structlog.get_logger()

_GONE = "The service stopped while this was running, and its provider '%s' is not available any more."

RouteOf = Callable[[Unfinished], Route]


@attrs.frozen(kw_only=True)
class Recovered:
    """How many generations of an earlier process were taken over, which these are, and how many had to be ended."""

    generations: tuple[Generation, ...]
    interrupted: int

    @property
    def resumed(self) -> int:
        """How many were taken over."""
        return len(self.generations)


class Supervisor:
    """The runners of this process; `name` is what it claims generations under."""

    def __init__(self, tools: Tools, name: str) -> None:
        self._tools = tools
        self._name = name
        self._runners: dict[str, Runner] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def recover(self, route_of: RouteOf) -> Recovered:
        """
        Take over what was unfinished when the last process died.

        A job that lives upstream is watched on, and what can have cost nothing is run again where the operator allows
        it; the rest ends, honestly, before this returns. Where it fails half-way, what runs by then is parked again.

        Args:
            route_of: Gives the providers for a generation of the journal; empty where none can be had any more.

        Raises:
            JournalError: What was left cannot be read, or not be claimed or ended.
        """
        unfinished = sorted(await self._tools.journal.unfinished(), key=_is_queued)  # slots are taken before any is given out
        try:
            resumed = [left.generation for left in unfinished if await self._take_over(left, route_of(left))]
        except BaseException:
            await self.leave(grace_seconds=0.0)  # nobody else knows of them yet
            raise
        return Recovered(generations=tuple(resumed), interrupted=len(unfinished) - len(resumed))

    def start(
        self,
        generation: Generation,
        status: Status,
        attempts: Attempts,
        route: Route,
        *,
        epoch: int,
        seat: Seat | None = None,
    ) -> None:
        """
        Run a generation that is journalled, in a task of its own; one that cannot be run, for a fault of ours, is ended.

        Args:
            seat: What it has taken at its first provider; None for one of an earlier process.
        """
        try:
            runner = Runner(self._tools, generation, status, attempts, route, epoch=epoch, seat=seat)
        except Exception:
            log.exception("runner_failed", generation=generation.id)
            if seat is not None:
                seat.leave()
            result = NEVER_SENT if epoch == status.version.epoch else "interrupted"
            work = self._end(generation, status, attempts, INTERNAL, epoch=epoch, result=result)
        else:
            self._runners[generation.id] = runner
            work = runner.run()
        task = asyncio.create_task(_run(generation.id, work), name=f"run:{generation.id}")
        self._tasks[generation.id] = task
        task.add_done_callback(lambda _: self._forget(generation.id))

    def find(self, generation_id: str) -> Runner | None:
        """Return the runner of a generation that runs here."""
        return self._runners.get(generation_id)

    def webhook_failed(self, generation_id: str) -> None:
        """Show, while a generation runs here, that its caller's webhook was not taken; an ended one says no more."""
        runner = self._runners.get(generation_id)
        if runner is not None and not runner.ended.is_set():
            runner.webhook_failed()

    async def dismiss(self, generation_id: str) -> None:
        """Have nobody listen any longer for what comes late of an ended generation, which nobody will remember."""
        runner, task = self._runners.get(generation_id), self._tasks.get(generation_id)
        if runner is not None and task is not None:
            await runner.ended.wait()
            task.cancel()
            await asyncio.wait({task})

    async def leave(self, *, grace_seconds: float) -> None:
        """
        Let what runs end by itself for a while, then end what cannot outlive this process, and park the rest.

        What is parked stays journalled as unfinished.
        """
        await self._wait(grace_seconds)
        for runner in self._runners.values():
            if not runner.is_lasting:
                runner.end(INTERRUPTED)
        await self._wait(1.0)
        while tasks := list(self._tasks.values()):  # and those whose create was under way
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)  # which lets the loop turn, whether they are done already or not

    async def _take_over(self, left: Unfinished, route: Route) -> bool:
        """Claim a generation and run it on, or end it where that cannot be; whether it runs."""
        epoch = await self._tools.journal.claim(left.generation.id, self._name)
        attempts = Attempts(left.attempts)
        if not _can_go_on(attempts, route, left.generation):
            await self._interrupt(left, attempts, route, epoch)
            return False
        self._tools.hub.open(left.status, left.generation.owner)
        self.start(left.generation, left.status, attempts, route, epoch=epoch)
        return True

    async def _wait(self, seconds: float) -> None:
        running = [runner for runner in self._runners.values() if not runner.ended.is_set()]
        if not running:
            return
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(runner.ended.wait() for runner in running))
        except TimeoutError:
            log.info("runners_remain", count=sum(not runner.ended.is_set() for runner in running), waited_seconds=seconds)

    def _forget(self, generation_id: str) -> None:
        self._runners.pop(generation_id, None)
        del self._tasks[generation_id]

    async def _interrupt(self, left: Unfinished, attempts: Attempts, route: Route, epoch: int) -> None:
        generation = left.generation
        why = INTERRUPTED.error if named(attempts.turn, route) else _GONE % attempts.turn
        ending = attrs.evolve(INTERRUPTED, error=why)
        await self._end(generation, left.status, attempts, ending, epoch=epoch, result="interrupted")
        log.info("generation_interrupted", generation=generation.id, provider=generation.provider, charged=attempts.charged)

    async def _end(
        self, generation: Generation, status: Status, attempts: Attempts, ending: Ended, *, epoch: int, result: str
    ) -> None:
        """Write down an end that there is no runner for, and what is owed of it; show it to whoever looks."""
        now = self._tools.clock.now()
        records = attempts.conclude(result, now, said=None, detail=None)
        ended = fold(status, attrs.evolve(ending, charged=attempts.charged), now).but(version=status.version.next(epoch))
        delivery = owing(generation.webhook, status, ended, now)
        told = StatusRecord(status=ended)
        await self._tools.journal.append(generation.id, epoch, told, *records, durable=True, delivery=delivery)
        if self._tools.hub.newest(generation.id) is not None:
            self._tools.hub.post(ended)
        self._tools.owed.set()


async def _run(generation_id: str, work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("runner_failed", generation=generation_id)


def _is_queued(left: Unfinished) -> bool:
    return bool(left.attempts) and left.attempts[-1].step is Step.QUEUED


def _can_go_on(attempts: Attempts, route: Route, generation: Generation) -> bool:
    """Whether a generation can be taken over: its job outlived the process, or it may be run again at nobody's cost."""
    newest = attempts.newest
    if newest.step is Step.OUTCOME:
        return still_there(attempts.turn, generation.route, route) is not None
    candidate = named(newest.provider, route)
    if candidate is None:
        return False
    if attempts.is_queued:
        return not candidate.is_watched_only
    if attempts.durability is Durability.REMOTE:
        return True
    is_tried_out = attempts.tries_at(newest.provider) >= generation.policy.attempts  # it may be what stops the service, each time
    is_allowed = candidate.instance.rerun_interrupted and not candidate.is_watched_only
    return is_allowed and not is_tried_out and attempts.charged is Charged.NO
