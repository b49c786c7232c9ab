"""How many work side by side at one provider, and in which order the others get their turn: owners one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator

import attrs
import structlog

from safelight.errors import Busy
from safelight.instances import Instances, ProviderInstance
from safelight.rates import Budget

log = structlog.get_logger()

_TOLD_SECONDS = 1.0
"""Places are told at most this often: each is a write to the journal."""
_NEAR = 20
"""Whoever has fewer before it is told of every step; the others of every tenth part of the way."""
_BACK_SECONDS = 30
"""When to come back to a full queue."""


@attrs.frozen
class Turn:
    """It is this one's turn: it has a slot."""


@attrs.frozen
class Place:
    """
    Where one stands in the queue.

    Attributes:
        position: How many get their turn before it.
        size: How many wait in all.
    """

    position: int
    size: int


class Seat:
    """
    One generation's claim to a slot, waiting or working; `leave` gives it back.

    Attributes:
        is_ready: Whether it has a slot.
        place: Where it stood when that was told last, None while it has a slot.
        tell: Called with a `Place` when that has changed, and once with the `Turn` where the seat had to wait.
    """

    __slots__ = ("_slots", "is_ready", "owner", "place", "tell")

    def __init__(self, slots: Slots, owner: str) -> None:
        self._slots = slots
        self.owner = owner
        self.tell: Callable[[Turn | Place], None] = _nobody
        self.is_ready = False
        self.place: Place | None = None

    @property
    def at_once(self) -> int:
        """How many work side by side, 0 where nobody is kept waiting for a slot."""
        return self._slots.at_once

    def leave(self) -> None:
        """Give the slot, or the place in the queue, to whoever comes next; leaving twice is harmless."""
        self._slots.free(self)


class Slots:
    """
    The slots of one provider instance.

    Args:
        instance: Whose they are.
        at_once: How many there are; 0: as many as are asked for.
        max_queued: How many may wait.
        budget: Says whether the upstream wants anything now; no turn begins while it does not.
    """

    def __init__(self, instance: str, *, at_once: int, max_queued: int, budget: Budget) -> None:
        self.at_once = at_once
        self._instance = instance
        self._max_queued = max_queued
        self._budget = budget
        self._working: set[Seat] = set()
        self._lines: dict[str, deque[Seat]] = {}
        self._telling: asyncio.TimerHandle | None = None
        self._opening: asyncio.TimerHandle | None = None

    @property
    def working(self) -> int:
        """How many slots are taken."""
        return len(self._working)

    @property
    def queued(self) -> int:
        """How many wait."""
        return sum(map(len, self._lines.values()))

    def take(self, owner: str, *, is_admitted: bool = False) -> Seat:
        """
        Return a seat: with a slot, or at the end of its owner's line with its place.

        Args:
            is_admitted: It was let in before, by this queue or another: there is always room for it.

        Raises:
            Busy: Too many wait.
        """
        seat = Seat(self, owner)
        if not self._lines and self._is_open():
            self._seat(seat)
            return seat
        if not is_admitted and self.queued >= self._max_queued:
            log.warning("queue_full", provider=self._instance, queued=self.queued)
            raise Busy(f"The queue of the provider '{self._instance}' is full.", retry_after_seconds=_BACK_SECONDS)
        self._lines.setdefault(owner, deque()).append(seat)
        seat.place = next(Place(position, self.queued) for position, other in enumerate(self._in_turn()) if other is seat)
        self._advance()
        return seat

    def occupy(self, owner: str) -> Seat:
        """Return a seat with a slot, whether there is one or not: its job is at work upstream already."""
        seat = Seat(self, owner)
        self._seat(seat)
        return seat

    def free(self, seat: Seat) -> None:
        """Take a seat back."""
        self._working.discard(seat)
        if not seat.is_ready and (line := self._lines.get(seat.owner)) is not None and seat in line:
            line.remove(seat)
            if not line:
                del self._lines[seat.owner]
        self._advance()

    def _is_open(self) -> bool:
        is_free = not self.at_once or len(self._working) < self.at_once
        return is_free and not self._budget.wait_seconds()

    def _seat(self, seat: Seat) -> None:
        seat.is_ready, seat.place = True, None
        self._working.add(seat)
        self._budget.spend()

    def _advance(self) -> None:
        """Give out every slot that can be given, an owner at a time; then see to it that the others hear of it."""
        while self._lines and self._is_open():
            owner, line = next(iter(self._lines.items()))
            seat = line.popleft()
            del self._lines[owner]
            if line:
                self._lines[owner] = line  # behind the other owners
            self._seat(seat)
            seat.tell(Turn())
        if not self._lines:
            return
        loop = asyncio.get_running_loop()
        if self._telling is None:
            self._telling = loop.call_later(_TOLD_SECONDS, self._tell)
        if self._opening is None and (wait := self._budget.wait_seconds()):
            self._opening = loop.call_later(wait, self._open)

    def _open(self) -> None:
        self._opening = None
        self._advance()

    def _tell(self) -> None:
        self._telling = None
        size = self.queued
        for position, seat in enumerate(tuple(self._in_turn())):
            if seat.place is None or _is_news(seat.place, position):
                seat.place = Place(position, size)
                seat.tell(seat.place)

    def _in_turn(self) -> Iterator[Seat]:
        """Give those who wait in the order of their turns, if nobody came or left."""
        lines = [iter(line) for line in self._lines.values()]
        while lines:
            still = []
            for line in lines:
                if (seat := next(line, None)) is not None:
                    yield seat
                    still.append(line)
            lines = still


def slots_of(instances: Instances) -> dict[str, Slots]:
    """Return the slots of every instance that is open."""
    return {
        name: Slots(name, at_once=one.max_concurrency, max_queued=one.max_queued, budget=one.budget)
        for name, one in instances.items()
        if isinstance(one, ProviderInstance)
    }


def _is_news(told: Place, position: int) -> bool:
    moved = abs(told.position - position)
    return moved > 0 and (position < _NEAR or moved * 10 >= told.position)


def _nobody(_: Turn | Place) -> None:
    """Nobody listens yet: whoever will, looks at `is_ready` first."""
