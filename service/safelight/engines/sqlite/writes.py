"""Everything that can be written, each as one thing that the writer applies whole or not at all."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Generic, TypeVar

import attrs

from safelight.codec import encode_generation
from safelight.engines import rules
from safelight.engines.sqlite import reads
from safelight.engines.sqlite.book import Book, Row, micros, row_of
from safelight.engines.sqlite.sql import statement
from safelight.errors import Conflict
from safelight.generation import Generation
from safelight.ports import Delivery, Keyed
from safelight.records import Record
from safelight.versions import next_epoch

T = TypeVar("T")

_SELECT_ENDED = statement("select_ended")
_BURY = statement("bury_generations")
_DELETE_RECORDS = statement("delete_records")
_DELETE_GENERATIONS = statement("delete_generations")
_SWEEP = statement("sweep_tombstones")
_EXPIRE = statement("delete_tombstones")
_KEY = statement("insert_key")
_EXPIRE_KEYS = statement("delete_keys")
_REMEMBER = statement("insert_fact")
_UNLEARN = statement("delete_fact")
_OWE = statement("insert_delivery")
_PUT_OFF = statement("move_delivery")
_DELIVERED = statement("delete_delivery")
_DELETE_DELIVERIES = statement("delete_deliveries")


@attrs.frozen
class Write(ABC, Generic[T]):
    """
    One call's worth of writing.

    Attributes:
        is_durable: Whether it is synced before the call returns.
    """

    is_durable: bool = attrs.field(kw_only=True)

    @abstractmethod
    def apply(self, book: Book) -> T:
        """
        Put it into the book and return what the caller is told.

        Raises:
            SafelightError: It is refused, and the book was not touched.
        """


def rows_of(records: Sequence[Record], now: datetime) -> tuple[Row, ...]:
    """Encode records, on the caller's side: what cannot be encoded costs its own caller alone."""
    at = micros(now)
    return tuple([row_of(record, at) for record in records])


@attrs.frozen
class Create(Write[Keyed | None]):
    """A new generation; it returns what its key stands for already, and is then none."""

    generation: Generation
    body: bytes
    records: Sequence[Record]
    rows: Sequence[Row]
    keyed: Keyed | None
    now: datetime

    @classmethod
    def of(cls, generation: Generation, records: Sequence[Record], keyed: Keyed | None, now: datetime) -> Create:
        """Encode and make one."""
        return cls(generation, encode_generation(generation), records, rows_of(records, now), keyed, now, is_durable=True)

    def apply(self, book: Book) -> Keyed | None:
        """See `Write`. Whether an ended generation has the id is left to the file's own constraint."""
        keyed, connection = self.keyed, book.connection
        if keyed is not None and (known := reads.keyed(connection, keyed.owner, keyed.key, self.now)) is not None:
            return known
        if book.holds(self.generation.id):
            raise Conflict("A generation with this id exists.")
        head = rules.begun(self.records, self.now)
        book.open(self.generation, self.body, head, self.rows)
        if keyed is not None:
            facts = keyed.owner, keyed.key, keyed.fingerprint, keyed.generation, keyed.provider, micros(keyed.until)
            connection.execute(_KEY, facts)  # at once, so that a double in the same transaction finds it
        return None


@attrs.frozen
class Claim(Write[int]):
    """A claim by `owner`; it returns the epoch."""

    generation_id: str
    owner: str
    now: datetime

    def apply(self, book: Book) -> int:
        """See `Write`."""
        line = book.line(self.generation_id)
        head = attrs.evolve(line.head, epoch=next_epoch(line.head.epoch, int(self.now.timestamp())))
        book.claim(self.generation_id, line, head, self.owner)
        return head.epoch


@attrs.frozen
class Append(Write[None]):
    """Records for a generation."""

    generation_id: str
    epoch: int
    records: Sequence[Record]
    rows: Sequence[Row]
    delivery: Delivery | None
    now: datetime

    def apply(self, book: Book) -> None:
        """See `Write`."""
        line = book.line(self.generation_id)
        head = rules.advanced(line.head, self.epoch, self.records, self.now)
        if self.delivery is not None:
            book.connection.execute(_OWE, (line.n, *_standing(self.delivery)))
        book.advance(self.generation_id, line, head, self.rows)


