"""The rules every engine holds to: whose write counts, in which order, and what may follow the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from safelight.errors import Conflict, JournalFenced
from safelight.records import Record, StatusRecord


@attrs.frozen
class Head:
    """
    Where a generation stands in the journal.

    Attributes:
        epoch: The newest claim.
        seq: The newest status, 0 before the first.
        ended_at: When the terminal status says it ended.
    """

    epoch: int
    seq: int = 0
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
    seq, ended_at = head.seq, head.ended_at
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
        if status.is_terminal:
            ended_at = status.ended_at or now
    return Head(epoch, seq, ended_at)
