"""What the writer knows of the living, and what the open transaction is about to add to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import attrs

from safelight.codec import encode_record, kind_of
from safelight.engines.rules import Head
from safelight.engines.sqlite.sql import Bulk, statement
from safelight.errors import Gone, NotFound
from safelight.generation import Generation
from safelight.records import Record, StatusRecord
from safelight.status import State

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PAGE = 4096

_INSERT_GENERATIONS = Bulk("insert_generations")
_INSERT_RECORDS = Bulk("insert_records")
_CLAIM = Bulk("claim_generations")
_MOVE = Bulk("move_generations")
_SELECT_HEAD = statement("select_head")
_SELECT_LAST_N = statement("select_last_n")
_SELECT_TOMBSTONE = statement("select_tombstone")


def micros(at: datetime) -> int:
    """Return whole microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    """Return what `micros` was made of."""
    return _EPOCH + micros * _MICROSECOND


Row = tuple[int, str, int | None, int | None, bytes]
"""A record as it is stored: when it was written, kind, epoch, seq (a status only), body."""


def row_of(record: Record, at: int) -> Row:
    """Return the columns of a record."""
    kind, body = kind_of(record), encode_record(record)
    if isinstance(record, StatusRecord):
        version = record.status.version
        return at, kind, version.epoch, version.seq, body
    return at, kind, None, None, body


@attrs.frozen
class Line:
    """A generation in the book: its row number and its head."""

    n: int
    head: Head


class Book:
    """
    The heads of the living generations, so that an append is one INSERT, and the rows that wait for one.

    Nobody else writes the file, so what the book says is so. It follows the transaction: `committed` keeps what
    moved, `rolled_back` forgets it.

    Attributes:
        pages: How far the log has grown by what was added, a cautious guess.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.pages = 0
        self._kept: dict[str, Line] = {}
        self._moved: dict[str, Line] = {}
        self._next_n: int = connection.execute(_SELECT_LAST_N).fetchone()[0] + 1
        self._generations: list[tuple[object, ...]] = []
        self._records: list[tuple[object, ...]] = []
        self._claims: dict[int, tuple[object, ...]] = {}
        self._moves: dict[int, tuple[object, ...]] = {}

    def holds(self, generation_id: str) -> bool:
        """Whether a generation is known to exist; of one that has ended only the file can tell."""
        return generation_id in self._moved or generation_id in self._kept

    def line(self, generation_id: str) -> Line:
        """
        Return where a generation stands.

        Raises:
            NotFound: No such generation.
            Gone: It was forgotten.
        """
        line = self._moved.get(generation_id) or self._kept.get(generation_id)
        if line is None:
            found = self.connection.execute(_SELECT_HEAD, (generation_id,)).fetchone()
            if found is None:
                raise self._unknown(generation_id)
            n, epoch, state, ended_at, seq = found
            line = Line(n, Head(epoch, seq, State(state), None if ended_at is None else moment(ended_at)))
        return line

    def open(self, generation: Generation, body: bytes, head: Head, rows: Sequence[Row]) -> None:
        """Add a generation with its first records."""
        n = self._next_n
        self._next_n += 1
        asked = (generation.id, generation.owner, generation.ref, micros(generation.created_at))
        self._generations.append((n, *asked, head.epoch, *_standing(head), body))
        self._add(generation.id, Line(n, head), rows)

    def advance(self, generation_id: str, line: Line, head: Head, rows: Sequence[Row]) -> None:
        """Add records to a generation, which thereby comes to `head`."""
        if head.state is not line.head.state or head.ended_at != line.head.ended_at:
            self._moves[line.n] = (line.n, *_standing(head))
        self._add(generation_id, Line(line.n, head), rows)

    def claim(self, generation_id: str, line: Line, head: Head, owner: str) -> None:
        """Note a new claim."""
        self._claims[line.n] = (line.n, head.epoch, owner)
        self._moved[generation_id] = Line(line.n, head)

    def forget(self, generation_ids: Iterable[str]) -> None:
        """Note that the open transaction has deleted these."""
        for generation_id in generation_ids:
            self._moved.pop(generation_id, None)
            self._kept.pop(generation_id, None)

    def flush(self) -> None:
        """Write the waiting rows into the open transaction."""
        _INSERT_GENERATIONS.run(self.connection, self._generations)
        _INSERT_RECORDS.run(self.connection, self._records)
        _CLAIM.run(self.connection, list(self._claims.values()))
        _MOVE.run(self.connection, list(self._moves.values()))
        self._drop_rows()

    def committed(self) -> None:
        """Keep what moved; the ended ones are let go."""
        for generation_id, line in self._moved.items():
            if line.head.ended_at is None:
                self._kept[generation_id] = line
            else:
                self._kept.pop(generation_id, None)
        self._moved.clear()

    def rolled_back(self) -> None:
        """Forget what moved."""
        self._drop_rows()
        self._moved.clear()

    def _drop_rows(self) -> None:
        self._generations.clear()
        self._records.clear()
        self._claims.clear()
        self._moves.clear()

    def _add(self, generation_id: str, line: Line, rows: Sequence[Row]) -> None:
        n = line.n
        for row in rows:
            self._records.append((n, *row))
            self.pages += 1 + len(row[-1]) // _PAGE
        self._moved[generation_id] = line

    def _unknown(self, generation_id: str) -> NotFound:
        if self.connection.execute(_SELECT_TOMBSTONE, (generation_id,)).fetchone() is None:
            return NotFound("No such generation.")
        return Gone("The generation was forgotten.")


def _standing(head: Head) -> tuple[str, int | None]:
    """Return what of a head stands in columns, for lists and purges to look at."""
    return head.state.value, None if head.ended_at is None else micros(head.ended_at)
