"""Where the journal is kept: one room per engine, all under the rules of `engines.rules`."""

from __future__ import annotations

from pathlib import Path

from safelight.config.model import Config
from safelight.ports import Clock, Journal


def open_journal(config: Config, folder: Path, clock: Clock) -> Journal:
    """Return the journal that `config` asks for, to be entered by the caller; `folder` is the data folder."""
    if config.journal.engine == "memory":
        from safelight.engines.memory import MemoryJournal

        return MemoryJournal(clock)
    from safelight.engines.sqlite import SqliteJournal

    return SqliteJournal(folder, clock, min_free_bytes=config.data.min_free_bytes)
