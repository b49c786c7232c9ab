"""Which provider works on a generation now: begins its attempts, journals each step, and knows what may follow a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog

from safelight.boundary import Boundary
from safelight.errors import one_sentence
from safelight.estimates import Timing, kind_of
from safelight.generation import Generation
from safelight.providers import Job, NotSent, OutcomeUnknown, ProviderError
from safelight.records import Durability, Step
from safelight.runner.attempts import Attempts
from safelight.runner.deadlines import Deadlines
from safelight.runner.messages import Refused, Said
from safelight.runner.retrying import (
    Again,
    Candidate,
    Failure,
    Route,
    attempts_at_most,
    left_of_wait,
    named,
    still_there,
    what_next,
)
from safelight.runner.scribe import Scribe
from safelight.runner.seating import Seating
from safelight.runner.tools import Tools
from safelight.runner.trials import Trials
from safelight.runner.upstream import Upstream
from safelight.slots import Place, Seat, Turn
from safelight.status import Attempt, Charged, Phase
from safelight.updates import Attempted, Moved, Noted, Stood

log = structlog.get_logger()


class Resting(NotSent):
    """The breaker lets nothing through."""

    retryable = False


class Submissions:
    """
    The attempts of one generation along its route.

    Attributes:
        attempts: What the journal holds of them.
        upstream: The provider of the attempt at work.
        is_waiting: Whether the next attempt is waited for, or its slot, and nothing runs anywhere.
    """

    def __init__(
        self,
        tools: Tools,
        generation: Generation,
        route: Route,
        attempts: Attempts,
        scribe: Scribe,
        deadlines: Deadlines,
        tell: Callable[[Any], None],
        seat: Seat | None,
    ) -> None:
        self.attempts = attempts
        self.is_waiting = False
        self._again: Again | None = None
        self._trials = Trials(tools.breakers)
        self._tools = tools
        self._generation = generation
        self._route = route
        self._scribe = scribe
        self._deadlines = deadlines
        self._tell = tell
        self._former: list[asyncio.Task[None]] = []
        self.upstream = self._upstream()
        self._seating = Seating(tools.slots, generation.owner, tell, seat)
        if seat is None and attempts.job is not None and attempts.newest.step is not Step.OUTCOME:
            self._seating.occupy(self.candidate.instance.name)
        self._scribe.timing = self._timing()

    @property
    def candidate(self) -> Candidate:
        """
        The provider of the attempt at work, and the request it is given.

        After a restart that of the last attempt may be gone; then it is whoever makes the next.
        """
        return named(self.attempts.newest.provider, self._route) or self._planned()

    @property
    def is_unanswered(self) -> bool:
        """Whether a job is being handed in to an upstream, which may have it already."""
        attempts = self.attempts
        return not self.is_waiting and attempts.newest.step is Step.INTENT and attempts.durability is Durability.REMOTE

    async def start(self) -> None:
        """Make the first attempt, or wait for its slot."""
        if self.attempts.is_queued:
            await self.go_on()
        else:
            await self.begin()

    async def begin(self) -> None:
        """Hand in the request of the newest attempt; a provider that is left alone at present is passed by, or waited for."""
        wait = self._trials.wait_seconds(self.candidate.instance.name)
        if not wait:
            if self.attempts.is_queued:
                await self._scribe.tell(Moved(Phase.SUBMITTING), self.attempts.leave_queue(self._scribe.now()))
            self.upstream.submit(self.candidate.request, self.attempts.key)
            return
        sentence = f"The provider '{self.candidate.instance.name}' keeps failing and is left alone for a while."
        if self.candidate is not self._route[-1]:
            self._tell(Said(self.upstream, Refused(Resting(sentence))))
            return
        back = [] if self.attempts.is_queued else [self.attempts.put_back(self._scribe.now())]
        await self._scribe.tell(Noted(sentence), *back)
        self._plan(None, after_seconds=wait)

    def resume(self) -> None:
        """Go on where an earlier process stopped."""
        job, newest = self.attempts.job, self.attempts.newest
        if newest.step is Step.QUEUED:
            self._plan(None, after_seconds=0.0)
        elif newest.step is Step.OUTCOME:
            wait = left_of_wait(newest, self._scribe.now())
            again = Again(provider=self._planned().instance.name, after_seconds=wait, reason=newest.detail or "")
            self._plan(again, after_seconds=wait)
        elif job is not None and self.attempts.durability is Durability.REMOTE:
            log.info("generation_watched_on", generation=self._generation.id, provider=self.upstream.boundary.instance)
            self._deadlines.alive()
            self.upstream.watch(job)
        elif self.attempts.durability is not Durability.REMOTE:
            again = Again(provider=newest.provider, after_seconds=0.0, reason="The service stopped.")
            self._plan(again, after_seconds=0.0)
        else:
            stopped = OutcomeUnknown("The service stopped while it was handing the job in.")
            self._tell(Said(self.upstream, Refused(stopped)))
        if self._scribe.status.phase is Phase.PAUSED:
            self._deadlines.hold()

    async def accept(self, job: Job) -> None:
        """Journal the job, then listen to it."""
        self._trials.accepted(self.candidate.instance)
        self._seating.answered()
        if self._scribe.timing is not None:
            self._scribe.timing.accepted()
        await self._scribe.tell(Moved(Phase.WAITING), self.attempts.accept(job, self._scribe.now()))
        self._deadlines.alive()
        self.upstream.watch(job)

    def heard(self, error: ProviderError) -> None:
        """Note what a failed submission says about the upstream's health."""
        if not isinstance(error, Resting):
            self._trials.failed(self.candidate.instance, error)

    async def follow_up(self, failure: Failure, result: str, *, said: Charged | None) -> bool:
        """Journal the outcome of the attempt at work and plan the next one; False, with nothing done, where there is none."""
        provider = self.attempts.newest.provider
        again = what_next(
            failure,
            self._route,
            provider=provider,
            tries=self.attempts.tries_at(provider),
            policy=self._generation.policy,
            left_seconds=self._deadlines.left_seconds,
        )
        if again is None:
            return False
        now = self._scribe.now()
        outcome = self.attempts.end(
            result,
            now,
            said=said,
            detail=one_sentence(failure.sentence),
            next_provider=again.provider,
            next_at=now + timedelta(seconds=again.after_seconds),
        )
        log.warning(
            "attempt_failed",
            generation=self._generation.id,
            provider=self.upstream.boundary.instance,
            n=outcome.n,
            code=failure.code,
            next_provider=again.provider,
            next_in_seconds=round(again.after_seconds, 3),
        )
        await self._scribe.tell(Noted(again.told(failure)), outcome)
        self.free()
        self._plan(again, after_seconds=again.after_seconds)
        return True

    async def go_on(self) -> None:
        """Make the attempt that was waited for, as soon as there is a slot for it: journal its intent, if that is not done."""
        again = self._again
        candidate = self.candidate if again is None else named(again.provider, self._route) or self.candidate
        if not await self._is_seated(candidate):
            return
        self._again, self.is_waiting = None, False
        self._deadlines.begin()
        if again is not None:
            await self._intend(again, candidate)
        await self.begin()

    async def hear_seat(self, news: Turn | Place) -> None:
        """Take in that it is this one's turn, or where it stands now."""
        if not self.is_waiting or not self._seating.is_taken:
            return
        if isinstance(news, Place):
            await self._stand(news)
        elif self._scribe.status.phase is Phase.PAUSED:
            self.free()  # its turn is somebody else's; it queues again when it goes on
        else:
            await self.go_on()

    def free(self) -> None:
        """Give the slot back, or the place in the queue: nothing runs any more, or nothing will."""
        self._seating.free()

    async def close(self) -> None:
        """Stop whatever still runs, of earlier attempts too; bounded, for the boundary leaves behind what will not stop."""
        self.free()
        self._trials.close()
        self._leave_behind()
        await asyncio.gather(*self._former, return_exceptions=True)
        self._scribe.timing = None
        self._former.clear()

    def _planned(self) -> Candidate:
        """Return who makes the attempt that was planned before a restart."""
        return still_there(self.attempts.turn, self._generation.route, self._route) or self._route[0]

    def _plan(self, again: Again | None, *, after_seconds: float) -> None:
        """Wait before the next attempt, and leave the one before it behind; None stands for the one that is journalled already."""
        if again is not None:
            self._leave_behind()
        self._again = again
        self.is_waiting = True
        self._deadlines.wait(after_seconds)

    async def _is_seated(self, candidate: Candidate) -> bool:
        """Whether there is a slot for the next attempt; else it waits for one, and shows where it stands."""
        name = candidate.instance.name
        if self._seating.take(name, tries=0 if self._again is None else self.attempts.tries_at(name)):
            return True
        self.is_waiting = True
        self._deadlines.stand()
        if (place := self._seating.place) is not None:
            await self._stand(place)
        return False

    async def _stand(self, place: Place) -> None:
        if self._scribe.status.phase is not Phase.PAUSED:
            await self._scribe.tell(Stood(place.position, place.size))

    async def _intend(self, again: Again, candidate: Candidate) -> None:
        """Journal the next attempt's intent."""
        record = self.attempts.intend(candidate.instance, self._scribe.now())
        self.upstream = self._upstream()
        self._scribe.timing = self._timing()
        attempt = Attempt(
            n=record.n,
            of=max(record.n, attempts_at_most(self._route, self._generation.policy)),
            provider=candidate.instance.name,
            model=candidate.request.model,
            reason=one_sentence(again.reason_of(candidate)),
        )
        await self._scribe.tell(Attempted(attempt), record)

    def _leave_behind(self) -> None:
        task = asyncio.create_task(self.upstream.close(), name=f"close:{self._generation.id}")
        self._former.append(task)

    def _timing(self) -> Timing:
        provider, estimates = self.candidate.instance.name, self._tools.estimates
        return Timing(estimates, kind_of(provider, self.candidate.request), lambda: self._seating.wait(estimates, provider))

    def _upstream(self) -> Upstream:
        instance = self.candidate.instance
        prompt, generation = self._generation.request.prompt, self._generation.id
        boundary = Boundary(instance.name, instance.offer.plugin, hidden=prompt, generation=generation)
        poke = self._tools.pokes.expect(self.attempts.key, generation)
        return Upstream(instance, boundary, self._tools.clock, self._generation, self.attempts.n, poke, self._tell)
