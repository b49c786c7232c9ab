"""The journal in memory, for tests and for those who need nothing to outlive the process."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from datetime import datetime
from typing import Self

import attrs

from safelight.engines import rules
from safelight.errors import Conflict, JournalClosed, JournalError, NotFound
from safelight.generation import Generation
from safelight.ports import Clock, Journal, Unfinished
from safelight.records import AttemptRecord, LateRecord, Record, StatusRecord
from safelight.status import Status
from safelight.versions import Version, next_epoch


@attrs.define
class _Life:
    generation: Generation
    head: rules.Head
    owner: str | None = None
    statuses: list[Status] = attrs.field(factory=list)
    attempts: list[AttemptRecord] = attrs.field(factory=list)
    late: list[LateRecord] = attrs.field(factory=list)

    def add(self, records: tuple[Record, ...]) -> None:
        for record in records:
            match record:
                case StatusRecord():
                    self.statuses.append(record.status)
                case AttemptRecord():
                    self.attempts.append(record)
                case LateRecord():
                    self.late.append(record)


class MemoryJournal(Journal):
    """
    A journal as a dictionary; it may be entered again and then holds what it held.

    Args:
        clock: Gives the epochs of claims.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lives: dict[str, _Life] = {}
        self._is_open = False

    async def __aenter__(self) -> Self:
        """See `Journal`."""
        if self._is_open:
            raise JournalError("This journal is open already.")
        self._is_open = True
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """See `Journal`."""
        self._is_open = False

    async def create(self, generation: Generation, *records: Record) -> None:
        """See `Journal`."""
        lives = self._opened()
        if generation.id in lives:
            raise Conflict("A generation with this id exists.")
        life = _Life(generation, rules.begun(records, self._clock.now()))
        life.add(records)
        lives[generation.id] = life

    async def claim(self, generation_id: str, owner: str) -> int:
        """See `Journal`."""
        life = self._known(generation_id)
        epoch = next_epoch(life.head.epoch, int(self._clock.now().timestamp()))
        life.head = attrs.evolve(life.head, epoch=epoch)
        life.owner = owner
        return epoch

    async def append(self, generation_id: str, epoch: int, *records: Record, durable: bool) -> None:  # noqa: ARG002 - nothing here outlives the process
        """See `Journal`."""
        life = self._known(generation_id)
        life.head = rules.advanced(life.head, epoch, records, self._clock.now())
        life.add(records)

    async def find(self, generation_id: str) -> tuple[Generation, Status] | None:
        """See `Journal`."""
        life = self._opened().get(generation_id)
        return None if life is None else (life.generation, life.statuses[-1])

    async def read(self, generation_id: str, after: Version | None = None, limit: int = 100) -> list[Status]:
        """See `Journal`."""
        life = self._opened().get(generation_id)
        if life is None:
            return []
        first = 0 if after is None else bisect_right(life.statuses, after, key=lambda status: status.version)
        return life.statuses[first : first + max(0, limit)]

    async def attempts(self, generation_id: str) -> list[AttemptRecord]:
        """See `Journal`."""
        life = self._opened().get(generation_id)
        return [] if life is None else list(life.attempts)

    async def unfinished(self) -> list[Unfinished]:
        """See `Journal`."""
        return [
            Unfinished(generation=life.generation, status=life.statuses[-1], attempts=tuple(life.attempts))
            for life in self._opened().values()
            if life.head.ended_at is None
        ]

    async def purge(self, ended_before: datetime, limit: int = 100) -> list[str]:
        """See `Journal`."""
        lives = self._opened()
        ended = ((ended_at, key) for key, life in lives.items() if (ended_at := life.head.ended_at) and ended_at < ended_before)
        gone = [key for _, key in heapq.nsmallest(max(0, limit), ended)]
        for key in gone:
            del lives[key]
        return gone

    async def room(self) -> int | None:
        """See `Journal`."""
        self._opened()
        return None

    def _opened(self) -> dict[str, _Life]:
        if not self._is_open:
            raise JournalClosed("The journal is closed.")
        return self._lives

    def _known(self, generation_id: str) -> _Life:
        life = self._opened().get(generation_id)
        if life is None:
            raise NotFound("No such generation.")
        return life
