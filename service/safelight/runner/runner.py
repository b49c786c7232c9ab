"""One generation from its journalled intent to its journalled end, in bounded time whatever the plugin does."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from safelight.errors import JournalError, NotFound, NotPausable, StorageFull
from safelight.generation import Generation
from safelight.providers import Cancel
from safelight.records import Durability
from safelight.runner import endings
from safelight.runner.arrival import Arrival
from safelight.runner.attempts import Attempts
from safelight.runner.closing import Closing
from safelight.runner.custody import Custody, FromCustody
from safelight.runner.deadlines import Deadlines, Due
from safelight.runner.holding import Holding
from safelight.runner.inbox import Inbox
from safelight.runner.late import Latecomers
from safelight.runner.messages import Accepted, CancelAsked, EndAsked, Found, HoldAsked, Over, Refused, Said, WebhookFailed
from safelight.runner.news import News
from safelight.runner.retrying import Route
from safelight.runner.scribe import Scribe
from safelight.runner.submissions import Submissions
from safelight.runner.tools import Tools
from safelight.runner.wishes import Wishes
from safelight.slots import Place, Seat, Turn
from safelight.status import Charged, Status
from safelight.updates import Ended, Update

log = structlog.get_logger()


class Runner:
    """
    Runs one generation. Everything that happens, whoever says it, comes through one inbox, in one order.

    No plugin code runs in the runner's own task: what hangs or refuses to stop is left behind, and the generation ends.

    Attributes:
        ended: Set once the end is journalled and shown, or can no longer be.
    """

    def __init__(
        self,
        tools: Tools,
        generation: Generation,
        status: Status,
        attempts: Attempts,
        route: Route,
        *,
        epoch: int,
        seat: Seat | None = None,
    ) -> None:
        self.ended = asyncio.Event()
        self._generation = generation
        self._policy = policy = generation.policy
        self._scribe = scribe = Scribe(tools, status, epoch, generation.webhook)
        spent = (tools.clock.now() - generation.created_at).total_seconds()
        self._deadlines = deadlines = Deadlines(policy, spent_seconds=spent)
        self._inbox = Inbox()
        self._work = work = Submissions(tools, generation, route, attempts, scribe, deadlines, self._inbox.put, seat)
        self._custody = custody = Custody(generation.id, tools.outputs, self._inbox.put)
        self._holding = Holding(work, scribe, deadlines)
        self._late = Latecomers(work, scribe, custody)
        self._is_resumed = epoch != status.version.epoch
        is_cancel_asked = status.cancel is Cancel.REQUESTED
        self._closing = closing = Closing(policy, work, custody, scribe, deadlines, is_cancel_asked=is_cancel_asked)
        self._arrival = Arrival(work, closing)
        self._wishes = Wishes(work, scribe, deadlines, closing, self._holding)
        retold = status.outputs if self._is_resumed else ()
        self._news = News(tools.hub, work, custody, scribe, deadlines, closing, self._late, retold=retold)
        self._asking: set[CancelAsked | HoldAsked] = set()

    async def run(self) -> None:
        """Run until the end is journalled and shown, and until what came too late was noted."""
        try:
            await self._arrival.begin(is_resumed=self._is_resumed)
            while not self._scribe.status.is_terminal:
                await self._handle(await self._next())
            self._answer()
            self._work.free()
            endings.log_end(self._scribe.status, self._work.upstream.boundary.instance, self._scribe.ignored)
            await self._late.hear_on(self._inbox, seconds=self._policy.cancel_seconds)
        except (JournalError, NotFound) as error:
            log.error("generation_lost", generation=self._generation.id, code=error.code, error=str(error))  # noqa: TRY400 - the sentence says it all
        except Exception:
            log.exception("runner_failed", generation=self._generation.id)
            await self._custody.close()
            if not self._scribe.status.is_terminal:
                await self._closing.end_ourselves(endings.INTERNAL)
        finally:
            self._answer()
            self._inbox.close()
            try:
                await self._work.close()
            finally:
                await self._custody.close()

    @property
    def is_lasting(self) -> bool:
        """Whether another process can go on with it: its job lives upstream, or there is none, or it may be run again at no cost."""
        attempts, is_allowed = self._work.attempts, self._work.candidate.instance.rerun_interrupted
        may_run_again = is_allowed and attempts.charged is Charged.NO and self._closing.final is None
        return attempts.durability is Durability.REMOTE or attempts.is_queued or may_run_again

    async def cancel(self) -> None:
        """Ask for a cancel; return once the wish is journalled, or cannot be any more. The answer shows on the stream."""
        if self.ended.is_set():
            return
        asked = CancelAsked()
        await self._ask(asked)
        if not asked.is_journalled:
            raise StorageFull("The cancel is under way, but the journal takes nothing now: a crash would forget it.")

    async def hold(self, *, still: bool) -> None:
        """
        Have it held still, or let it go on; return once the upstream does so.

        Raises:
            NotPausable: It cannot be had.
        """
        asked = HoldAsked(still)
        await self._ask(asked)
        if asked.refusal is not None:
            raise asked.refusal
        if self.ended.is_set():
            raise NotPausable("It has ended already.")

    def webhook_failed(self) -> None:
        """Show that the caller's webhook was not taken; the work goes on without."""
        self._inbox.put(WebhookFailed())

    def end(self, ending: Ended) -> None:
        """End it for a reason of the service's own."""
        self._inbox.put(EndAsked(ending))

    async def _ask(self, asked: CancelAsked | HoldAsked) -> None:
        """Put a wish into the inbox and wait until it is answered, or until nobody will."""
        if self.ended.is_set():
            return
        self._inbox.put(asked)
        if self._scribe.is_failing:
            raise StorageFull("The journal takes nothing now; what was asked is heeded when it does, unless the service crashes.")
        self._asking.add(asked)
        try:
            await asked.answered.wait()
        finally:
            self._asking.discard(asked)

    def _answer(self) -> None:
        """Have nobody wait for the end any longer, nor for a wish that it has overtaken."""
        self.ended.set()
        for asked in self._asking:
            asked.answered.set()

    async def _next(self) -> Any:
        """Return the next thing that happened, a deadline among them; meanwhile write what was held back."""
        while True:
            due = self._deadlines.due()
            if due is Due.STALL and self._inbox:
                return self._inbox.take()  # it was the loop that was held up: there are signs of life
            if due is not None:
                return due
            until, flush_at = self._deadlines.next, self._scribe.flush_at
            try:
                return await self._inbox.next(until if flush_at is None else min(until, flush_at))
            except TimeoutError:
                if flush_at is not None and flush_at <= until:
                    await self._scribe.flush()

    async def _handle(self, happened: Any) -> None:
        if isinstance(happened, Said):
            if happened.upstream is not self._work.upstream or self._work.is_waiting:
                await self._late.hear_former(happened.upstream, happened.what)
                return
            happened = happened.what
        match happened:
            case Update():
                await self._news.hear(happened)
            case FromCustody():
                await self._news.hear_custody(happened)
            case Over(fault=Exception() as fault):
                raise fault
            case Over(error):
                await self._news.hear_over(error)
            case Accepted() | Refused() | Found():
                await self._arrival.hear(happened)
            case Turn() | Place():
                await self._work.hear_seat(happened)
            case Due():
                await self._hear_due(happened)
            case _:
                await self._wishes.heed(happened)

    async def _hear_due(self, due: Due) -> None:
        match due:
            case Due.TOTAL:
                await self._closing.end_in_time()
            case Due.STALL:
                await self._closing.end_ourselves(endings.of_stall(self._policy, self._work.upstream.trouble))
            case Due.QUEUE:
                await self._closing.end_ourselves(endings.of_queue(self._policy))
            case Due.CANCEL:
                await self._closing.finish(self._closing.lost or endings.CANCELED)
            case Due.PAUSE:
                await self._holding.end()
            case Due.RETRY:
                await self._work.go_on()
