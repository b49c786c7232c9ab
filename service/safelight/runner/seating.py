"""The slot that one generation has at its provider, or its place in the line for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from safelight.estimates import Estimates, Wait
from safelight.runner.standing import wait_of
from safelight.slots import Place, Seat, Slots, Turn


class Seating:
    """
    One seat at a time, at whichever provider is to work.

    Args:
        slots: Those of each provider instance, by its name.
        owner: Whose line it stands in.
        tell: Hears of its place and its turn.
        seat: What it has taken before it runs.
    """

    def __init__(self, slots: Mapping[str, Slots], owner: str, tell: Callable[[Turn | Place], None], seat: Seat | None) -> None:
        self._slots = slots
        self._owner = owner
        self._tell = tell
        self._seat = seat
        if seat is not None:
            seat.tell = tell

    @property
    def is_taken(self) -> bool:
        """Whether it has a slot, or a place."""
        return self._seat is not None

    @property
    def place(self) -> Place | None:
        """Where it stood when that was told last, None while it has a slot."""
        return None if self._seat is None else self._seat.place

    def occupy(self, provider: str) -> None:
        """Take a slot, whether there is one or not: its job is at work upstream already."""
        self._seat = self._slots[provider].occupy(self._owner)

    def take(self, provider: str, *, tries: int) -> bool:
        """
        Take a seat, unless it has one; whether that is a slot.

        Args:
            tries: How often it was handed in there before.
        """
        if self._seat is None:
            self._seat = self._slots[provider].take(self._owner, is_admitted=True, tries=tries)
            self._seat.tell = self._tell
        return self._seat.is_ready

    def answered(self) -> None:
        """Note that the upstream has taken what was handed in."""
        if self._seat is not None:
            self._seat.answered()

    def free(self) -> None:
        """Give the slot back, or the place in the line."""
        if self._seat is not None:
            self._seat.leave()
            self._seat = None

    def wait(self, estimates: Estimates, provider: str) -> Wait | None:
        """Return who stands before it, None where nobody does."""
        return wait_of(self._seat, estimates, provider)
