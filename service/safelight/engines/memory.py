"""The journal in memory, for tests and for those who need nothing to outlive the process."""

from __future__ import annotations

import asyncio
import heapq
from bisect import bisect_right
from collections.abc import Collection
from datetime import datetime
from operator import itemgetter
from typing import Self

import attrs

from safelight.engines import rules
from safelight.errors import Conflict, Gone, JournalClosed, JournalError, NotFound
from safelight.generation import Generation
from safelight.ports import EVERY_STATE, Clock, Delivery, Entry, Journal, Keyed, Page, Place, Story, Tombstone, Unfinished
from safelight.records import Record, StatusRecord
from safelight.status import State, Status
from safelight.versions import Version, next_epoch


@attrs.define
class _Life:
    generation: Generation
    head: rules.Head
    owner: str | None = None
    statuses: list[Status] = attrs.field(factory=list)
    entries: list[Entry] = attrs.field(factory=list)
    deliveries: dict[Version, Delivery] = attrs.field(factory=dict)

    @property
    def place(self) -> Place:
        return Place(self.generation.created_at, self.generation.id)

    @property
    def story(self) -> Story:
        return Story(generation=self.generation, epoch=self.head.epoch, claimed_by=self.owner, entries=tuple(self.entries))

    def add(self, records: tuple[Record, ...], at: datetime) -> None:
        self.entries += (Entry(at=at, record=record) for record in records)
        self.statuses += (record.status for record in records if isinstance(record, StatusRecord))


