"""One generation from its journalled intent to its journalled end, in bounded time whatever the plugin does."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import structlog

from safelight.boundary import Boundary
from safelight.errors import JournalError, NotFound, NotPausable, SafelightError, StorageFull
from safelight.fold import fold
from safelight.generation import Generation, Request
from safelight.providers import Cancel, Job, Provider, ProviderError
from safelight.records import AttemptRecord, Durability, LateRecord, Step, charged
from safelight.runner import endings
from safelight.runner.custody import Custody, FromCustody
from safelight.runner.deadlines import Deadlines, Due
from safelight.runner.follow import ENDS, SignOfLife
from safelight.runner.messages import Accepted, CancelAnswered, CancelAsked, EndAsked, HoldAnswered, HoldAsked, Over, Refused
from safelight.runner.scribe import Scribe
from safelight.runner.tools import Tools
from safelight.runner.upstream import Upstream
from safelight.status import Phase, State, Status
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
        self,
        tools: Tools,
        generation: Generation,
        status: Status,
        intent: AttemptRecord,
        *,
        provider: Provider,
        boundary: Boundary,
        request: Request[Any, Any],
    ) -> None:
        self.ended = asyncio.Event()
        self._generation = generation
        self._request = request
        self._attempts = [intent]
        self._scribe = Scribe(tools, status, status.version.epoch)
        self._deadlines = Deadlines(generation.policy)
        self._inbox: asyncio.Queue[Any] = asyncio.Queue()
        self._hub = tools.hub
        self._upstream = Upstream(provider, boundary, tools.clock, generation, self._inbox.put_nowait)
        self._custody = Custody(generation.id, tools.outputs, provider.resources.session, boundary, self._inbox.put_nowait)
        self._final: _End | None = None
        self._is_cancel_asked = False
        self._asking: set[CancelAsked | HoldAsked] = set()

    async def run(self) -> None:
        """Run until the end is journalled and shown, and until what came too late was noted."""
        self._upstream.submit(self._request, self._attempts[0].key)
        try:
            while not self._scribe.status.is_terminal:
                await self._handle(await self._next())
            self.ended.set()
            endings.log_end(self._scribe.status, self._upstream.boundary.instance, self._scribe.ignored)
            await self._hear_late()
        except (JournalError, NotFound) as error:
            log.error("generation_lost", generation=self._generation.id, code=error.code, error=str(error))  # noqa: TRY400 - the sentence says it all
        except Exception:
            log.exception("runner_failed", generation=self._generation.id)
            await self._custody.close()
            if not self._scribe.status.is_terminal:
                await self._finish(endings.INTERNAL)
        finally:
            self.ended.set()
            for asked in self._asking:
                asked.answered.set()
            try:
                await self._upstream.close()
            finally:
                await self._custody.close()

    @property
    def durability(self) -> Durability:
        """What the job depends on."""
        return self._attempts[0].durability

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
        self._inbox.put_nowait(EndAsked(ending))

    async def _ask(self, asked: CancelAsked | HoldAsked) -> None:
        """Put a wish into the inbox and wait until it is answered, or until nobody will."""
        if self.ended.is_set():
            return
        self._inbox.put_nowait(asked)
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
            if due is Due.STALL and not self._inbox.empty():
                return self._inbox.get_nowait()  # it was the loop that was held up: there are signs of life
            if due is not None:
                return due
            flush_at = self._scribe.flush_at
            try:
                async with asyncio.timeout_at(min(self._deadlines.next, flush_at or self._deadlines.next)):
                    return await self._inbox.get()
            except TimeoutError:
                if flush_at is not None and flush_at <= self._deadlines.next:
                    await self._scribe.flush()

    async def _handle(self, happened: Any) -> None:
        match happened:
            case Update():
                await self._hear(happened)
            case FromCustody():
                self._custody.heard(happened)
                await self._hear_custody(happened.result)
            case Accepted(job):
                await self._accept(job)
            case Refused(error):
                await self._finish(*endings.of_submission(error, self._attempts[0]))
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
                self._ask_hold(wish)
            case HoldAnswered(asked):
                await self._hear_hold(asked)
            case EndAsked(ending):
                await self._leave(ending)

    async def _hear(self, update: Update) -> None:
        self._upstream.took()
        self._is_alive()
        if self._final is not None:
            await self._journal_late(update)  # it has said how it ended: nothing moves any more but custody
            return
        match update:
            case Produced():
                self._custody.keep(update)
                self._deadlines.suspend_stall()  # what is awaited now is our own store
            case Previewed():
                self._custody.preview(update)
            case Logged():
                log.info(
                    "provider_logged",
                    generation=self._generation.id,
                    provider=self._upstream.boundary.instance,
                    line=self._upstream.boundary.masked(update.line),
                )
                await self._hub.tell(self._generation.id, self._scribe.now(), update.line)
            case SignOfLife():
                pass
            case Succeeded() | Failed() | Canceled():
                await self._finish(update)
            case _:
                await self._scribe.tell(update)

    async def _hear_custody(self, result: Update | SafelightError) -> None:
        self._is_alive()
        if isinstance(result, SafelightError):
            await self._end_ourselves(endings.of_error(result))
            return
        await self._scribe.tell(result)
        if self._final is not None:
            await self._finish(self._final)

    async def _hear_over(self, error: ProviderError | None) -> None:
        if error is not None and self._final is None:
            await self._finish(endings.of_error(error))

    async def _hear_due(self, due: Due) -> None:
        policy = self._generation.policy
        match due:
            case Due.TOTAL:
                await self._end_ourselves(endings.of_total(policy))
            case Due.STALL:
                await self._end_ourselves(endings.of_stall(policy))
            case Due.CANCEL:
                await self._finish(endings.CANCELED)
            case Due.PAUSE:
                self._deadlines.release()  # whatever the upstream answers: one that stays still has stalled
                self._upstream.hold(HoldAsked(still=False))

    def _is_alive(self) -> None:
        if not self._custody.is_busy:
            self._deadlines.alive()

    # Submitting

    async def _accept(self, job: Job) -> None:
        now = self._scribe.now()
        accepted = attrs.evolve(self._attempts[0], step=Step.ACCEPTED, at=now, job={"id": job.id, "data": job.data})
        self._attempts.append(accepted)
        await self._scribe.tell(Moved(Phase.WAITING), accepted)
        self._deadlines.alive()
        self._upstream.watch(job)
        if self._is_cancel_asked:
            self._upstream.cancel()

    # Canceling

    async def _ask_cancel(self) -> None:
        if self._is_cancel_asked:
            return
        self._is_cancel_asked = True
        await self._scribe.tell(CancelMoved(Cancel.REQUESTED))
        if self._upstream.has_job:
            self._upstream.cancel()

    async def _hear_cancel(self, answer: Cancel) -> None:
        if self._final is not None:
            return  # it had ended by itself already; fold says that the wish came too late
        if answer is Cancel.CONFIRMED:
            await self._finish(Canceled())
        elif answer is Cancel.REQUESTED:
            self._deadlines.canceling()
        else:
            await self._scribe.tell(CancelMoved(answer))

    # Holding still

    def _ask_hold(self, asked: HoldAsked) -> None:
        is_held = self._scribe.status.phase is Phase.PAUSED
        if self._final is not None or self._is_cancel_asked:
            asked.refusal = NotPausable("It is coming to its end already.")
        elif not self._upstream.has_job:
            asked.refusal = NotPausable("The provider has not taken it yet.")
        elif is_held is not asked.still:
            self._upstream.hold(asked)
            return
        asked.answered.set()

    async def _hear_hold(self, asked: HoldAsked) -> None:
        if asked.refusal is None and self._final is None:
            if asked.still:
                self._deadlines.hold()
                await self._scribe.tell(Moved(Phase.PAUSED))
            else:
                self._deadlines.release()
                is_at_work = self._scribe.status.state is State.PROCESSING
                await self._scribe.tell(Moved(Phase.RUNNING if is_at_work else Phase.WAITING))
        asked.answered.set()

    # Ending

    async def _leave(self, ending: Ended) -> None:
        """End it because the service leaves: the upstream is asked to stop, but not waited for."""
        if self._upstream.has_job and not self._is_cancel_asked:
            self._upstream.cancel()
        await self._finish(ending)

    async def _end_ourselves(self, ending: Ended) -> None:
        """End it for a reason of ours; before that, the upstream is asked to stop."""
        if self._upstream.is_talking and self._final is None:
            await self._upstream.canceled()
        await self._finish(ending)

    async def _finish(self, update: _End, result: str | None = None) -> None:
        """Write the end, with the attempt's outcome, in one step; a success waits until everything is kept."""
        if isinstance(update, Succeeded | Failed) and self._custody.is_busy:
            self._final = update
            self._deadlines.end_canceling()
            await self._scribe.tell(Moved(Phase.SAVING))
            return
        said = update.charged or (self._final.charged if self._final else None)  # a bill stays true even if the saving fails
        now = self._scribe.now()
        ended = fold(self._scribe.status, update, now)
        outcome = attrs.evolve(
            self._attempts[0],
            step=Step.OUTCOME,
            at=now,
            result=result or (ended.outcome and ended.outcome.value),
            charged=said,
            detail=ended.error,
        )
        self._attempts.append(outcome)
        await self._scribe.tell(attrs.evolve(update, charged=charged(self._attempts)), outcome)

    async def _hear_late(self) -> None:
        """Go on listening for a moment: a success, a charge or an output after the end is journalled, never lost."""
        try:
            async with asyncio.timeout(self._generation.policy.cancel_seconds):
                while self._upstream.is_talking or self._custody.is_busy or not self._inbox.empty():
                    await self._note_late(await self._inbox.get())
        except TimeoutError:
            log.info("provider_still_talking", generation=self._generation.id, provider=self._upstream.boundary.instance)

    async def _note_late(self, happened: Any) -> None:
        update = happened
        if isinstance(happened, FromCustody):
            self._custody.heard(happened)
            update = happened.result
        if not isinstance(update, Update):
            return
        if update is happened:
            self._upstream.took()
            await self._scribe.tell(update)
            if isinstance(update, Produced):
                self._custody.keep(update)
                return
        await self._journal_late(update)

    async def _journal_late(self, update: Update) -> None:
        """Journal what carries weight; the rest is only counted."""
        if self._final is not None and not isinstance(update, Logged | SignOfLife):
            self._scribe.ignored += 1
        if isinstance(update, (*ENDS, Produced)):
            kind, facts = type(update).__name__, endings.late_facts(update)
            log.warning("provider_late", generation=self._generation.id, provider=self._upstream.boundary.instance, kind=kind)
            await self._scribe.note(LateRecord(n=self._attempts[0].n, at=self._scribe.now(), kind=kind, facts=facts))
