"""What the journal holds of a generation: statuses, attempts and what came too late; and what that says about money."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from safelight.status import Charged, Status


class Step(StrEnum):
    """How far a submission has come; each is journalled before the next is taken. One that is queued is nobody's yet but ours."""

    QUEUED = "queued"
    INTENT = "intent"
    ACCEPTED = "accepted"
    OUTCOME = "outcome"


class Durability(StrEnum):
    """What a provider's job depends on."""

    REMOTE = "remote"
    CONNECTION = "connection"
    PROCESS = "process"


@attrs.frozen(kw_only=True)
class StatusRecord:
    """
    A snapshot that was, or may be, published.

    Attributes:
        snapshot: What `codec.encode_status` makes of it, where that was made already; the journal keeps these bytes.
    """

    status: Status
    snapshot: bytes | None = attrs.field(default=None, eq=False, repr=False)


@attrs.frozen(kw_only=True)
class AttemptRecord:
    """
    One step of a submission.

    Attributes:
        n: The number of the attempt, from 1.
        step: queued, intent, accepted or outcome.
        provider: The instance submitted to.
        durability: What the job depends on; kept here so that a restart need not load the plugin to judge.
        key: The client key the upstream was given.
        job: The upstream's handle (accepted only): small JSON, no secrets.
        result: not_sent, rejected, unknown, unsaved, empty_output, or as a generation ends (outcome only).
        charged: Whether money was taken, where the provider said so.
        detail: A scrubbed sentence for operators.
        next_provider: Who makes the attempt that follows, None where none does (outcome only).
        next_at: When it is due.
    """

    n: int
    step: Step
    at: datetime
    provider: str
    durability: Durability
    key: str
    job: dict[str, Any] | None = None
    result: str | None = None
    charged: Charged | None = None
    detail: str | None = None
    next_provider: str | None = None
    next_at: datetime | None = None

    @property
    def must_last(self) -> bool:
        """Whether no loss of power may take it. That a run of this process was accepted says nothing once the process is gone."""
        return self.step is not Step.ACCEPTED or self.durability is not Durability.PROCESS


@attrs.frozen(kw_only=True)
class LateRecord:
    """
    Something of weight that arrived after the end: a success, a charge, an output.

    Attributes:
        n: The attempt it belongs to.
        kind: The update's class name.
        facts: What it said, as plain JSON.
    """

    n: int
    at: datetime
    kind: str
    facts: dict[str, Any]


Record = StatusRecord | AttemptRecord | LateRecord


class Ground(StrEnum):
    """What a verdict about the money of one attempt rests on."""

    SAID = "said"
    """The provider said so."""
    INSIDE = "inside"
    """Nothing but work inside this process."""
    NOT_SENT = "not_sent"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    """It was handed in, and no answer is known."""
    UNSAVED = "unsaved"
    """The upstream did the work, and what it made was lost on our side."""
    UNTOLD = "untold"
    """It was taken, and nobody said what that cost."""


@attrs.frozen(kw_only=True)
class Bill:
    """Whether one attempt may have cost money, and what that is judged by."""

    n: int
    provider: str
    charged: Charged
    ground: Ground


def bills(attempts: Iterable[AttemptRecord]) -> list[Bill]:
    """
    Judge each attempt by its own journalled steps alone.

    A provider's own word wins. Else: nothing but work inside this process -> no; a submission that was refused or
    never sent -> no; work that was done, and lost on our side -> yes; anything else that may have reached an
    upstream -> unknown.
    """
    numbered: dict[int, list[AttemptRecord]] = {}
    for record in attempts:
        numbered.setdefault(record.n, []).append(record)
    return [_bill(steps) for steps in numbered.values()]


def charged(attempts: Iterable[AttemptRecord]) -> Charged:
    """Say honestly whether money may have been taken, from the journalled attempts alone: the worst of them counts."""
    return worst(bill.charged for bill in bills(attempts))


def worst(verdicts: Iterable[Charged]) -> Charged:
    """Return what several attempts come to: money that was taken once was taken."""
    said = set(verdicts)
    return next((verdict for verdict in (Charged.YES, Charged.UNKNOWN) if verdict in said), Charged.NO)


def _bill(steps: list[AttemptRecord]) -> Bill:
    newest = steps[-1]
    said = [step.charged for step in steps if step.charged is not None]
    if said:
        verdict, ground = said[-1], Ground.SAID
    elif newest.step is Step.QUEUED:
        verdict, ground = Charged.NO, Ground.NOT_SENT
    elif newest.durability is Durability.PROCESS:
        verdict, ground = Charged.NO, Ground.INSIDE
    elif newest.result in _TELLING:
        verdict, ground = _TELLING[newest.result]
    else:
        is_taken = any(step.step is Step.ACCEPTED for step in steps)
        verdict, ground = Charged.UNKNOWN, Ground.UNTOLD if is_taken else Ground.UNANSWERED
    return Bill(n=newest.n, provider=newest.provider, charged=verdict, ground=ground)


_TELLING: dict[str | None, tuple[Charged, Ground]] = {
    "not_sent": (Charged.NO, Ground.NOT_SENT),
    "rejected": (Charged.NO, Ground.REFUSED),
    "unsaved": (Charged.YES, Ground.UNSAVED),
}
"""Outcomes that tell about the money by themselves, unless the provider says otherwise."""
