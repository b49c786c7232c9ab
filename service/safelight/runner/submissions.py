"""Which provider works on a generation now: begins its attempts, journals each step, and knows what may follow a failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog

from safelight.boundary import Boundary
from safelight.breaker import Breaker
from safelight.errors import one_sentence
from safelight.generation import Generation
from safelight.providers import Job, NotSent, OutcomeUnknown, ProviderError
from safelight.records import Durability, Step
from safelight.runner.attempts import Attempts
from safelight.runner.deadlines import Deadlines
from safelight.runner.messages import Refused, Said
from safelight.runner.retrying import Again, Candidate, Failure, Route, attempts_at_most, what_next
from safelight.runner.scribe import Scribe
from safelight.runner.tools import Tools
from safelight.runner.upstream import Upstream
from safelight.status import Attempt, Charged, Phase
from safelight.updates import Attempted, Moved, Noted

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
        is_waiting: Whether the next attempt is waited for, and nothing runs anywhere.
    """

    def __init__(
        self,
        tools: Tools,
        generation: Generation,
        route: Route,
        attempts: Attempts,
        scribe: Scribe,
        deadlines: Deadlines,
        tell: Callable[[Said], None],
    ) -> None:
        self.attempts = attempts
        self.is_waiting = False
        self._again: Again | None = None
        self._tools = tools
        self._generation = generation
        self._route = route
        self._scribe = scribe
        self._deadlines = deadlines
        self._tell = tell
        self._former: list[asyncio.Task[None]] = []
        self.upstream = self._upstream()

    @property
    def candidate(self) -> Candidate:
        """The provider of the attempt at work, and the request it is given."""
        return self._route[min(self.attempts.newest.place, len(self._route) - 1)]

    async def begin(self) -> None:
        """Hand in the request of the newest intent; a provider that is left alone at present is passed by, or waited for."""
        wait = self._breaker.wait_seconds()
        if not wait:
            self.upstream.submit(self.candidate.request, self.attempts.key)
            return
        sentence = f"The provider '{self.candidate.instance.name}' keeps failing and is left alone for a while."
        if self.attempts.newest.place + 1 < len(self._route):
            self._tell(Said(self.upstream, Refused(Resting(sentence))))
            return
        await self._scribe.tell(Noted(sentence))
        self.is_waiting = True
        self._deadlines.wait(wait)

    def resume(self) -> None:
        """Go on where an earlier process stopped."""
        job, newest = self.attempts.job, self.attempts.newest
        if newest.step is Step.OUTCOME:
            place = newest.place if newest.next_place is None else newest.next_place
            wait = (newest.next_at - self._scribe.now()).total_seconds() if newest.next_at else 0.0
            self._plan(Again(place=place, after_seconds=max(0.0, wait), reason=newest.detail or ""))
        elif job is not None and self.attempts.durability is Durability.REMOTE:
            log.info("generation_watched_on", generation=self._generation.id, provider=self.upstream.boundary.instance)
            self._deadlines.alive()
            self.upstream.watch(job)
        elif self.attempts.durability is not Durability.REMOTE:
            self._plan(Again(place=self.attempts.newest.place, after_seconds=0.0, reason="The service stopped."))
        else:
            stopped = OutcomeUnknown("The service stopped while it was handing the job in.")
            self._tell(Said(self.upstream, Refused(stopped)))
        if self._scribe.status.phase is Phase.PAUSED:
            self._deadlines.hold()

    async def accept(self, job: Job) -> None:
        """Make the job durable, then listen to it."""
        self._breaker.succeeded()
        await self._scribe.tell(Moved(Phase.WAITING), self.attempts.accept(job, self._scribe.now()))
        self._deadlines.alive()
        self.upstream.watch(job)

    def heard(self, error: ProviderError) -> None:
        """Note what a failed submission says about the upstream's health."""
        if isinstance(error, Resting):
            return
        if error.retryable or error.is_sent is None:
            self._breaker.failed()
        elif error.is_sent:
            self._breaker.succeeded()
        else:
            self._breaker.released()

    async def follow_up(self, failure: Failure, result: str, *, said: Charged | None) -> bool:
        """Journal the outcome of the attempt at work and plan the next one; False, with nothing done, where there is none."""
        place = self.attempts.newest.place
        again = what_next(
            failure,
            self._route,
            place=place,
            tries=self.attempts.tries_at(place),
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
            next_place=again.place,
            next_at=now + timedelta(seconds=again.after_seconds),
        )
        log.warning(
            "attempt_failed",
            generation=self._generation.id,
            provider=self.upstream.boundary.instance,
            n=outcome.n,
            code=failure.code,
            next_provider=self._route[again.place].instance.name,
            next_in_seconds=round(again.after_seconds, 3),
        )
        await self._scribe.tell(Noted(_said_of(again, failure)), outcome)
        self._leave_behind()
        self._plan(again)
        return True

    async def go_on(self) -> None:
        """Make the attempt that was waited for: journal its intent, if that is not done, and hand it in."""
        again, self._again, self.is_waiting = self._again, None, False
        self._deadlines.begin()
        if again is None:
            await self.begin()
            return
        candidate = self._route[again.place]
        record = self.attempts.intend(candidate.instance, again.place, self._scribe.now())
        self.upstream = self._upstream()
        attempt = Attempt(
            n=record.n,
            of=max(record.n, attempts_at_most(self._route, self._generation.policy)),
            provider=candidate.instance.name,
            model=candidate.request.model,
            reason=one_sentence(_reason(again, candidate)),
        )
        await self._scribe.tell(Attempted(attempt), record)
        await self.begin()

    async def close(self) -> None:
        """Stop whatever still runs, of earlier attempts too; bounded, for the boundary leaves behind what will not stop."""
        self._leave_behind()
        await asyncio.gather(*self._former, return_exceptions=True)

    @property
    def _breaker(self) -> Breaker:
        return self._tools.breakers[self.candidate.instance.name]

    def _plan(self, again: Again) -> None:
        self._again = again
        self.is_waiting = True
        self._deadlines.wait(again.after_seconds)

    def _leave_behind(self) -> None:
        task = asyncio.create_task(self.upstream.close(), name=f"close:{self._generation.id}")
        self._former.append(task)

    def _upstream(self) -> Upstream:
        instance = self.candidate.instance
        boundary = Boundary(instance.name, instance.offer.plugin, hidden=self._generation.request.prompt)
        poke = self._tools.pokes.expect(self.attempts.key, self._generation.id)
        return Upstream(instance.provider, boundary, self._tools.clock, self._generation, self.attempts.n, poke, self._tell)


def _said_of(again: Again, failure: Failure) -> str:
    """Tell people what comes next."""
    when = f"in {again.after_seconds:.0f} s" if again.after_seconds >= 1 else "now"
    return f"{failure.sentence} The next attempt follows {when}."


def _reason(again: Again, candidate: Candidate) -> str:
    """Tell why there is another attempt, and what it goes without."""
    if not candidate.dropped:
        return again.reason
    return f"{again.reason} This provider goes without {', '.join(candidate.dropped)}."