@attrs.frozen
class PutOff(Write[None]):
    """Where deliveries stand now."""

    deliveries: Sequence[Delivery]

    def apply(self, book: Book) -> None:
        """See `Write`."""
        book.flush()  # the generation may wait in the same transaction
        for delivery in self.deliveries:
            epoch, seq, *standing = _standing(delivery)
            book.connection.execute(_PUT_OFF, (*standing, delivery.generation, epoch, seq))


@attrs.frozen
class Delivered(Write[None]):
    """The word that a delivery was taken."""

    delivery: Delivery

    def apply(self, book: Book) -> None:
        """See `Write`."""
        book.flush()
        version = self.delivery.version
        book.connection.execute(_DELIVERED, (self.delivery.generation, version.epoch, version.seq))


@attrs.frozen
class Forget(Write[None]):
    """The end of one generation's stay."""

    generation_id: str
    now: datetime

    def apply(self, book: Book) -> None:
        """See `Write`."""
        line = book.line(self.generation_id)
        rules.check_forgettable(line.head)
        book.flush()  # its last rows may wait in the same transaction
        _bury(book, {line.n: self.generation_id}, self.now)


@attrs.frozen
class Purge(Write[list[str]]):
    """The end of the stay of those that ended; it returns their ids."""

    ended_before: datetime
    limit: int
    now: datetime

    def apply(self, book: Book) -> list[str]:
        """See `Write`."""
        book.flush()  # an end before it in the same transaction counts
        found = book.connection.execute(_SELECT_ENDED, (micros(self.ended_before), self.limit))
        ended: dict[int, str] = dict(found.fetchall())
        _bury(book, ended, self.now)
        return list(ended.values())


@attrs.frozen
class Sweep(Write[None]):
    """The word that of these nothing but tombstones is left."""

    generation_ids: Sequence[str]

    def apply(self, book: Book) -> None:
        """See `Write`."""
        book.connection.execute(_SWEEP, (json.dumps(self.generation_ids),))


@attrs.frozen
class Expire(Write[int]):
    """The end of tombstones; it returns how many it were."""

    forgotten_before: datetime
    limit: int

    def apply(self, book: Book) -> int:
        """See `Write`."""
        return book.connection.execute(_EXPIRE, (micros(self.forgotten_before), self.limit)).rowcount


@attrs.frozen
class ExpireKeys(Write[int]):
    """The end of keys; it returns how many it were."""

    now: datetime
    limit: int

    def apply(self, book: Book) -> int:
        """See `Write`."""
        return book.connection.execute(_EXPIRE_KEYS, (micros(self.now), self.limit)).rowcount


@attrs.frozen
class Remember(Write[None]):
    """A fact of the service's own, or the end of one."""

    name: str
    fact: bytes | None

    def apply(self, book: Book) -> None:
        """See `Write`."""
        if self.fact is None:
            book.connection.execute(_UNLEARN, (self.name,))
        else:
            book.connection.execute(_REMEMBER, (self.name, self.fact))


def _bury(book: Book, which: Mapping[int, str], now: datetime) -> None:
    """Put tombstones in the place of generations, which are in the file whole."""
    if not which:
        return
    numbers = json.dumps(list(which))
    book.connection.execute(_BURY, (micros(now), numbers))
    book.pages += book.connection.execute(_DELETE_RECORDS, (numbers,)).rowcount
    book.connection.execute(_DELETE_DELIVERIES, (numbers,))
    book.connection.execute(_DELETE_GENERATIONS, (numbers,))
    book.forget(which.values())


def _standing(delivery: Delivery) -> tuple[int, int, int, int, int, str | None]:
    """Return the columns of a delivery, but for its generation."""
    version = delivery.version
    return version.epoch, version.seq, micros(delivery.due_at), delivery.tries, int(delivery.is_dead), delivery.detail
