"""Decides what becomes of the news of an attempt at work: what its provider says, and what was kept of it."""

from __future__ import annotations

import structlog

from safelight.errors import SafelightError
from safelight.hub import Hub
from safelight.providers import ProviderError
from safelight.runner import endings
from safelight.runner.closing import Closing
from safelight.runner.custody import Custody, FromCustody
from safelight.runner.deadlines import Deadlines
from safelight.runner.follow import SignOfLife
from safelight.runner.late import Latecomers
from safelight.runner.scribe import Scribe
from safelight.runner.submissions import Submissions
from safelight.status import Output, Phase, State
from safelight.updates import Canceled, Failed, Logged, Previewed, Produced, Succeeded, Update

log = structlog.get_logger()


class News:
    """
    Takes in, for one generation, what is said of its work.

    Args:
        retold: The outputs that an earlier process kept.
    """

    def __init__(
        self,
        hub: Hub,
        work: Submissions,
        custody: Custody,
        scribe: Scribe,
        deadlines: Deadlines,
        closing: Closing,
        late: Latecomers,
        *,
        retold: tuple[Output, ...],
    ) -> None:
        self._hub = hub
        self._work = work
        self._custody = custody
        self._scribe = scribe
        self._deadlines = deadlines
        self._closing = closing
        self._late = late
        self._retold = list(retold)

    async def hear(self, update: Update) -> None:
        """Take in what the provider at work says."""
        self._work.upstream.took()
        self._is_alive()
        if self._closing.final is not None:
            await self._late.note(self._work.attempts.n, update)  # it has said how it ended: only custody moves it now
            return
        match update:
            case Produced():
                self._custody.keep(update, self._work.upstream)
                self._deadlines.suspend_stall()  # what is awaited now is our own store
            case Previewed():
                self._custody.preview(update, self._work.upstream)
            case Logged():
                await self._pass_on(update)
            case SignOfLife():
                pass
            case Failed():
                await self._closing.conclude(update, endings.failure_of(update, self._work.attempts), endings.FAILED)
            case Succeeded() | Canceled():
                await self._closing.finish(update)
            case _:
                await self._scribe.tell(update)
                self._mind_queue()

    async def hear_custody(self, word: FromCustody) -> None:
        """Take in what was kept, or why it cannot be."""
        self._custody.heard(word)
        self._is_alive()
        if isinstance(word.result, SafelightError):
            if self._closing.lost is None:
                await self._closing.lose_output(endings.of_error(word.result))
            return
        if not self._is_retold(word.result):
            await self._scribe.tell(word.result)
        if self._closing.final is not None:
            await self._closing.finish(self._closing.final)

    async def hear_over(self, error: ProviderError | None) -> None:
        """Take in that the provider will say no more; without an error it has said how it ended."""
        if error is not None and self._closing.final is None:
            await self._closing.lose(endings.of_error(error), endings.failure_while_running(error, self._work.attempts))

    async def _pass_on(self, update: Logged) -> None:
        generation, boundary = self._scribe.status.generation, self._work.upstream.boundary
        log.info("provider_logged", generation=generation, provider=boundary.instance, line=boundary.masked(update.line))
        await self._hub.tell(generation, self._scribe.now(), update.line)

    def _is_retold(self, result: Update) -> bool:
        """Whether it is an output that was kept before a restart: a job that is watched on tells its story from the start."""
        if not self._retold or not isinstance(result, Produced) or not isinstance(result.content, Output):
            return False
        kept = self._retold.pop(0)
        return kept.sha256 == result.content.sha256

    def _is_alive(self) -> None:
        if not self._custody.is_busy:
            self._deadlines.alive()

    def _mind_queue(self) -> None:
        if self._scribe.status.phase is Phase.QUEUED:
            self._deadlines.queued()
        elif self._scribe.status.state is State.PROCESSING:
            self._deadlines.working()
