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
        tries: How often its generation was handed in here before.
        place: Where it stood when that was told last, None while it has a slot.
        tell: Called with a `Place` when that has changed, and once with the `Turn` where the seat had to wait.
    """

    __slots__ = ("_slots", "is_ready", "owner", "place", "tell", "tries")

    def __init__(self, slots: Slots, owner: str, tries: int = 0) -> None:
        self._slots = slots
        self.owner = owner
        self.tries = tries
        self.tell: Callable[[Turn | Place], None] = _nobody
        self.is_ready = False
        self.place: Place | None = None

    @property
    def at_once(self) -> int:
        """How many work side by side, 0 where nobody is kept waiting for a slot."""
        return self._slots.at_once

    def answered(self) -> None:
        """Note that the upstream has taken what was handed in; whoever was refused leaves."""
        self._slots.answered(self)

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
        self._asking: Seat | None = None
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

    def take(self, owner: str, *, is_admitted: bool = False, tries: int = 0) -> Seat:
        """
        Return a seat: with a slot, or in its owner's line with its place: at the end of those that were tried as often.

        Args:
            is_admitted: It was let in before, by this queue or another: there is always room for it.
            tries: How often it was handed in before.

        Raises:
            Busy: Too many wait.
        """
        seat = Seat(self, owner, tries)
        if not self._lines and self._is_open():
            self._seat(seat)
            return seat
        if not is_admitted and self.queued >= self._max_queued:
            log.warning("queue_full", provider=self._instance, queued=self.queued)
            raise Busy(f"The queue of the provider '{self._instance}' is full.", retry_after_seconds=_BACK_SECONDS)
        line = self._lines.setdefault(owner, deque())
        line.insert(sum(other.tries >= tries for other in line) if tries else len(line), seat)
        seat.place = next(Place(position, self.queued) for position, other in enumerate(self._in_turn()) if other is seat)
        self._advance()
        return seat

    def occupy(self, owner: str) -> Seat:
        """Return a seat with a slot, whether there is one or not: its job is at work upstream already."""
        seat = Seat(self, owner)
        seat.is_ready = True
        self._working.add(seat)
        return seat

    def answered(self, seat: Seat) -> None:
        """Take in that the upstream has taken it: the next may ask."""
        if seat is self._asking:
            self._asking = None
            self._advance()

    def free(self, seat: Seat) -> None:
        """Take a seat back."""
        self._working.discard(seat)
        if seat is self._asking:
            self._asking = None
        if not seat.is_ready and (line := self._lines.get(seat.owner)) is not None and seat in line:
            line.remove(seat)
            if not line:
                del self._lines[seat.owner]
        self._advance()

    def _is_open(self) -> bool:
        is_free = not self.at_once or len(self._working) < self.at_once
        return is_free and not self._shut_seconds()

    def _shut_seconds(self) -> float:
        """Return how long nobody gets a turn, whatever slots are free; while it is not known what is taken, an answer ends that."""
        wait = self._budget.wait_seconds()
        return self._budget.wary_seconds() if not wait and self._asking is not None else wait

    def _seat(self, seat: Seat) -> None:
        seat.is_ready, seat.place = True, None
        self._working.add(seat)
        self._asking = seat if self._budget.wary_seconds() else None
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
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        if wait := self._shut_seconds():
            self._opening = loop.call_later(wait, self._open)

    def _open(self) -> None:
        self._opening = None
        self._advance()

    def _tell(self) -> None:
        self._telling = None
        size = self.queued
        for position, seat in enumerate(tuple(self._in_turn())):
            place = Place(position, size)
            if seat.place is None or _is_news(seat.place, place):
                seat.place = place
                seat.tell(place)

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


def _is_news(told: Place, place: Place) -> bool:
    """Whether the place has changed by enough, or how many wait in all."""
    moved, grown = abs(told.position - place.position), abs(told.size - place.size)
    is_moved = moved > 0 and (place.position < _NEAR or moved * 10 >= told.position)
    return is_moved or (grown > 0 and grown * 10 >= told.size)


def _nobody(_: Turn | Place) -> None:
    """Nobody listens yet: whoever will, looks at `is_ready` first."""
