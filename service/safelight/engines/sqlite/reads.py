"""Everything that can be read, each as a function of a connection inside a read transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime
from itertools import chain
from typing import cast

from safelight.codec import decode_generation, decode_record, decode_status
from safelight.engines import rules
from safelight.engines.sqlite.book import micros, moment
from safelight.engines.sqlite.sql import statement
from safelight.generation import Generation
from safelight.ports import Delivery, Entry, Keyed, Page, Place, Story, Tombstone, Unfinished
from safelight.records import AttemptRecord
from safelight.status import State, Status
from safelight.versions import Version

_GENERATION = statement("select_generation")
_STATUSES = statement("select_statuses")
_STORY = statement("select_story")
_RECORDS = statement("select_records")
_IDS = statement("select_ids")
_BY_OWNER = statement("select_by_owner")
_BY_REF = statement("select_by_ref")
_NEWEST = statement("select_newest")
_TOMBSTONE = statement("select_tombstone")
_UNSWEPT = statement("select_unswept")
_KEY = statement("select_key")
_FACTS = statement("select_facts")
_OWED = statement("select_owed")
_DELIVERIES = statement("select_deliveries")
_UNFINISHED = statement("select_unfinished")
_UNFINISHED_ATTEMPTS = statement("select_unfinished_attempts")

_LARGEST = 2**63 - 1
_BEFORE_ALL = (-1, -1)
_AFTER_ALL = (_LARGEST, "")


def find(connection: sqlite3.Connection, generation_id: str) -> tuple[Generation, Status] | None:
    """Return a generation and its newest status, or None."""
    row = connection.execute(_GENERATION, (generation_id,)).fetchone()
    return None if row is None else (decode_generation(row[0]), decode_status(row[1]))


def statuses(connection: sqlite3.Connection, generation_id: str, after: Version | None, limit: int) -> list[Status]:
    """Return up to `limit` statuses after a version, which may be any the wire can carry."""
    cursor = _BEFORE_ALL if after is None else (min(after.epoch, _LARGEST), min(after.seq, _LARGEST))
    rows = connection.execute(_STATUSES, (generation_id, *cursor, bounded(limit)))
    return [decode_status(body) for (body,) in rows.fetchall()]


def story(connection: sqlite3.Connection, generation_id: str) -> Story | None:
    """Return everything that is held of a generation, or None."""
    row = connection.execute(_STORY, (generation_id,)).fetchone()
    if row is None:
        return None
    n, epoch, claimed_by, body = row
    entries = tuple(
        Entry(at=None if at is None else moment(at), record=decode_record(kind, said))
        for at, kind, said in connection.execute(_RECORDS, (n,)).fetchall()
    )
    return Story(generation=decode_generation(body), epoch=epoch, claimed_by=claimed_by, entries=entries)


def ids(connection: sqlite3.Connection, beginning: str, limit: int) -> list[str]:
    """Return up to `limit` ids with this beginning, of what is known and of what was forgotten."""
    after_all = f"{beginning}g"  # an id is hex digits
    return [row[0] for row in connection.execute(_IDS, {"first": beginning, "last": after_all, "limit": bounded(limit)})]


def listing(
    connection: sqlite3.Connection,
    owner: str,
    states: Collection[State],
    ref: str | None,
    before: Place | None,
    limit: int,
) -> Page[Place]:
    """Return a page of an owner's generations: of each state as many as could be on it, merged."""
    whose = (owner,) if ref is None else (owner, ref)
    text = _BY_OWNER if ref is None else _BY_REF
    cursor = _AFTER_ALL if before is None else (micros(before.created_at), before.id)
    limit = max(1, min(limit, _LARGEST - 1))
    rows = (connection.execute(text, (*whose, state.value, *cursor, limit + 1)).fetchall() for state in states)
    newest = sorted(chain.from_iterable(rows), reverse=True)[: limit + 1]
    bodies: dict[int, bytes] = dict(connection.execute(_NEWEST, (json.dumps([n for _, _, n in newest]),)).fetchall())
    return rules.page([(Place(moment(at), id_), decode_status(bodies[n])) for at, id_, n in newest], limit)


def tombstone(connection: sqlite3.Connection, generation_id: str) -> Tombstone | None:
    """Return what is left of a forgotten generation, or None."""
    row = connection.execute(_TOMBSTONE, (generation_id,)).fetchone()
    return None if row is None else Tombstone(id=generation_id, owner=row[0], forgotten_at=moment(row[1]))


def unswept(connection: sqlite3.Connection, limit: int) -> list[str]:
    """Return the ids of forgotten generations that were not swept, the first forgotten first."""
    return [row[0] for row in connection.execute(_UNSWEPT, (bounded(limit),)).fetchall()]


def keyed(connection: sqlite3.Connection, owner: str, key: str, now: datetime) -> Keyed | None:
    """Return what an owner's key stands for now, or None."""
    row = connection.execute(_KEY, (owner, key, micros(now))).fetchone()
    if row is None:
        return None
    fingerprint, generation, provider, until = row
    return Keyed(owner=owner, key=key, fingerprint=fingerprint, generation=generation, provider=provider, until=moment(until))


def remembered(connection: sqlite3.Connection, prefix: str) -> dict[str, bytes]:
    """Return every fact whose name begins with `prefix`, the one written longest ago first."""
    return dict(connection.execute(_FACTS, (prefix,)).fetchall())


def owed(connection: sqlite3.Connection, limit: int) -> list[Delivery]:
    """Return the oldest living delivery of each generation, the first due first."""
    return [_delivery(row) for row in connection.execute(_OWED, (bounded(limit),))]


def deliveries(connection: sqlite3.Connection, owner: str, generation_id: str | None, limit: int) -> list[Delivery]:
    """Return an owner's deliveries, of one generation or of all, the oldest first."""
    rows = connection.execute(_DELIVERIES, {"owner": owner, "id": generation_id, "limit": bounded(limit)})
    return [_delivery(row) for row in rows]


def unfinished(connection: sqlite3.Connection) -> list[Unfinished]:
    """Return what has not ended, oldest first."""
    made: dict[int, list[AttemptRecord]] = {}
    for n, body in connection.execute(_UNFINISHED_ATTEMPTS):
        made.setdefault(n, []).append(_attempt(body))
    return [
        Unfinished(generation=decode_generation(generation), status=decode_status(status), attempts=tuple(made.get(n, ())))
        for n, generation, status in connection.execute(_UNFINISHED)
    ]


def bounded(limit: int) -> int:
    """Return a limit as SQLite means it: there, a negative one is none."""
    return min(max(limit, 0), _LARGEST)


def _delivery(row: tuple[str, int, int, int, int, int, str | None]) -> Delivery:
    generation, epoch, seq, due_at, tries, is_dead, detail = row
    return Delivery(
        generation=generation,
        version=Version(epoch, seq),
        due_at=moment(due_at),
        tries=tries,
        is_dead=bool(is_dead),
        detail=detail,
    )


def _attempt(body: bytes) -> AttemptRecord:
    return cast("AttemptRecord", decode_record("attempt", body))
