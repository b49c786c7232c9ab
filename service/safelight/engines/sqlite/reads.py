"""Everything that can be read, each as a function of a connection inside a read transaction."""

from __future__ import annotations

import sqlite3
from typing import cast

from safelight.codec import decode_generation, decode_record
from safelight.engines.sqlite.sql import statement
from safelight.generation import Generation
from safelight.ports import Unfinished
from safelight.records import AttemptRecord, StatusRecord
from safelight.status import Status
from safelight.versions import Version

_GENERATION = statement("select_generation")
_STATUSES = statement("select_statuses")
_ATTEMPTS = statement("select_attempts")
_UNFINISHED = statement("select_unfinished")
_UNFINISHED_ATTEMPTS = statement("select_unfinished_attempts")

_LARGEST = 2**63 - 1
_BEFORE_ALL = (-1, -1)


def find(connection: sqlite3.Connection, generation_id: str) -> tuple[Generation, Status] | None:
    """Return a generation and its newest status, or None."""
    row = connection.execute(_GENERATION, (generation_id,)).fetchone()
    return None if row is None else (decode_generation(row[0]), _status(row[1]))


def statuses(connection: sqlite3.Connection, generation_id: str, after: Version | None, limit: int) -> list[Status]:
    """Return up to `limit` statuses after a version, which may be any the wire can carry."""
    cursor = _BEFORE_ALL if after is None else (min(after.epoch, _LARGEST), min(after.seq, _LARGEST))
    rows = connection.execute(_STATUSES, (generation_id, *cursor, bounded(limit)))
    return [_status(body) for (body,) in rows.fetchall()]


def attempts(connection: sqlite3.Connection, generation_id: str) -> list[AttemptRecord]:
    """Return the attempt records, in the order written."""
    return [_attempt(body) for (body,) in connection.execute(_ATTEMPTS, (generation_id,)).fetchall()]


def unfinished(connection: sqlite3.Connection) -> list[Unfinished]:
    """Return what has not ended, oldest first."""
    made: dict[int, list[AttemptRecord]] = {}
    for n, body in connection.execute(_UNFINISHED_ATTEMPTS):
        made.setdefault(n, []).append(_attempt(body))
    return [
        Unfinished(generation=decode_generation(generation), status=_status(status), attempts=tuple(made.get(n, ())))
        for n, generation, status in connection.execute(_UNFINISHED)
    ]


def bounded(limit: int) -> int:
    """Return a limit as SQLite means it: there, a negative one is none."""
    return min(max(limit, 0), _LARGEST)


def _status(body: bytes) -> Status:
    return cast("StatusRecord", decode_record("status", body)).status


def _attempt(body: bytes) -> AttemptRecord:
    return cast("AttemptRecord", decode_record("attempt", body))