class MemoryJournal(Journal):
    """
    A journal as a dictionary; it may be entered again and then holds what it held.

    Args:
        clock: Gives the epochs of claims, and tells which keys are over.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lives: dict[str, _Life] = {}
        self._tombstones: dict[str, Tombstone] = {}
        self._unswept: dict[str, None] = {}
        self._keys: dict[tuple[str, str], Keyed] = {}
        self._facts: dict[str, bytes] = {}
        self._is_open = False
        self._closed = asyncio.Event()

    async def __aenter__(self) -> Self:
        """See `Journal`."""
        if self._is_open:
            raise JournalError("This journal is open already.")
        self._is_open = True
        self._closed.clear()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """See `Journal`."""
        self._is_open = False
        self._closed.set()

    async def lost(self) -> JournalClosed:
        """See `Journal`."""
        self._opened()
        await self._closed.wait()
        return JournalClosed("The journal is closed.")

    async def create(self, generation: Generation, *records: Record, keyed: Keyed | None = None) -> Keyed | None:
        """See `Journal`."""
        lives = self._opened()
        if keyed is not None and (known := await self.keyed(keyed.owner, keyed.key)) is not None:
            return known
        if generation.id in lives:
            raise Conflict("A generation with this id exists.")
        now = self._clock.now()
        life = _Life(generation, rules.begun(records, now))
        life.add(records, now)
        lives[generation.id] = life
        if keyed is not None:
            self._keys[keyed.owner, keyed.key] = keyed
        return None

    async def keyed(self, owner: str, key: str) -> Keyed | None:
        """See `Journal`."""
        self._opened()
        known = self._keys.get((owner, key))
        return known if known is not None and known.until > self._clock.now() else None

    async def expire_keys(self, limit: int = 1000) -> int:
        """See `Journal`."""
        self._opened()
        now = self._clock.now()
        due = [place for place, known in self._keys.items() if known.until <= now][: max(0, limit)]
        for place in due:
            del self._keys[place]
        return len(due)

    async def claim(self, generation_id: str, owner: str) -> int:
        """See `Journal`."""
        life = self._known(generation_id)
        epoch = next_epoch(life.head.epoch, int(self._clock.now().timestamp()))
        life.head = attrs.evolve(life.head, epoch=epoch)
        life.owner = owner
        return epoch

    async def append(
        self,
        generation_id: str,
        epoch: int,
        *records: Record,
        durable: bool,  # noqa: ARG002 - nothing here outlives the process
        delivery: Delivery | None = None,
    ) -> None:
        """See `Journal`."""
        life = self._known(generation_id)
        now = self._clock.now()
        life.head = rules.advanced(life.head, epoch, records, now)
        life.add(records, now)
        if delivery is not None:
            life.deliveries[delivery.version] = delivery

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

    async def story(self, generation_id: str) -> Story | None:
        """See `Journal`."""
        life = self._opened().get(generation_id)
        return None if life is None else life.story

    async def unfinished(self) -> list[Unfinished]:
        """See `Journal`."""
        return [
            Unfinished(generation=life.generation, status=life.statuses[-1], attempts=tuple(life.story.attempts))
            for life in self._opened().values()
            if life.head.ended_at is None
        ]

    async def listing(
        self,
        owner: str,
        *,
        states: Collection[State] = EVERY_STATE,
        ref: str | None = None,
        before: Place | None = None,
        limit: int = 20,
    ) -> Page[Place]:
        """See `Journal`."""
        wanted = (
            (life.place, life.statuses[-1])
            for life in self._opened().values()
            if life.generation.owner == owner
            and life.head.state in states
            and ref in {None, life.generation.ref}
            and (before is None or life.place < before)
        )
        limit = max(1, limit)
        return rules.page(heapq.nlargest(limit + 1, wanted, key=itemgetter(0)), limit)

    async def owed(self, limit: int = 100) -> list[Delivery]:
        """See `Journal`."""
        alive = ([one for one in life.deliveries.values() if not one.is_dead] for life in self._opened().values())
        oldest = [min(owed, key=lambda one: one.version) for owed in alive if owed]
        return sorted(oldest, key=lambda one: one.due_at)[: max(0, limit)]

    async def deliveries(self, owner: str, *, generation_id: str | None = None, limit: int = 100) -> list[Delivery]:
        """See `Journal`."""
        lives = [life for life in self._opened().values() if life.generation.owner == owner]
        lives = [life for life in lives if generation_id in {None, life.generation.id}]
        return [delivery for life in lives for delivery in life.deliveries.values()][: max(0, limit)]

    async def put_off(self, *deliveries: Delivery) -> None:
        """See `Journal`."""
        lives = self._opened()
        for delivery in deliveries:
            if (life := lives.get(delivery.generation)) is not None and delivery.version in life.deliveries:
                life.deliveries[delivery.version] = delivery

    async def delivered(self, delivery: Delivery) -> None:
        """See `Journal`."""
        if (life := self._opened().get(delivery.generation)) is not None:
            life.deliveries.pop(delivery.version, None)

    async def forget(self, generation_id: str) -> None:
        """See `Journal`."""
        rules.check_forgettable(self._known(generation_id).head)
        self._bury(generation_id)

    async def purge(self, ended_before: datetime, limit: int = 100) -> list[str]:
        """See `Journal`."""
        lives = self._opened()
        ended = ((ended_at, key) for key, life in lives.items() if (ended_at := life.head.ended_at) and ended_at < ended_before)
        gone = [key for _, key in heapq.nsmallest(max(0, limit), ended)]
        for key in gone:
            self._bury(key)
        return gone

    async def tombstone(self, generation_id: str) -> Tombstone | None:
        """See `Journal`."""
        self._opened()
        return self._tombstones.get(generation_id)

    async def unswept(self, limit: int = 1000) -> list[str]:
        """See `Journal`."""
        self._opened()
        return list(self._unswept)[: max(0, limit)]

    async def sweep(self, *generation_ids: str) -> None:
        """See `Journal`."""
        self._opened()
        for generation_id in generation_ids:
            self._unswept.pop(generation_id, None)

    async def expire(self, forgotten_before: datetime, limit: int = 1000) -> int:
        """See `Journal`."""
        self._opened()
        swept = (stone for stone in self._tombstones.values() if stone.id not in self._unswept)
        due = [stone.id for stone in swept if stone.forgotten_at < forgotten_before][: max(0, limit)]
        for generation_id in due:
            del self._tombstones[generation_id]
        return len(due)

    async def remember(self, name: str, fact: bytes | None) -> None:
        """See `Journal`."""
        self._opened()
        self._facts.pop(name, None)
        if fact is not None:
            self._facts[name] = fact

    async def remembered(self, prefix: str) -> dict[str, bytes]:
        """See `Journal`."""
        self._opened()
        return {name: fact for name, fact in self._facts.items() if name.startswith(prefix)}

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
            raise Gone("The generation was forgotten.") if generation_id in self._tombstones else NotFound("No such generation.")
        return life

    def _bury(self, generation_id: str) -> None:
        life = self._lives.pop(generation_id)
        for kept in (self._tombstones, self._unswept):
            kept.pop(generation_id, None)  # the last to be forgotten stands last
        now = self._clock.now()
        self._tombstones[generation_id] = Tombstone(id=generation_id, owner=life.generation.owner, forgotten_at=now)
        self._unswept[generation_id] = None
