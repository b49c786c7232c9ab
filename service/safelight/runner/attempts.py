"""The journalled submissions of one generation: intent, accepted, outcome, each before the next step is taken."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

import attrs

from safelight.instances import ProviderInstance
from safelight.providers import Job
from safelight.records import AttemptRecord, Durability, Step, charged
from safelight.status import Charged

NEVER_SENT = "not_sent"
"""The outcome of an attempt whose turn never came, whatever ended the generation."""


class Attempts:
    """
    What has been submitted so far, the newest last.

    Args:
        records: The attempt records of the journal, in the order written; at least one, queued or an intent.
    """

    def __init__(self, records: Sequence[AttemptRecord]) -> None:
        self._records = list(records)

    @property
    def newest(self) -> AttemptRecord:
        """The last step that was written."""
        return self._records[-1]

    @property
    def n(self) -> int:
        """The number of the attempt at work."""
        return self.newest.n

    @property
    def key(self) -> str:
        """The client key of the attempt at work."""
        return self.newest.key

    @property
    def turn(self) -> str:
        """The provider whose turn it is: that of the attempt at work, or of the one planned behind its outcome."""
        return self.newest.next_provider or self.newest.provider

    @property
    def durability(self) -> Durability:
        """What the attempt at work depends on."""
        return self.newest.durability

    @property
    def job(self) -> Job | None:
        """The upstream's handle of the attempt at work, where it was accepted."""
        accepted = next((step for step in reversed(self._records) if step.n == self.n and step.job is not None), None)
        return None if accepted is None or accepted.job is None else Job(accepted.job["id"], accepted.job["data"])

    @property
    def charged(self) -> Charged:
        """Whether money may have been taken, over all attempts."""
        return charged(self._records)

    def tries_at(self, provider: str) -> int:
        """Return how many attempts a provider of the route has had."""
        return len({record.n for record in self._records if record.provider == provider})

    @property
    def is_queued(self) -> bool:
        """Whether the attempt waits for a slot, or for a provider that is left alone, and was never handed in."""
        return self.newest.step is Step.QUEUED

    def leave_queue(self, at: datetime) -> AttemptRecord:
        """Return the intent of the attempt that was queued, now the newest."""
        return self._step(Step.INTENT, at)

    def put_back(self, at: datetime) -> AttemptRecord:
        """Return the record of an attempt that waits after all, now the newest: its intent came to nothing."""
        return self._step(Step.QUEUED, at)

    def intend(self, instance: ProviderInstance, at: datetime) -> AttemptRecord:
        """Return the intent of the next attempt, now the newest."""
        record = intent(self.n + 1, instance, at)
        self._records.append(record)
        return record

    def accept(self, job: Job, at: datetime) -> AttemptRecord:
        """Return the record of an accepted submission, now the newest."""
        return self._step(Step.ACCEPTED, at, job={"id": job.id, "data": job.data})

    def end(
        self,
        result: str,
        at: datetime,
        *,
        said: Charged | None,
        detail: str | None,
        next_provider: str | None = None,
        next_at: datetime | None = None,
    ) -> AttemptRecord:
        """Return the outcome of the attempt at work, now the newest; `said` is the provider's own word about money."""
        facts = {"charged": said, "detail": detail, "next_provider": next_provider, "next_at": next_at}
        return self._step(Step.OUTCOME, at, result=result, job=None, **facts)

    def conclude(self, result: str, at: datetime, *, said: Charged | None, detail: str | None) -> list[AttemptRecord]:
        """Return what is to be journalled with the generation's end: nothing where no attempt is at work."""
        if self.newest.step is Step.OUTCOME:
            return []
        return [self.end(NEVER_SENT if self.is_queued else result, at, said=said, detail=detail)]

    def _step(self, step: Step, at: datetime, **facts: object) -> AttemptRecord:
        record: AttemptRecord = attrs.evolve(self.newest, step=step, at=at, **facts)  # type: ignore[arg-type]
        self._records.append(record)
        return record


def intent(n: int, instance: ProviderInstance, at: datetime, *, step: Step = Step.INTENT) -> AttemptRecord:
    """Return what is journalled before a submission, or before it waits for its slot, with a client key of its own."""
    return AttemptRecord(
        n=n,
        step=step,
        at=at,
        provider=instance.name,
        durability=instance.capabilities.durability,
        key=secrets.token_hex(16),
    )
