"""One generation from its journalled intent to its journalled end, in bounded time whatever the plugin does."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import structlog

from safelight.errors import JournalError, NotFound, NotPausable, SafelightError, StorageFull
from safelight.fold import fold
from safelight.generation import Generation
from safelight.providers import Cancel, Job, NotSent, ProviderError
from safelight.records import Durability
from safelight.runner import endings
from safelight.runner.attempts import Attempts
from safelight.runner.custody import Custody, FromCustody
from safelight.runner.deadlines import Deadlines, Due
from safelight.runner.follow import SignOfLife
from safelight.runner.holding import Holding
from safelight.runner.inbox import Inbox
from safelight.runner.late import Latecomers
from safelight.runner.messages import (
    Accepted,
    CancelAnswered,
    CancelAsked,
    EndAsked,
    Found,
    HoldAnswered,
    HoldAsked,
    Over,
    Refused,
    Said,
)
from safelight.runner.retrying import Failure, Route
from safelight.runner.scribe import Scribe
from safelight.runner.submissions import Submissions
from safelight.runner.tools import Tools
from safelight.status import Outcome, Output, Phase, State, Status
from safelight.updates import Canceled, CancelMoved, Ended, Failed, Logged, Moved, Previewed, Produced, Succeeded, Update

log = structlog.get_logger()

_End = Succeeded | Failed | Canceled | Ended


class Runner:
    """
    Runs one generation. Everything that happens, whoever says it, comes through one inbox, in one order.

    No plugin code runs in the runner's own task: what hangs or refuses to stop is left behind, and the generation ends.

    Attributes:
        ended: Set once the end is journalled and shown, or can no longer be.
    """

    def __init__(
        self, tools: Tools, generation: Generation, status: Status, attempts: Attempts, route: Route, *, epoch: int
    ) -> None:
        self.ended = asyncio.Event()
        self._generation = generation
        self._hub = tools.hub
        self._scribe = Scribe(tools, status, epoch, generation.webhook)
        spent = (tools.clock.now() - generation.created_at).total_seconds()
        self._deadlines = Deadlines(generation.policy, spent_seconds=spent)
        self._inbox = Inbox()
        self._work = Submissions(tools, generation, route, attempts, self._scribe, self._deadlines, self._inbox.put)
        self._custody = Custody(generation.id, tools.outputs, self._inbox.put)
        self._holding = Holding(self._work, self._scribe, self._deadlines)
        self._late = Latecomers(self._work, self._scribe, self._custody)
        self._final: _End | None = None
        self._is_cancel_asked = status.cancel is Cancel.REQUESTED
        self._is_resumed = epoch != status.version.epoch
        self._retold = list(status.outputs) if self._is_resumed else []
        self._unclear: ProviderError | None = None
        self._asking: set[CancelAsked | HoldAsked] = set()

    async def run(self) -> None:
        """Run until the end is journalled and shown, and until what came too late was noted."""
        try:
            await self._begin()
            while not self._scribe.status.is_terminal:
                await self._handle(await self._next())
            self.ended.set()
            endings.log_end(self._scribe.status, self._instance, self._scribe.ignored)
            await self._late.hear_on(self._inbox, seconds=self._generation.policy.cancel_seconds)
        except (JournalError, NotFound) as error:
            log.error("generation_lost", generation=self._generation.id, code=error.code, error=str(error))  # noqa: TRY400 - the sentence says it all
        except Exception:
            log.exception("runner_failed", generation=self._generation.id)
            await self._custody.close()
            if not self._scribe.status.is_terminal:
                await self._finish(endings.INTERNAL)
        finally:
            self.ended.set()
            self._inbox.close()
            for asked in self._asking:
                asked.answered.set()
            try:
                await self._work.close()
            finally:
                await self._custody.close()

    @property
    def durability(self) -> Durability:
        """What the job depends on."""
        return self._work.attempts.durability

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
        await asked.answered.wait()
        self._asking.discard(asked)

    # What happens next

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
        match happened:
            case Said(upstream, what) if upstream is self._work.upstream and not self._work.is_waiting:
                await self._handle(what)
            case Said(upstream, what):
                await self._late.hear_former(upstream, what)
            case Update():
                await self._hear(happened)
            case FromCustody():
                self._custody.heard(happened)
                await self._hear_custody(happened.result)
            case Accepted(job):
                await self._accept(job)
            case Refused(error):
                await self._hear_refused(error)
            case Found():
                await self._hear_found(happened)
            case Over(error):
                await self._hear_over(error)
            case Due():
                await self._hear_due(happened)
            case _:
                await self._heed(happened)

    async def _heed(self, wish: Any) -> None:
        """Take in what somebody wants of a running generation, or the upstream's answer to it."""
        match wish:
            case CancelAsked():
                await self._ask_cancel()
                wish.is_journalled = not self._scribe.is_failing
                wish.answered.set()
            case CancelAnswered(answer):
                await self._hear_cancel(answer)
            case HoldAsked():
                await self._holding.ask(wish, is_ending=self._final is not None or self._is_cancel_asked)
            case HoldAnswered(asked):
                if self._final is not None and asked.refusal is None:
                    asked.refusal = NotPausable("It is coming to its end already.")
                await self._holding.answered(asked)
            case EndAsked(ending):
                await self._leave(ending)

    async def _hear(self, update: Update) -> None:
        self._work.upstream.took()
        self._is_alive()
        if self._final is not None:
            await self._late.note(self._work.attempts.n, update)  # it has said how it ended: only custody moves it now
            return
        match update:
            case Produced():
                self._custody.keep(update, self._work.upstream)
                self._deadlines.suspend_stall()  # what is awaited now is our own store
            case Previewed():
                self._custody.preview(update, self._work.upstream)
            case Logged():
                await self._hear_log(update)
            case SignOfLife():
                pass
            case Failed():
                await self._conclude(update, endings.failure_of(update, self._work.attempts), endings.FAILED)
            case Succeeded() | Canceled():
                await self._finish(update)
            case _:
                await self._scribe.tell(update)
                self._mind_queue()

    async def _hear_log(self, update: Logged) -> None:
        log.info(
            "provider_logged",
            generation=self._generation.id,
            provider=self._instance,
            line=self._work.upstream.boundary.masked(update.line),
        )
        await self._hub.tell(self._generation.id, self._scribe.now(), update.line)

    async def _hear_custody(self, result: Update | SafelightError) -> None:
        self._is_alive()
        if isinstance(result, SafelightError):
            await self._end_ourselves(endings.of_error(result))
            return
        if not self._is_retold(result):
            await self._scribe.tell(result)
        if self._final is not None:
            await self._finish(self._final)

    def _is_retold(self, result: Update) -> bool:
        """Whether it is an output that was kept before a restart: a job that is watched on tells its story from the start."""
        if not self._retold or not isinstance(result, Produced) or not isinstance(result.content, Output):
            return False
        kept = self._retold.pop(0)
        return kept.sha256 == result.content.sha256

    async def _hear_over(self, error: ProviderError | None) -> None:
        if error is not None and self._final is None:
            failure = endings.failure_while_running(error, self._work.attempts)
            await self._conclude(endings.of_error(error), failure, endings.FAILED)

    async def _hear_due(self, due: Due) -> None:
        policy = self._generation.policy
        match due:
            case Due.TOTAL:
                await self._end_ourselves(endings.of_total(policy))
            case Due.STALL:
                await self._end_ourselves(endings.of_stall(policy))
            case Due.QUEUE:
                await self._end_ourselves(endings.of_queue(policy))
            case Due.CANCEL:
                await self._finish(endings.CANCELED)
            case Due.PAUSE:
                await self._holding.end()
            case Due.RETRY:
                await self._work.go_on()

    def _is_alive(self) -> None:
        if not self._custody.is_busy:
            self._deadlines.alive()

    def _mind_queue(self) -> None:
        if self._scribe.status.phase is Phase.QUEUED:
            self._deadlines.queued()
        elif self._scribe.status.state is State.PROCESSING:
            self._deadlines.working()

    # Submitting

    async def _begin(self) -> None:
        if not self._is_resumed:
            await self._work.begin()
            return
        self._work.resume()
        if self._is_cancel_asked and self._work.is_waiting:
            await self._finish(Canceled())
        elif self._is_cancel_asked and self._work.upstream.has_job:
            self._work.upstream.cancel()

    async def _accept(self, job: Job) -> None:
        await self._work.accept(job)
        if self._is_cancel_asked:
            self._work.upstream.cancel()

    async def _hear_refused(self, error: ProviderError) -> None:
        self._work.heard(error)
        ending, result = endings.of_submission(error, self._work.attempts.newest)
        if result == endings.UNKNOWN and self._work.upstream.can_find:
            self._unclear = error
            self._work.upstream.find(self._work.attempts.key)
            return
        failure = endings.failure_to_submit(error, result, is_unknown_retried=self._work.candidate.instance.is_unknown_retried)
        await self._conclude(ending, failure, result)

    async def _hear_found(self, found: Found) -> None:
        """Go on with a job that had arrived; one that surely had not was never sent."""
        if found.job is not None:
            await self._accept(found.job)
            return
        assert self._unclear is not None  # noqa: S101 - it was asked for because of that
        error = self._unclear if found.error else NotSent(str(self._unclear))
        ending, result = endings.of_submission(error, self._work.attempts.newest)
        failure = endings.failure_to_submit(error, result, is_unknown_retried=self._work.candidate.instance.is_unknown_retried)
        await self._conclude(ending, failure, result)

    async def _conclude(self, ending: Failed | Ended, failure: Failure, result: str) -> None:
        """End the attempt; and with it the generation, unless another attempt may follow."""
        is_begun = self._custody.is_busy or self._scribe.status.outputs
        if is_begun or self._is_cancel_asked or not await self._work.follow_up(failure, result, said=ending.charged):
            await self._finish(ending, result)

    # Canceling

    async def _ask_cancel(self) -> None:
        if self._is_cancel_asked:
            return
        self._is_cancel_asked = True
        await self._scribe.tell(CancelMoved(Cancel.REQUESTED))
        if self._work.is_waiting:
            await self._finish(Canceled())  # between two attempts nothing runs anywhere
        elif self._work.upstream.has_job:
            self._work.upstream.cancel()

    async def _hear_cancel(self, answer: Cancel) -> None:
        if self._final is not None:
            return  # it had ended by itself already; fold says that the wish came too late
        if answer is Cancel.CONFIRMED:
            await self._finish(Canceled())
        elif answer is Cancel.REQUESTED:
            self._deadlines.canceling()
        else:
            await self._scribe.tell(CancelMoved(answer))

    # Ending

    async def _leave(self, ending: Ended) -> None:
        """End it because the service leaves: the upstream is asked to stop, but not waited for."""
        if self._work.upstream.has_job and not self._is_cancel_asked:
            self._work.upstream.cancel()
        await self._finish(ending)

    async def _end_ourselves(self, ending: Ended) -> None:
        """End it for a reason of ours; before that, the upstream is asked to stop. Where it has, another may take over."""
        answer = None
        if self._work.upstream.is_talking and self._final is None:
            answer = await self._work.upstream.canceled()
        if ending.outcome is Outcome.EXPIRED and self._deadlines.left_seconds > 0 and answer is Cancel.CONFIRMED:
            await self._conclude(ending, endings.failure_after_cancel(ending), endings.FAILED)
        else:
            await self._finish(ending)

    async def _finish(self, update: _End, result: str | None = None) -> None:
        """Write the end, with the attempt's outcome, in one step; a success waits until everything is kept."""
        if isinstance(update, Succeeded | Failed) and self._custody.is_busy:
            self._final = update
            self._deadlines.end_canceling()
            await self._scribe.tell(Moved(Phase.SAVING))
            return
        if isinstance(update, Succeeded) and not self._scribe.status.outputs and await self._is_tried_again(update):
            return
        said = update.charged or (self._final.charged if self._final else None)  # a bill stays true even if the saving fails
        now = self._scribe.now()
        ended = fold(self._scribe.status, update, now)
        outcome = self._work.attempts.conclude(result or str(ended.outcome), now, said=said, detail=ended.error)
        await self._scribe.tell(attrs.evolve(update, charged=self._work.attempts.charged), *outcome)

    async def _is_tried_again(self, update: Succeeded) -> bool:
        """Whether an empty success is tried again, which it is once and only where it cost nothing."""
        failure = endings.failure_of_nothing(update, self._work.attempts)
        return not self._is_cancel_asked and await self._work.follow_up(failure, endings.EMPTY, said=update.charged)

    @property
    def _instance(self) -> str:
        return self._work.upstream.boundary.instance
