"""What the simulated upstream writes down: who handed in what, and who paid; it survives a kill at any moment."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

import attrs

FILE = "ledger.jsonl"


@attrs.frozen(kw_only=True)
class Entry:
    """
    One event.

    Attributes:
        event: submitted, charged, paused, resumed, canceled, succeeded, failed, or struck (a fault with `times`).
        at: When, aware.
        job: The job's id; for `struck`, whose fault it is.
        key: The key of the submission (submitted only; the local form is given none).
        charged: Whether money was taken at this event.
        facts: Whatever else there is, as plain JSON.
    """

    event: str
    at: datetime
    job: str
    key: str = ""
    charged: bool = False
    facts: dict[str, Any] = attrs.field(factory=dict)

    def to_line(self) -> bytes:
        """Return the entry as one line of ASCII."""
        return json.dumps(attrs.asdict(self) | {"at": self.at.isoformat()}, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """Read what `to_line` wrote."""
        raw = json.loads(line)
        return cls(**raw | {"at": datetime.fromisoformat(raw["at"])})


class Ledger:
    """
    The reader, for tests that want to know who was charged how often. Every call reads the file anew.

    A last line without its end is a write that a kill cut short: it never happened.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def entries(self) -> list[Entry]:
        """Return everything, oldest first."""
        if not self.path.exists():
            return []
        *lines, _torn = self.path.read_bytes().split(b"\n")
        return [Entry.from_line(line) for line in lines]

    def of_job(self, job: str) -> list[Entry]:
        """Return the entries of one job, oldest first."""
        return [entry for entry in self.entries() if entry.job == job]

    def submissions(self, key: str | None = None) -> list[Entry]:
        """Return the submissions that were taken, those under one key or all."""
        return [entry for entry in self.entries() if entry.event == "submitted" and key in {None, entry.key}]

    def charges(self) -> list[Entry]:
        """Return every event at which money was taken."""
        return [entry for entry in self.entries() if entry.charged]


class LedgerWriter(Ledger):
    """The one writer of a ledger; an entry is on the disk when `write` returns. Its methods block: call them in a thread."""

    def __init__(self, folder: Path, *, forget_before: datetime) -> None:
        """Open, cut off a torn last line, and forget jobs that have not moved since `forget_before`."""
        super().__init__(folder)
        self._lock = threading.Lock()
        self._strikes: dict[tuple[str, str], int] = {}
        entries = self.entries()
        last_seen = {entry.job: entry.at for entry in entries}
        kept = [entry for entry in entries if last_seen[entry.job] >= forget_before]
        for entry in kept:
            self._count(entry)
        self._replace(kept)
        self._file: BinaryIO = self.path.open("ab", buffering=0)

    def write(self, entry: Entry) -> None:
        """Append an entry durably."""
        with self._lock:
            self._append(entry)

    def strike(self, entry: Entry, most: int) -> bool:
        """Note that a fault strikes, durably and before it does; False once it has done so `most` times."""
        with self._lock:
            if self._strikes.get(_fault(entry), 0) >= most:
                return False
            self._append(entry)
            return True

    def close(self) -> None:
        """Let go of the file; calling it again is harmless."""
        with self._lock:
            self._file.close()

    def _append(self, entry: Entry) -> None:
        line, before = entry.to_line(), os.fstat(self._file.fileno()).st_size
        if self._file.write(line) != len(line):
            self._file.truncate(before)  # or the next line would be glued to this half of one
            raise OSError(f"the ledger has no room: {self.path}")
        os.fsync(self._file.fileno())
        self._count(entry)

    def _count(self, entry: Entry) -> None:
        if entry.event == "struck":
            self._strikes[_fault(entry)] = self._strikes.get(_fault(entry), 0) + 1

    def _replace(self, entries: Sequence[Entry]) -> None:
        fresh = self.path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.writelines(entry.to_line() for entry in entries)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _fault(entry: Entry) -> tuple[str, str]:
    return entry.job, str(entry.facts["fault"])
