"""A crowd that is served in slices and in turns: whoever is next stays next, whatever comes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Member(Protocol):
    """
    What a crowd consists of.

    Attributes:
        place: The crowd's own note; -1 outside.
    """

    place: int


M = TypeVar("M", bound=Member)
_FEW_HOLES = 16


class Crowd(Generic[M]):
    """
    Members in a circle, and whose turn it is.

    A round that begins before the last one has come to its end goes on where that one stands: so whoever was served
    last comes last again, and nobody waits for more than one round.
    """

    __slots__ = ("_due", "_places", "_size", "_turn")

    def __init__(self) -> None:
        self._places: list[M | None] = []
        self._size = 0
        self._turn = 0
        self._due = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[M]:
        return (member for member in tuple(self._places) if member is not None)

    @property
    def is_due(self) -> bool:
        """Whether a round is under way."""
        return self._due > 0

    def add(self, member: M) -> None:
        """Take a member in; a round that is under way comes to it if it has yet to come past the last place."""
        if self._turn + self._due > len(self._places):
            self._due += 1
        member.place = len(self._places)
        self._places.append(member)
        self._size += 1

    def remove(self, member: M) -> bool:
        """Let a member go; return whether it was one."""
        if member.place < 0:
            return False
        self._places[member.place] = None  # the others keep their places: a round may be under way
        member.place = -1
        self._size -= 1
        if not self._due:
            self._close_ranks()
        return True

    def begin(self) -> None:
        """Begin a round: everybody is due once."""
        self._close_ranks()
        self._due = len(self._places)

    def next(self) -> M | None:
        """Return the next who is due; None if nobody is."""
        while self._due:
            member = self._places[self._turn]
            self._due -= 1
            self._turn = (self._turn + 1) % len(self._places)
            if member is not None:
                return member
        return None

    def _close_ranks(self) -> None:
        if len(self._places) - self._size <= max(_FEW_HOLES, self._size // 4):
            return
        places, turn = self._places, self._turn
        self._places = [member for member in places[turn:] + places[:turn] if member is not None]
        self._turn = 0
        for place, member in enumerate(self._places):
            member.place = place  # type: ignore[union-attr]  # the empty places are gone
