"""The journal in one SQLite file: one thread writes, groups and checkpoints; short readers beside it."""

from safelight.engines.sqlite.journal import SqliteJournal

__all__ = ["SqliteJournal"]
