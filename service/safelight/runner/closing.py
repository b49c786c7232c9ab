"""Decides when a generation is over, and what is said of it: nothing ends by our own will before the upstream was asked to stop."""

from __future__ import annotations

import attrs

from safelight.fold import fold
from safelight.generation import Policy
from safelight.providers import Cancel
from safelight.records import Durability
from safelight.runner import endings
from safelight.runner.custody import Custody
from safelight.runner.deadlines import Deadlines
from safelight.runner.retrying import Failure
from safelight.runner.scribe import Scribe
from safelight.runner.submissions import Submissions
from safelight.status import Charged, Outcome, Phase
from safelight.updates import Canceled, Ended, Failed, Moved, Succeeded

End = Succeeded | Failed | Canceled | Ended


class Closing:
    """
    The end of one generation.

    Attributes:
        final: How the provider said it ended, while its outputs are still on their way into the store.
        lost: How it will end, since an output cannot be kept or its time is over, while the upstream may still say what that cost.
        is_cancel_asked: Whether somebody wants it canceled.
    """

    def __init__(
        self, policy: Policy, work: Submissions, custody: Custody, scribe: Scribe, deadlines: Deadlines, *, is_cancel_asked: bool
    ) -> None:
        self.final: End | None = None
        self.lost: Ended | None = None
        self.is_cancel_asked = is_cancel_asked
        self._policy = policy
        self._work = work
        self._custody = custody
        self._scribe = scribe
        self._deadlines = deadlines

    @property
    def is_ending(self) -> bool:
        """Whether it is coming to its end already, or somebody wants that."""
        return self.final is not None or self.lost is not None or self.is_cancel_asked

    async def conclude(self, ending: Failed | Ended, failure: Failure, result: str) -> None:
        """End the attempt; and with it the generation, unless another attempt may follow."""
        is_begun = self._custody.is_busy or self._scribe.status.outputs or self.lost is not None
        if is_begun or self.is_cancel_asked or not await self._work.follow_up(failure, result, said=ending.charged):
            await self.finish(ending, result)

    async def lose(self, ending: Ended, failure: Failure) -> None:
        """End an attempt of which nothing more is heard; a job that may run on upstream is asked to stop before."""
        if self.lost is None and self._work.attempts.durability is Durability.REMOTE and not failure.is_definite:
            answer = await self._work.upstream.canceled()
            if answer is Cancel.CONFIRMED and self.is_cancel_asked:
                await self.finish(Canceled(charged=ending.charged))
                return
            failure = attrs.evolve(failure, is_definite=answer is Cancel.CONFIRMED)
        await self.conclude(ending, failure, endings.FAILED)

    async def lose_output(self, ending: Ended) -> None:
        """
        End it because an output cannot be kept.

        A job that lives upstream is asked to stop, and heard for a moment: how it ended says whether it was paid for.
        """
        is_heard = self._work.attempts.durability is Durability.REMOTE and self._work.upstream.is_talking
        if self.final is not None or not is_heard:
            await self.end_ourselves(ending)
            return
        self.lost = ending
        self._deadlines.canceling()
        self._work.upstream.cancel()

    async def end_ourselves(self, ending: Ended) -> None:
        """End it for a reason of ours; before that, the upstream is asked to stop. Where it has, another may take over."""
        answer = None
        if self._work.upstream.is_talking and self.final is None and self.lost is None:
            answer = await self._work.upstream.canceled()
        if ending.outcome is Outcome.EXPIRED and self._deadlines.left_seconds > 0 and answer is Cancel.CONFIRMED:
            await self.conclude(ending, endings.failure_after_cancel(ending), endings.FAILED)
        else:
            await self.finish(ending)

    async def end_in_time(self) -> None:
        """
        End it because its time is over; a success whose outputs could not be saved until now is lost.

        A submission that is under way is waited for a moment longer: the job may have arrived, and can be stopped then.
        """
        if isinstance(self.final, Succeeded) and self._custody.trouble:
            await self.finish(endings.of_saving(self._policy, self._custody.trouble))
        elif self.lost is None and self._work.is_unanswered:
            self.lost = endings.of_total(self._policy)
            self._deadlines.outlast()
        else:
            await self.end_ourselves(endings.of_total(self._policy))

    async def leave(self, ending: Ended) -> None:
        """End it because the service leaves: the upstream is asked to stop, but not waited for."""
        if self._work.upstream.has_job and not self.is_cancel_asked:
            self._work.upstream.cancel()
        await self.finish(ending)

    async def finish(self, update: End, result: str | None = None) -> None:
        """Write the end, with the attempt's outcome, in one step; a success waits until everything is kept."""
        if self.lost is not None and update is not self.lost:
            result = endings.UNSAVED if isinstance(update, Succeeded) else result
            update = attrs.evolve(self.lost, charged=update.charged)
        if isinstance(update, Succeeded | Failed) and self._custody.is_busy:
            self.final = update
            self._deadlines.end_canceling()
            await self._scribe.tell(Moved(Phase.SAVING))
            return
        if isinstance(update, Succeeded) and not self._scribe.status.outputs and await self._is_tried_again(update):
            return
        if isinstance(self.final, Succeeded) and not isinstance(update, Succeeded):
            result = endings.UNSAVED
        said = update.charged or self._said_at_last()
        now = self._scribe.now()
        ended = fold(self._scribe.status, update, now)
        outcome = self._work.attempts.conclude(result or str(ended.outcome), now, said=said, detail=ended.error)
        await self._scribe.tell(attrs.evolve(update, charged=self._work.attempts.charged), *outcome)

    def _said_at_last(self) -> Charged | None:
        """Return what the provider said of money when it ended: a bill stays true even if the saving fails."""
        return self.final.charged if self.final else None

    async def _is_tried_again(self, update: Succeeded) -> bool:
        """Whether an empty success is tried again, which it is once and only where it cost nothing."""
        failure = endings.failure_of_nothing(update, self._work.attempts)
        return not self.is_cancel_asked and await self._work.follow_up(failure, endings.EMPTY, said=update.charged)
