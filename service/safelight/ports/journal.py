"""What a journal holds and does; engines implement it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Generic, Self, TypeVar

import attrs

from safelight.errors import JournalClosed
from safelight.generation import Generation
from safelight.ports.deliveries import Delivery
from safelight.records import AttemptRecord, Record, StatusRecord
from safelight.status import State, Status
from safelight.versions import Version

T = TypeVar("T")
EVERY_STATE = frozenset(State)


@attrs.frozen(kw_only=True)
class Unfinished:
    """
    A generation the journal holds without an end.

    Attributes:
        status: Its newest snapshot.
        attempts: Every attempt record, in the order written.
    """

    generation: Generation
    status: Status
    attempts: tuple[AttemptRecord, ...]


@attrs.frozen(kw_only=True)
class Entry:
    """A record, and when it was written: None where that was by a version that did not note it."""

    at: datetime | None
    record: Record


@attrs.frozen(kw_only=True)
class Story:
    """
    Everything the journal holds of one generation.

    Attributes:
        epoch: The newest claim.
        claimed_by: Who made it, None where that is the process that created the generation.
        entries: Every record, in the order written.
    """

    generation: Generation
    epoch: int
    claimed_by: str | None
    entries: tuple[Entry, ...]

    @property
    def statuses(self) -> list[Status]:
        """The snapshots, the first published first."""
        return [entry.record.status for entry in self.entries if isinstance(entry.record, StatusRecord)]

    @property
    def attempts(self) -> list[AttemptRecord]:
        """The steps of all submissions, in the order written."""
        return [entry.record for entry in self.entries if isinstance(entry.record, AttemptRecord)]


@attrs.frozen(order=True)
class Place:
    """Where a generation stands among its owner's: by the moment it was created, then by its id."""

    created_at: datetime
    id: str


@attrs.frozen(kw_only=True)
class Page(Generic[T]):
    """
    A part of something longer.

    Attributes:
        next: Where the part after it begins, None where nothing follows at present.
    """

    statuses: tuple[Status, ...]
    next: T | None = None


@attrs.frozen(kw_only=True)
class Tombstone:
    """What is left of a generation that was forgotten: enough to tell its owner so, and nobody else."""

    id: str
    owner: str
    forgotten_at: datetime


@attrs.frozen(kw_only=True)
class Keyed:
    """
    What a caller's own key stands for: one create, however often it is sent.

    Attributes:
        fingerprint: Of what was asked; the same key with another one is a mistake.
        generation: What came of it, known or forgotten since.
        provider: What was asked of, for the same reply again.
        until: From when on the key stands for nothing.
    """

    owner: str
    key: str
    fingerprint: str
    generation: str
    provider: str
    until: datetime


