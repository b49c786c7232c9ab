"""The rules every engine holds to: whose write counts, in which order, what may follow the end, where a page ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from safelight.errors import Conflict, JournalFenced
from safelight.ports import Page, Place
from safelight.records import Record, StatusRecord
from safelight.status import State, Status


@attrs.frozen
class Head:
    """
    Where a generation stands in the journal.

    Attributes:
        epoch: The newest claim.
        seq: The newest status, 0 before the first.
        state: What that one says.
        ended_at: When the terminal status says it ended.
    """

    epoch: int
    seq: int = 0
    state: State = State.STARTED
    ended_at: datetime | None = None


def begun(records: Sequence[Record], now: datetime) -> Head:
    """
    Return the head of a new generation: its first status is also its first claim.

    Raises:
        Conflict: There is no status among the records, or they do not start at seq 1.
    """
    epoch = next((record.status.version.epoch for record in records if isinstance(record, StatusRecord)), None)
    if epoch is None:
        raise Conflict("A generation begins with a status of seq 1.")
    return advanced(Head(epoch), epoch, records, now)


def advanced(head: Head, epoch: int, records: Sequence[Record], now: datetime) -> Head:
    """
    Return where `head` comes to by `records`, written under `epoch`.

    Args:
        now: When a terminal status ended that does not say it itself.

    Raises:
        JournalFenced: `epoch` is not the newest claim.
        Conflict: A status out of sequence or after the end.
    """
    if epoch != head.epoch:
        raise JournalFenced(f"Epoch {epoch} is not the newest claim of this generation, {head.epoch} is.")
    seq, state, ended_at = head.seq, head.state, head.ended_at
    for record in records:
        if not isinstance(record, StatusRecord):
            continue
        status = record.status
        version = status.version
        if ended_at is not None:
            raise Conflict(f"The generation has ended; status {version} cannot follow.")
        if version.seq != seq + 1 or version.epoch != epoch:
            raise Conflict(f"Status {version} is out of sequence; {epoch}-{seq + 1} comes next.")
        seq += 1
        state = status.state
        if status.is_terminal:
            ended_at = status.ended_at or now
    return Head(epoch, seq, state, ended_at)


def check_forgettable(head: Head) -> None:
    """
    Let nothing be forgotten that somebody still works on.

    Raises:
        Conflict: The generation has not ended.
    """
    if head.ended_at is None:
        raise Conflict("The generation has not ended.")


def page(found: Sequence[tuple[Place, Status]], limit: int) -> Page[Place]:
    """Return the first `limit` of what was found, in the order found, and whether there was more."""
    shown = found[:limit]
    return Page(
        statuses=tuple(status for _, status in shown),
        next=shown[-1][0] if len(found) > limit else None,
    )
