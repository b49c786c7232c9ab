"""Decides what follows when somebody wants a generation canceled or held still, and when the upstream has answered that."""

from __future__ import annotations

from typing import Any

from safelight.errors import NotPausable
from safelight.providers import Cancel
from safelight.runner.closing import Closing
from safelight.runner.deadlines import Deadlines
from safelight.runner.holding import Holding
from safelight.runner.messages import CancelAnswered, CancelAsked, EndAsked, HoldAnswered, HoldAsked, WebhookFailed
from safelight.runner.scribe import Scribe
from safelight.runner.submissions import Submissions
from safelight.updates import Canceled, CancelMoved, Degraded


class Wishes:
    """What people, and the service itself, want of one generation."""

    def __init__(self, work: Submissions, scribe: Scribe, deadlines: Deadlines, closing: Closing, holding: Holding) -> None:
        self._work = work
        self._scribe = scribe
        self._deadlines = deadlines
        self._closing = closing
        self._holding = holding

    async def heed(self, wish: Any) -> None:
        """Take in a wish, or the upstream's answer to it, or that something beside the work has failed."""
        match wish:
            case CancelAsked():
                await self._ask_cancel()
                wish.is_journalled = not self._scribe.is_failing
                wish.answered.set()
            case CancelAnswered(answer):
                await self._hear_cancel(answer)
            case HoldAsked():
                await self._holding.ask(wish, is_ending=self._closing.is_ending)
            case HoldAnswered(asked):
                if self._closing.final is not None and asked.refusal is None:
                    asked.refusal = NotPausable("It is coming to its end already.")
                await self._holding.answered(asked)
            case WebhookFailed():
                await self._scribe.tell(Degraded("webhook"))
            case EndAsked(ending):
                await self._closing.leave(ending)

    async def _ask_cancel(self) -> None:
        if self._closing.is_cancel_asked:
            return
        self._closing.is_cancel_asked = True
        await self._scribe.tell(CancelMoved(Cancel.REQUESTED))
        if self._work.is_waiting:
            await self._closing.finish(Canceled())  # between two attempts nothing runs anywhere
        elif self._work.upstream.has_job:
            self._work.upstream.cancel()

    async def _hear_cancel(self, answer: Cancel) -> None:
        if self._closing.final is not None:
            return  # it had ended by itself already; fold says that the wish came too late
        if self._closing.lost is not None:
            return  # how it ended, and what that cost, its provider is left a moment to say
        if answer is Cancel.CONFIRMED:
            await self._closing.finish(Canceled())
        elif answer is Cancel.REQUESTED:
            self._deadlines.canceling()
        else:
            await self._scribe.tell(CancelMoved(answer))
