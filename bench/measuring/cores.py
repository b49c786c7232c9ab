"""Who runs where: the server under test on one core, the load on another."""

from __future__ import annotations

import os
from collections.abc import Callable

import attrs


@attrs.frozen
class Cores:
    """Which cores are whose."""

    server: frozenset[int]
    load: frozenset[int]

    @classmethod
    def apart(cls) -> Cores:
        """Choose one for each from those that this process may use; the same one twice where there is no other."""
        usable = sorted(os.sched_getaffinity(0))
        return cls(frozenset(usable[:1]), frozenset(usable[-1:]))

    @classmethod
    def shared(cls) -> Cores:
        """Let both use all of them, where nothing is measured."""
        usable = frozenset(os.sched_getaffinity(0))
        return cls(usable, usable)

    @property
    def are_apart(self) -> bool:
        """Whether neither is in the other's way."""
        return not self.server & self.load


def pinned(cores: frozenset[int]) -> Callable[[], None]:
    """Return what a child calls before it becomes its program, so that all its threads stay on these cores."""
    return lambda: os.sched_setaffinity(0, cores)
