"""What a row is, and what it is given to work with."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from bench.load.client import Load, drive
from bench.measuring.cores import Cores
from bench.measuring.sheet import Sheet, Wrong
from bench.peers import SERVERS, Server

US = "µs of CPU per delivery"
SERVICE = "safelight"


@attrs.frozen(kw_only=True)
class Bench:
    """
    One run of the benchmark, as rows see it.

    Attributes:
        rounds: How often everything is measured; all servers in turn, then again.
        is_quick: Whether it only has to work: everything small, no figure worth anything.
        folder: Where servers keep what they write, on a real disk.
        tell: Says to people what is going on.
    """

    rounds: int
    is_quick: bool
    cores: Cores
    folder: Path
    tell: Callable[[str], None]
    _numbers: Iterator[int] = attrs.field(factory=itertools.count, init=False)

    def size(self, whole: int, quick: int) -> int:
        """Return a size, or the one that will do to see that it works."""
        return quick if self.is_quick else whole

    def sizes(self, *whole: int, quick: Sequence[int]) -> Sequence[int]:
        """Likewise for several."""
        return quick if self.is_quick else whole

    def at_hand(self, *names: str) -> list[str]:
        """Return those servers that can be started here; in a quick run, the service and whatever needs nothing installed."""
        found = []
        for name in names:
            if self.is_quick and name not in _ALWAYS:
                continue
            if lack := SERVERS[name].lacks():
                self.tell(f"  without {name}: {lack}")
            else:
                found.append(name)
        return found

    @contextmanager
    def running(self, name: str, **settings: object) -> Iterator[Server]:
        """Run a server; settings are the service's own, with `__` for the dot, and peers have none."""
        mine = {key.replace("__", "."): value for key, value in settings.items()} if name == SERVICE else {}
        with SERVERS[name](self.folder / f"{name}-{next(self._numbers)}", self.cores.server, mine) as server:
            yield server

    def watch(self, server: Server, path: str, *arguments: object) -> Load:
        """Put load on a server; every stream must open."""
        elsewhere = () if "--create" in arguments else ("--at", server.publish_at)
        awake = ("--spin",) if self.cores.are_apart else ()
        load = drive(server.at, path, *map(str, (*elsewhere, *awake, *arguments)), pids=server.pids, cores=self.cores.load)
        if load.failed:
            raise Wrong(f"{server.name}: {load.failed} streams could not be opened: {load.complaint}")
        if load.disordered or load.repeated:
            raise Wrong(f"{server.name}: {load.disordered} events came out of order, {load.repeated} twice")
        return load


_ALWAYS = (SERVICE, "limit", "prototype")


@attrs.frozen(kw_only=True)
class Row:
    """
    One question, how it is answered, and what is wanted.

    Attributes:
        name: What the command line calls it.
        how: How it is measured, in a few sentences.
        goals: What is wanted, in words; none where only the figures are of interest.
        unit: Of the figures that its chart shows.
    """

    name: str
    title: str
    how: str
    goals: tuple[str, ...]
    unit: str
    measure: Callable[[Bench, Sheet], None]
