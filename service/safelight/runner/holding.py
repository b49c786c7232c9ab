"""Holding a generation still, and letting it go on."""

from __future__ import annotations

from safelight.errors import NotPausable
from safelight.runner.deadlines import Deadlines
from safelight.runner.messages import HoldAsked
from safelight.runner.scribe import Scribe
from safelight.runner.submissions import Submissions
from safelight.status import Phase, State
from safelight.updates import Moved


class Holding:
    """The wishes to pause and to resume one generation. While an attempt is waited for, holding still asks nobody else."""

    def __init__(self, work: Submissions, scribe: Scribe, deadlines: Deadlines) -> None:
        self._work = work
        self._scribe = scribe
        self._deadlines = deadlines

    async def ask(self, asked: HoldAsked, *, is_ending: bool) -> None:
        """Take in a wish; it is answered now, or by `answered` once the upstream has spoken."""
        if is_ending:
            asked.refusal = NotPausable("It is coming to its end already.")
        elif (self._scribe.status.phase is Phase.PAUSED) is asked.still:
            pass
        elif self._work.is_waiting:
            await self.answered(asked)
            return
        elif not self._work.upstream.has_job:
            asked.refusal = NotPausable("The provider has not taken it yet.")
        else:
            self._work.upstream.hold(asked)
            return
        asked.answered.set()

    async def answered(self, asked: HoldAsked) -> None:
        """Show what the upstream did."""
        if asked.refusal is None:
            await self._show(still=asked.still)
        asked.answered.set()

    async def end(self) -> None:
        """Let it go on by itself: it was held still for as long as it may be."""
        if self._work.is_waiting:
            await self._show(still=False)
            return
        self._deadlines.release()  # whatever the upstream answers: one that stays still has stalled
        self._work.upstream.hold(HoldAsked(still=False))

    async def _show(self, *, still: bool) -> None:
        if still:
            self._deadlines.hold()
            await self._scribe.tell(Moved(Phase.PAUSED))
            return
        self._deadlines.release(is_waiting=self._work.is_waiting)
        is_at_work = self._scribe.status.state is State.PROCESSING
        await self._scribe.tell(Moved(Phase.RUNNING if is_at_work else Phase.WAITING))
