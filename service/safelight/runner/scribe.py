"""Fold, journal, publish, in this order: what is shown is what was journalled."""

from __future__ import annotations

import asyncio
from datetime import datetime
from operator import attrgetter

import structlog

from safelight.codec import encode_status, whole_millisecond
from safelight.errors import JournalClosed, JournalError, JournalFenced
from safelight.estimates import Timing
from safelight.fold import fold
from safelight.generation import Webhook
from safelight.ports import Delivery
from safelight.records import AttemptRecord, LateRecord, StatusRecord
from safelight.runner.owing import owing
from safelight.runner.tools import Tools
from safelight.status import Status
from safelight.updates import Update

log = structlog.get_logger()

_RETRY_SECONDS = 0.5
_RETRY_SLOWEST = 10.0


class Scribe:
    """
    Keeps the status of one generation and writes it down.

    Attributes:
        status: With everything folded in, shown or not yet.
        ignored: How many updates changed nothing.
        is_failing: Whether the last append was refused.
        timing: Says how long the attempt at work may take yet; None before the first.
        flush_at: Loop time at which progress held back is due, None when nothing is held back.
    """

    def __init__(self, tools: Tools, status: Status, epoch: int, webhook: Webhook | None = None) -> None:
        self.status = status
        self.ignored = 0
        self.timing: Timing | None = None
        self.flush_at: float | None = None
        self._tools = tools
        self._epoch = epoch
        self._webhook = webhook
        self._loop = asyncio.get_running_loop()
        self._shown = status
        self._shown_at = -tools.progress_seconds
        self.is_failing = False

    def now(self) -> datetime:
        """Return the present by the service's clock, as finely as the wire tells it."""
        return whole_millisecond(self._tools.clock.now())

    async def tell(self, update: Update, *records: AttemptRecord) -> None:
        """Fold an update in; what matters is journalled and shown at once, progress alone when it is due."""
        folded = fold(self.status, update, self.now())
        if folded is self.status:
            self.ignored += 1
        self.status = folded
        if records or (folded is not self._shown and _weight(folded) != _weight(self._shown)):
            await self._write(*records)
        elif folded is not self._shown:
            due = self._shown_at + self._tools.progress_seconds
            if self._loop.time() >= due:
                await self._write()
            else:
                self.flush_at = self.flush_at or due

    async def flush(self) -> None:
        """Journal and show what was held back."""
        if self.status is not self._shown:
            await self._write()

    async def note(self, *records: AttemptRecord | LateRecord) -> None:
        """Journal what changes nothing on the wire."""
        await self._append(*records, is_durable=True, must=True)

    async def _write(self, *records: AttemptRecord) -> None:
        eta = None if self.status.is_terminal or self.timing is None else self.timing.eta(self.status)
        status = self.status.but(version=self._shown.version.next(self._epoch), eta=eta)
        snapshot = encode_status(status)
        delivery = None if self._webhook is None else owing(self._webhook, self._shown, status, self.now())
        is_durable = (
            any(record.must_last for record in records)
            or delivery is not None
            or status.is_terminal
            or status.cancel != self._shown.cancel
            or status.outputs != self._shown.outputs
        )
        must = bool(records) or status.is_terminal
        is_step = _weight(status) != _weight(self._shown)
        try:
            is_written = await self._append(
                StatusRecord(status=status, snapshot=snapshot), *records, is_durable=is_durable, must=must, delivery=delivery
            )
        except Exception:
            self.status = self._shown  # what nobody wrote has not happened
            raise
        if not is_written:
            self.flush_at = self._loop.time() + _RETRY_SECONDS
            return
        self.status = self._shown = status
        self._shown_at = self._loop.time()
        self.flush_at = None
        if status.is_terminal and self.timing is not None:
            self.timing.ended(status)
        if delivery is not None:
            self._tools.owed.set()
        if is_step:  # which everybody who keeps up is shown, the end above all; progress may be overtaken by more of it
            await self._tools.hub.publish(status, snapshot)
        else:
            self._tools.hub.post(status, snapshot)

    async def _append(
        self,
        *records: StatusRecord | AttemptRecord | LateRecord,
        is_durable: bool,
        must: bool,
        delivery: Delivery | None = None,
    ) -> bool:
        """Append; where it must be written, try until it is. Streams are cut rather than shown what is not journalled."""
        pause = _RETRY_SECONDS
        generation = self._shown.generation
        while True:
            try:
                await self._tools.journal.append(generation, self._epoch, *records, durable=is_durable, delivery=delivery)
            except (JournalFenced, JournalClosed):
                self._tools.hub.cut(generation, "error")
                raise
            except (JournalError, OSError) as error:
                if not self.is_failing:
                    code = error.code if isinstance(error, JournalError) else "internal"
                    log.error("journal_append_failed", generation=generation, code=code, error=str(error))  # noqa: TRY400 - the sentence says it all
                self.is_failing = True
                self._tools.hub.cut(generation, "error")
                if not must:
                    return False
                await asyncio.sleep(pause)
                pause = min(pause * 2, _RETRY_SLOWEST)
            else:
                if self.is_failing:
                    log.info("journal_append_recovered", generation=generation)
                self.is_failing = False
                return True


_weight = attrgetter("state", "phase", "outputs", "cancel", "attempt", "outcome", "degraded")
"""What is journalled and shown at once when it changes; the rest is progress."""
