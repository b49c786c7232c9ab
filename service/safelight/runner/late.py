"""What is said after the end, or by an attempt that is over: it moves nothing, but what carries weight is journalled."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from safelight.errors import NotPausable
from safelight.records import LateRecord
from safelight.runner import endings
from safelight.runner.custody import Custody, FromCustody
from safelight.runner.follow import ENDS, SignOfLife
from safelight.runner.inbox import Inbox
from safelight.runner.messages import HoldAnswered, Said
from safelight.runner.scribe import Scribe
from safelight.runner.submissions import Submissions
from safelight.runner.upstream import Upstream
from safelight.status import Outcome
from safelight.updates import Canceled, Logged, Produced, Update

log = structlog.get_logger()

_STOPPED = {Outcome.CANCELED, Outcome.INTERRUPTED}


class Latecomers:
    """Takes in, for one generation, what no longer counts."""

    def __init__(self, work: Submissions, scribe: Scribe, custody: Custody) -> None:
        self._work = work
        self._scribe = scribe
        self._custody = custody

    async def hear_on(self, inbox: Inbox, *, seconds: float) -> None:
        """Go on listening for a moment: a success, a charge or an output after the end is journalled, never lost."""
        try:
            async with asyncio.timeout(seconds):
                until = asyncio.get_running_loop().time() + seconds
                while self._work.upstream.is_talking or self._custody.is_busy or inbox:
                    await self._hear(await inbox.next(until))
        except TimeoutError:
            status, name = self._scribe.status, self._work.upstream.boundary.instance
            log.info("provider_still_talking", generation=status.generation, provider=name)

    async def hear_former(self, upstream: Upstream, what: Any) -> None:
        """Hear what an attempt says that is no longer at work; an output is still kept once everything has ended."""
        if isinstance(what, HoldAnswered):
            what.asked.refusal = NotPausable("The attempt it was asked of is over.")
            what.asked.answered.set()
        if not isinstance(what, Update):
            return
        upstream.took()
        if self._scribe.status.is_terminal and isinstance(what, Produced):
            self._scribe.ignored += 1
            self._custody.keep(what, upstream)
        else:
            await self.note(upstream.n, what)

    async def note(self, n: int, update: Update) -> None:
        """Journal, for attempt `n`, what carries weight; the rest is only counted."""
        if not isinstance(update, Logged | SignOfLife):
            self._scribe.ignored += 1
        if isinstance(update, (*ENDS, Produced)):
            kind, facts = type(update).__name__, endings.late_facts(update)
            status, name = self._scribe.status, self._work.upstream.boundary.instance
            is_news = not (isinstance(update, Canceled) and status.outcome in _STOPPED)  # it says what came of that
            (log.warning if is_news else log.info)("provider_late", generation=status.generation, provider=name, kind=kind)
            await self._scribe.note(LateRecord(n=n, at=self._scribe.now(), kind=kind, facts=facts))

    async def _hear(self, happened: Any) -> None:
        match happened:
            case FromCustody(result):
                self._custody.heard(happened)
                if isinstance(result, Update):
                    await self.note(self._work.attempts.n, result)
            case Said(upstream, what):
                await self.hear_former(upstream, what)
