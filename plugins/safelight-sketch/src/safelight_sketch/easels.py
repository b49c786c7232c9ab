"""The line before the easels: so many may paint at once, the others know how many are ahead of them."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from safelight.providers import Control


class Easels:
    """
    A semaphore whose waiters know their place.

    Args:
        count: How many may paint at once.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._line: list[Place] = []

    def place(self) -> Place:
        """Return a place; entering it joins the end of the line, leaving it frees what it held."""
        return Place(self)

    def join(self, place: Place, *, first: bool = False) -> None:
        """Put a place in line."""
        self._line.insert(0 if first else len(self._line), place)
        self._move_up()

    def leave(self, place: Place) -> None:
        """Take a place out of the line, or away from its easel."""
        if place in self._line:
            self._line.remove(place)
        else:
            self._free += 1
        self._move_up()

    def ahead_of(self, place: Place) -> int | None:
        """Return how many wait before this place; None = it has an easel."""
        return self._line.index(place) if place in self._line else None

    def _move_up(self) -> None:
        called = self._line[: self._free]
        del self._line[: len(called)]
        self._free -= len(called)
        for place in (*called, *self._line):
            place.moved.set()


class Place:
    """
    One generation in line or at an easel.

    Attributes:
        moved: Set when its position may have changed.
    """

    def __init__(self, easels: Easels) -> None:
        self._easels = easels
        self.moved = asyncio.Event()

    def __enter__(self) -> Self:
        self._easels.join(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._easels.leave(self)

    @property
    def position(self) -> int | None:
        """How many wait before this one, from 0; None = paint."""
        return self._easels.ahead_of(self)

    async def next_position(self, known: int) -> int | None:
        """Wait until the position is another than `known` and return it."""
        while (position := self.position) == known:
            self.moved.clear()
            await self.moved.wait()
        return position

    async def rest(self, control: Control) -> None:
        """
        Give the loop a turn, and hold still while the run is paused.

        One that is paused lends its easel to the next in line, and is the first to get one when it goes on: however
        many are paused, the others paint.
        """
        if not control.is_paused:
            await control.checkpoint()
            return
        self._easels.leave(self)
        try:
            await control.checkpoint()
        finally:  # also when canceled: the exit takes away what is in line or at an easel
            self._easels.join(self, first=True)
        while (position := self.position) is not None:
            await self.next_position(position)
