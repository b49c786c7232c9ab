"""What the journal holds of a generation: statuses, attempts and what came too late; and what that says about money."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from safelight.status import Charged, Status


class Step(StrEnum):
    """How far a submission has come; each is durable before the next is taken."""

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
        step: intent, accepted or outcome.
        provider: The instance submitted to.
        durability: What the job depends on; kept here so that a restart need not load the plugin to judge.
        key: The client key the upstream was given.
        job: The upstream's handle (accepted only): small JSON, no secrets.
        result: not_sent, rejected, unknown, succeeded, failed, canceled, abandoned (outcome only).
        charged: Whether money was taken, where the provider said so.
        detail: A scrubbed sentence for operators.
        place: Where in the generation's route the provider stands, from 0.
        next_place: Where the attempt that follows is made, None where none does (outcome only).
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
    place: int = 0
    next_place: int | None = None
    next_at: datetime | None = None


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


def charged(attempts: Iterable[AttemptRecord]) -> Charged:
    """
    Say honestly whether money may have been taken, from the journalled attempts alone.

    A provider's own word wins. Else: nothing submitted, or nothing but work inside this process -> no; a submission
    that was refused or never sent -> no; anything else that reached an upstream -> unknown.
    """
    verdicts = {_charged_once(steps) for steps in _by_number(attempts)}
    for verdict in (Charged.YES, Charged.UNKNOWN):
        if verdict in verdicts:
            return verdict
    return Charged.NO


def _by_number(attempts: Iterable[AttemptRecord]) -> list[list[AttemptRecord]]:
    numbered: dict[int, list[AttemptRecord]] = {}
    for record in attempts:
        numbered.setdefault(record.n, []).append(record)
    return list(numbered.values())


def _charged_once(steps: list[AttemptRecord]) -> Charged:
    said = [step.charged for step in steps if step.charged is not None]
    if said:
        return said[-1]
    if steps[-1].durability is Durability.PROCESS or steps[-1].result in {"not_sent", "rejected"}:
        return Charged.NO
    return Charged.UNKNOWN
