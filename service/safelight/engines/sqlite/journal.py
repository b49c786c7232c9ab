"""The journal in one SQLite file in the data folder."""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Self

from safelight.engines.sqlite import reads
from safelight.engines.sqlite.writer import Writer
from safelight.engines.sqlite.writes import (
    Append,
    Claim,
    Create,
    Delivered,
    Expire,
    ExpireKeys,
    Forget,
    Purge,
    PutOff,
    Remember,
    Sweep,
    rows_of,
)
from safelight.errors import JournalClosed, JournalError, JournalFull
from safelight.generation import Generation
from safelight.ports import EVERY_STATE, Clock, Delivery, Journal, Keyed, Page, Place, Story, Tombstone, Unfinished
from safelight.records import Record
from safelight.status import State, Status
from safelight.versions import Version


class SqliteJournal(Journal):
    """
    A journal that outlives the process, for one process at a time.

    Args:
        folder: The data folder; made if need be.
        clock: Gives the epochs of claims, and tells which keys are over.
        min_free_bytes: What is left of the medium to the generations that run: with less, none is created.
    """

    def __init__(self, folder: Path, clock: Clock, *, min_free_bytes: int) -> None:
        self._folder = folder
        self._clock = clock
        self._min_free_bytes = min_free_bytes
        self._writer: Writer | None = None

    async def __aenter__(self) -> Self:
        """See `Journal`."""
        if self._writer is not None:
            raise JournalError("This journal is open already.")
        self._writer = Writer(self._folder)
        try:
            await self._writer.open()
        except BaseException:
            self._writer = None
            raise
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """See `Journal`."""
        if self._writer is not None:
            try:
                await self._writer.close()
            finally:
                self._writer = None

    async def lost(self) -> JournalClosed:
        """See `Journal`."""
        return await self._opened().lost()

    async def create(self, generation: Generation, *records: Record, keyed: Keyed | None = None) -> Keyed | None:
        """See `Journal`."""
        writer = self._opened()
        await writer.look()
        if self._room() < self._min_free_bytes:
            raise JournalFull(f"The data folder has less than {self._min_free_bytes} bytes free.")
        return await writer.write(Create.of(generation, records, keyed, self._clock.now()))

    async def keyed(self, owner: str, key: str) -> Keyed | None:
        """See `Journal`."""
        return await self._opened().readers.run(partial(reads.keyed, owner=owner, key=key, now=self._clock.now()))

    async def expire_keys(self, limit: int = 1000) -> int:
        """See `Journal`."""
        return await self._opened().write(ExpireKeys(self._clock.now(), reads.bounded(limit), is_durable=False))

    async def claim(self, generation_id: str, owner: str) -> int:
        """See `Journal`."""
        return await self._opened().write(Claim(generation_id, owner, self._clock.now(), is_durable=True))

    async def append(
        self, generation_id: str, epoch: int, *records: Record, durable: bool, delivery: Delivery | None = None
    ) -> None:
        """See `Journal`."""
        now = self._clock.now()
        write = Append(generation_id, epoch, records, rows_of(records, now), delivery, now, is_durable=durable)
        await self._opened().write(write)

    async def find(self, generation_id: str) -> tuple[Generation, Status] | None:
        """See `Journal`."""
        return await self._opened().readers.run(partial(reads.find, generation_id=generation_id))

    async def read(self, generation_id: str, after: Version | None = None, limit: int = 100) -> list[Status]:
        """See `Journal`."""
        query = partial(reads.statuses, generation_id=generation_id, after=after, limit=limit)
        return await self._opened().readers.run(query)

    async def story(self, generation_id: str) -> Story | None:
        """See `Journal`."""
        return await self._opened().readers.run(partial(reads.story, generation_id=generation_id))

    async def unfinished(self) -> list[Unfinished]:
        """See `Journal`."""
        return await self._opened().readers.run(reads.unfinished)

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
        query = partial(reads.listing, owner=owner, states=set(states), ref=ref, before=before, limit=limit)
        return await self._opened().readers.run(query)

    async def owed(self, limit: int = 100) -> list[Delivery]:
        """See `Journal`."""
        return await self._opened().readers.run(partial(reads.owed, limit=limit))

    async def deliveries(self, owner: str, *, generation_id: str | None = None, limit: int = 100) -> list[Delivery]:
        """See `Journal`."""
        query = partial(reads.deliveries, owner=owner, generation_id=generation_id, limit=limit)
        return await self._opened().readers.run(query)

    async def put_off(self, *deliveries: Delivery) -> None:
        """See `Journal`."""
        await self._opened().write(PutOff(deliveries, is_durable=True))

    async def delivered(self, delivery: Delivery) -> None:
        """See `Journal`."""
        await self._opened().write(Delivered(delivery, is_durable=False))

    async def forget(self, generation_id: str) -> None:
        """See `Journal`."""
        await self._opened().write(Forget(generation_id, self._clock.now(), is_durable=True))

    async def purge(self, ended_before: datetime, limit: int = 100) -> list[str]:
        """See `Journal`."""
        return await self._opened().write(Purge(ended_before, reads.bounded(limit), self._clock.now(), is_durable=True))

    async def tombstone(self, generation_id: str) -> Tombstone | None:
        """See `Journal`."""
        return await self._opened().readers.run(partial(reads.tombstone, generation_id=generation_id))

    async def unswept(self, limit: int = 1000) -> list[str]:
        """See `Journal`."""
        return await self._opened().readers.run(partial(reads.unswept, limit=limit))

    async def sweep(self, *generation_ids: str) -> None:
        """See `Journal`."""
        await self._opened().write(Sweep(generation_ids, is_durable=False))

    async def expire(self, forgotten_before: datetime, limit: int = 1000) -> int:
        """See `Journal`."""
        return await self._opened().write(Expire(forgotten_before, reads.bounded(limit), is_durable=False))

    async def remember(self, name: str, fact: bytes | None) -> None:
        """See `Journal`."""
        await self._opened().write(Remember(name, fact, is_durable=False))

    async def remembered(self, prefix: str) -> dict[str, bytes]:
        """See `Journal`."""
        return await self._opened().readers.run(partial(reads.remembered, prefix=prefix))

    async def room(self) -> int | None:
        """See `Journal`."""
        writer = self._opened()
        await writer.look()
        return 0 if writer.is_failing else self._room()

    def _opened(self) -> Writer:
        if self._writer is None:
            raise JournalClosed("The journal is closed.")
        return self._writer

    def _room(self) -> int:
        # asked of memory, not of the medium: cheaper than a thread
        medium = os.statvfs(self._folder)
        return medium.f_bavail * medium.f_frsize