class Journal(ABC):
    """
    The truth about every generation. A published status is a journalled one, always.

    Entering opens it (and takes whatever lock makes it single-owner), leaving closes it. After a call returns, what
    it wrote is seen by every later read; after a `durable` one it also survives the loss of power. A call that raises
    has written nothing. Cancelling a waiting call leaves open whether it was written, never half.

    Every method raises `JournalClosed` once the journal is closed or its writer is dead; `NotFound` is `Gone` for a
    generation that has a tombstone.
    """

    @abstractmethod
    async def __aenter__(self) -> Self:
        """
        Open.

        Raises:
            JournalLocked: Another process holds it; the message names the folder.
            JournalError: It cannot be opened or its format is newer than this version knows.
        """

    @abstractmethod
    async def __aexit__(self, *exc_info: object) -> None:
        """Write what was handed in, then close; calling it again is harmless."""

    @abstractmethod
    async def lost(self) -> JournalClosed:
        """Wait for as long as it can be written, and return why it no longer can be; this process is then of no use."""

    @abstractmethod
    async def create(self, generation: Generation, *records: Record, keyed: Keyed | None = None) -> Keyed | None:
        """
        Write a new generation with its first records (a status of seq 1, the first intent) in one durable transaction.

        The epoch of the first status is the generation's first claim.

        Args:
            keyed: The caller's key for it. Where that stands for something already, nothing is written, and what it
                stands for is returned; in every other case that is None.

        Raises:
            JournalFull: No room.
            Conflict: The id exists.
        """

    @abstractmethod
    async def keyed(self, owner: str, key: str) -> Keyed | None:
        """Return what an owner's key stands for, None where that is nothing, or nothing any more."""

    @abstractmethod
    async def expire_keys(self, limit: int = 1000) -> int:
        """Delete up to `limit` keys that stand for nothing any more, and return how many it were."""

    @abstractmethod
    async def claim(self, generation_id: str, owner: str) -> int:
        """
        Take the generation over for the process named `owner` and return its new epoch, durably.

        The epoch is `versions.next_epoch(previous, now)`; a write under an older one is refused from here on.

        Raises:
            NotFound: No such generation.
        """

    @abstractmethod
    async def append(
        self, generation_id: str, epoch: int, *records: Record, durable: bool, delivery: Delivery | None = None
    ) -> None:
        """
        Add records in order, all or none.

        A status must carry `epoch` and the seq after the newest one; a terminal one ends the generation.

        Args:
            delivery: What is owed to the caller's webhook by one of them; written with them or not at all.
            durable: Synced to the medium before it returns (attempts, cancel, outputs, ends); else a crash of the
                machine, though not of the process, may lose it.

        Raises:
            JournalFenced: `epoch` is not the newest claim.
            JournalFull: No room.
            NotFound: No such generation.
            Conflict: A status out of sequence, or anything but a late or attempt record after the end.
        """

    @abstractmethod
    async def find(self, generation_id: str) -> tuple[Generation, Status] | None:
        """Return a generation and its newest status, or None."""

    @abstractmethod
    async def read(self, generation_id: str, after: Version | None = None, limit: int = 100) -> list[Status]:
        """
        Return up to `limit` statuses whose version is greater than `after`, oldest first (None: from the first).

        An unknown generation reads as empty.
        """

    @abstractmethod
    async def story(self, generation_id: str) -> Story | None:
        """Return everything that is held of a generation, what came late included, or None."""

    async def attempts(self, generation_id: str) -> list[AttemptRecord]:
        """Return the attempt records of a generation, in the order written."""
        story = await self.story(generation_id)
        return [] if story is None else story.attempts

    @abstractmethod
    async def unfinished(self) -> list[Unfinished]:
        """Return every generation without a terminal status, oldest first."""

    @abstractmethod
    async def listing(
        self,
        owner: str,
        *,
        states: Collection[State] = EVERY_STATE,
        ref: str | None = None,
        before: Place | None = None,
        limit: int = 20,
    ) -> Page[Place]:
        """
        Return up to `limit` (at least 1) of an owner's generations by their newest status, the newest created first.

        Whoever follows `next` meets each generation that existed at the first page and still is as wanted exactly
        once, whatever is created or forgotten meanwhile.

        Args:
            states: The states wanted.
            ref: The caller's own word, exactly; None: any or none.
            before: `next` of the page before, None for the first.
        """

    @abstractmethod
    async def owed(self, limit: int = 100) -> list[Delivery]:
        """
        Return up to `limit` deliveries that may be made, the first due first.

        Of each generation it is the oldest that is not dead: what follows it waits, so that a webhook is told in order.
        """

    @abstractmethod
    async def deliveries(self, owner: str, *, generation_id: str | None = None, limit: int = 100) -> list[Delivery]:
        """
        Return up to `limit` deliveries that were not taken yet, dead or not, the oldest first.

        Args:
            owner: Whose generations.
            generation_id: Of one of them only.
        """

    @abstractmethod
    async def put_off(self, *deliveries: Delivery) -> None:
        """Write down, durably, where these stand now; one that is no longer known is passed over."""

    @abstractmethod
    async def delivered(self, delivery: Delivery) -> None:
        """Note that a delivery was taken: it is owed no longer. Lost with the power, this has it made once more."""

    @abstractmethod
    async def forget(self, generation_id: str) -> None:
        """
        Delete an ended generation durably, with what is owed of it, and leave a tombstone.

        Raises:
            NotFound: No such generation.
            Conflict: It has not ended.
        """

    @abstractmethod
    async def purge(self, ended_before: datetime, limit: int = 100) -> list[str]:
        """
        Forget up to `limit` generations that ended before that moment, durably, and return their ids.

        The running ones stay; each of the others leaves a tombstone.
        """

    @abstractmethod
    async def tombstone(self, generation_id: str) -> Tombstone | None:
        """Return what is left of a forgotten generation, or None."""

    @abstractmethod
    async def unswept(self, limit: int = 1000) -> list[str]:
        """Return up to `limit` forgotten generations, the first forgotten first, of which outputs may still be there."""

    @abstractmethod
    async def sweep(self, *generation_ids: str) -> None:
        """Note that nothing but the tombstones of these is left; one without a tombstone is passed over."""

    @abstractmethod
    async def expire(self, forgotten_before: datetime, limit: int = 1000) -> int:
        """Delete up to `limit` swept tombstones of what was forgotten before that moment, and return how many it were."""

    @abstractmethod
    async def remember(self, name: str, fact: bytes | None) -> None:
        """Keep a small fact of the service's own under a name, in place of the one before; None forgets it. Not durable."""

    @abstractmethod
    async def remembered(self, prefix: str) -> dict[str, bytes]:
        """Return every fact whose name begins with `prefix`, the one remembered longest ago first."""

    @abstractmethod
    async def room(self) -> int | None:
        """Return the free bytes of the medium, 0 if it refused the last write, None where that has no meaning."""


def first_status(records: Sequence[Record]) -> Status:
    """Return the status among the records of a create."""
    return next(record.status for record in records if isinstance(record, StatusRecord))
