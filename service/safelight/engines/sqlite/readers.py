"""A few threads that read, each with a connection of its own."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from safelight.engines.sqlite.connections import open_reader
from safelight.engines.sqlite.faults import explain
from safelight.errors import JournalClosed

T = TypeVar("T")

_THREADS = 2


class Readers:
    """The pool; threads and connections come into being with the first reads."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="safelight-journal-reader")
        self._mine = threading.local()
        self._connections: list[sqlite3.Connection] = []

    async def run(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run `query` in one of the threads, inside one read transaction."""
        try:
            reading = self._pool.submit(self._run, query)
        except RuntimeError as error:
            raise JournalClosed("The journal is closed.") from error
        return await asyncio.wrap_future(reading)

    def close(self) -> None:
        """Let the reads that were asked for end, then close; it blocks until then."""
        self._pool.shutdown()
        for connection in self._connections:
            connection.close()

    def _run(self, query: Callable[[sqlite3.Connection], T]) -> T:
        try:
            connection = self._connection()
            connection.execute("BEGIN")
            try:
                return query(connection)
            finally:
                connection.execute("ROLLBACK")
        except Exception as error:
            raise explain(error) from error

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = open_reader(self._file)
            self._connections.append(connection)
        return connection
