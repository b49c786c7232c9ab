"""One generation from its journalled intent to its journalled end, in bounded time whatever the plugin does."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import attrs
import structlog

from safelight.boundary import Boundary
from safelight.codec import encode
from safelight.errors import JournalError, SafelightError, StorageFull
from safelight.fold import fold
from safelight.generation import Generation, Request
from safelight.providers import Cancel, Job, LocalProvider, Provider, ProviderError, ProviderProtocol, RemoteProvider, Unsupported
from safelight.records import AttemptRecord, Durability, LateRecord, Step, charged
from safelight.runner import endings
from safelight.runner.custody import Custody, FromCustody
from safelight.runner.deadlines import Deadlines, Due
from safelight.runner.follow import ENDS, SignOfLife, follow
from safelight.runner.local import LocalRun
from safelight.runner.messages import Accepted, CancelAnswered, CancelAsked, EndAsked, Over, Refused
from safelight.runner.scribe import Scribe
from safelight.runner.tools import Tools
from safelight.status import Phase, Status
from safelight.updates import Canceled, CancelMoved, Ended, Failed, Logged, Moved, Previewed, Produced, Succeeded, Update

log = structlog.get_logger()

_End = Succeeded | Failed | Canceled | Ended

_UPDATES_AHEAD = 64
"""Updates that may wait for the runner before the provider's iterator is held."""


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
        self._boundary = boundary
        self._local = LocalRun(provider, boundary, tools.clock) if isinstance(provider, LocalProvider) else None
        self._provider: RemoteProvider = self._local or provider  # type: ignore[assignment]  # there are two base classes
        self._scribe = Scribe(tools, status, status.version.epoch)
        self._deadlines = Deadlines(generation.policy)
        self._inbox: asyncio.Queue[Any] = asyncio.Queue()
        self._room = asyncio.Semaphore(_UPDATES_AHEAD)
        self._custody = Custody(generation.id, tools.outputs, provider.resources.session, self._inbox.put_nowait)
        self._calls: set[asyncio.Task[None]] = set()
        self._feed: asyncio.Task[None] | None = None
        self._job: Job | None = None
        self._final: _End | None = None
        self._is_cancel_asked = False

    async def run(self) -> None:
        """Run until the end is journalled and shown, and until what came too late was noted."""
        self._start(self._submit())
        try:
            while not self._scribe.status.is_terminal:
                await self._handle(await self._next())
            self.ended.set()
            endings.log_end(self._scribe.status, self._boundary.instance, self._scribe.ignored)
            await self._hear_late()
        except JournalError as error:
            log.error("generation_lost", generation=self._generation.id, code=error.code, error=str(error))  # noqa: TRY400 - the sentence says it all
        except Exception:
            log.exception("runner_failed", generation=self._generation.id)
            await self._custody.close()
            if not self._scribe.status.is_terminal:
                await self._finish(endings.INTERNAL)
        finally:
            self.ended.set()
            self._answer_waiting()
            await self._stop()

    @property
    def durability(self) -> Durability:
        """What the job depends on."""
        return self._attempts[0].durability

    async def cancel(self) -> None:
        """Ask for a cancel; return once the wish is journalled, or cannot be any more. The answer shows on the stream."""
        if self.ended.is_set():
            return
        asked = CancelAsked(asyncio.Event())
        self._inbox.put_nowait(asked)
        await asked.noted.wait()
        if not asked.is_journalled:
            raise StorageFull("The cancel is under way, but the journal takes nothing now: a crash would forget it.")

    def end(self, ending: Ended) -> None:
        """End it for a reason of the service's own."""
        self._inbox.put_nowait(EndAsked(ending))

    # What happens next

    async def _next(self) -> Any:
        """Return the next thing that happened, a deadline among them; meanwhile write what was held back."""
        while True:
            if due := self._deadlines.due():
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
            case CancelAsked(noted):
                await self._ask_cancel()
                happened.is_journalled = not self._scribe.is_failing
                noted.set()
            case CancelAnswered(answer):
                await self._hear_cancel(answer)
            case Over(error):
                await self._hear_over(error)
            case EndAsked(ending):
                await self._leave(ending)
            case Due():
                await self._hear_due(happened)

    async def _hear(self, update: Update) -> None:
        self._room.release()
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
                    provider=self._boundary.instance,
                    line=self._boundary.masked(update.line),
                )
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

    def _is_alive(self) -> None:
        if not self._custody.is_busy:
            self._deadlines.alive()

    # Submitting

    async def _submit(self) -> None:
        key, seconds = self._attempts[0].key, self._generation.policy.submit_seconds
        try:
            job = await self._boundary.call("submit", lambda: self._provider.submit(self._request, key), seconds=seconds)
            _check(job)
        except ProviderError as error:
            self._inbox.put_nowait(Refused(error))
        else:
            self._inbox.put_nowait(Accepted(job))

    async def _accept(self, job: Job) -> None:
        now = self._scribe.now()
        accepted = attrs.evolve(self._attempts[0], step=Step.ACCEPTED, at=now, job={"id": job.id, "data": job.data})
        self._attempts.append(accepted)
        await self._scribe.tell(Moved(Phase.WAITING), accepted)
        self._job = job
        self._deadlines.alive()
        self._feed = asyncio.create_task(self._listen(job), name=f"watch:{self._generation.id}")
        if self._is_cancel_asked:
            self._start(self._cancel_upstream())

    async def _listen(self, job: Job) -> None:
        try:
            error = await self._boundary.listen(lambda: follow(self._provider, job, self._boundary.instance), self._take)
        finally:
            self._feed = None
        self._inbox.put_nowait(Over(error))

    async def _take(self, update: Update) -> None:
        await self._room.acquire()
        self._inbox.put_nowait(update)

    # Canceling

    async def _ask_cancel(self) -> None:
        if self._is_cancel_asked:
            return
        self._is_cancel_asked = True
        await self._scribe.tell(CancelMoved(Cancel.REQUESTED))
        if self._job is not None:
            self._start(self._cancel_upstream())

    async def _cancel_upstream(self) -> None:
        self._inbox.put_nowait(CancelAnswered(await self._asked_upstream()))

    async def _asked_upstream(self) -> Cancel:
        """Ask the upstream to stop and return its answer; one that cannot be had counts as none yet."""
        assert self._job is not None  # noqa: S101 - a cancel waits for the job
        job = self._job
        try:
            answer = await self._boundary.call(
                "cancel",
                lambda: self._provider.cancel(job),
                seconds=self._generation.policy.cancel_seconds,
            )
            return Cancel(answer)
        except Unsupported:
            return Cancel.UNSUPPORTED
        except (ProviderError, ValueError) as error:
            log.warning(
                "provider_cancel_failed", generation=self._generation.id, provider=self._boundary.instance, error=str(error)
            )
            return Cancel.REQUESTED

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
        if self._job is not None and not self._is_cancel_asked:
            self._start(self._cancel_upstream())
        await self._finish(ending)

    async def _end_ourselves(self, ending: Ended) -> None:
        """End it for a reason of ours; before that, the upstream is asked to stop."""
        if self._job is not None and self._feed is not None and self._final is None:
            await self._asked_upstream()
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
                while self._feed is not None or self._custody.is_busy or not self._inbox.empty():
                    await self._note_late(await self._inbox.get())
        except TimeoutError:
            log.info("provider_still_talking", generation=self._generation.id, provider=self._boundary.instance)

    async def _note_late(self, happened: Any) -> None:
        if isinstance(happened, CancelAsked):
            happened.noted.set()
        update = happened
        if isinstance(happened, FromCustody):
            self._custody.heard(happened)
            update = happened.result
        if not isinstance(update, Update):
            return
        if update is happened:
            self._room.release()
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
            log.warning("provider_late", generation=self._generation.id, provider=self._boundary.instance, kind=kind)
            await self._scribe.note(LateRecord(n=self._attempts[0].n, at=self._scribe.now(), kind=kind, facts=facts))

    # Tasks

    def _answer_waiting(self) -> None:
        while not self._inbox.empty():
            happened = self._inbox.get_nowait()
            if isinstance(happened, CancelAsked):
                happened.noted.set()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _stop(self) -> None:
        """Stop everything of this generation that still runs, in bounded time."""
        calls = tuple(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)  # bounded: the boundary leaves behind what will not stop
        if self._feed is not None:
            await self._boundary.stop(self._feed)
        if self._local is not None:
            await self._local.close()
        await self._custody.close()


def _check(job: Any) -> None:
    """
    Make sure that a job can be written down.

    Raises:
        ProviderProtocol: It cannot.
    """
    if not isinstance(job, Job):
        raise ProviderProtocol(f"The provider returned a '{type(job).__name__}' instead of a job.")
    try:
        encode(attrs.asdict(job))
    except Exception as error:
        raise ProviderProtocol(f"The provider returned a job that is no plain JSON ({type(error).__name__}).") from error
