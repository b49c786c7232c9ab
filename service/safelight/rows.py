"""Those who keep up, served together: all of them have seen the same, and what comes next goes to each in one loop."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from safelight.frames import Form, Frame, Payload
from safelight.versions import Version


class Member(Protocol):
    """Who may be in a row."""

    def detour(self) -> None:
        """Leave it, and take along what the row has counted."""

    def offer(self, frame: Frame) -> None:
        """Leave it, and be shown a frame."""

    def catch_up(self) -> None:
        """Be shown the newest frame, for the row's turn may not have come yet."""

    def resume(self, rest: bytes) -> None:
        """Take what is left of a frame, out of the row."""


M = TypeVar("M", bound=Member)


class Shortcut(NamedTuple):
    """
    How events reach a viewer without asking it.

    Attributes:
        form: What it takes.
        put: Called with `way` and an event in that form, returns how much of it was taken: its length unless the reader is
            slow. An `OSError` is as good as nothing taken.
        way: Where its events go.
    """

    form: Form
    put: Callable[[Any, Any], int]
    way: Any


class Row(Generic[M]):
    """
    Members who have seen the same and take the same.

    Attributes:
        place: The crowd's own note; -1 outside.
        seen: The newest they were shown.
        events: How many they were shown since the row began.
        bytes: How long these snapshots were, and what was said besides.
        said_at: When that was, by the loop's clock.
        left: How many have left it.
        spread: A number from 0 to 1, so that what is done to each row now and then is not done to all at once.
    """

    __slots__ = ("_form", "_members", "_put", "_ways", "bytes", "events", "left", "place", "said_at", "seen", "spread")

    def __init__(self, shortcut: Shortcut, seen: Version) -> None:
        self.place = -1
        self.seen = seen
        self.events = self.bytes = 0
        self.left = 0
        self.said_at = 0.0
        self.spread = random.random()  # noqa: S311 - spreads, hides nothing
        self._form, self._put, _ = shortcut
        self._members: list[M] = []
        self._ways: list[Any] = []

    def __len__(self) -> int:
        return len(self._members)

    @property
    def members(self) -> tuple[M, ...]:
        """Who is in it now."""
        return tuple(self._members)

    def suits(self, shortcut: Shortcut, seen: Version) -> bool:
        """Whether somebody with this shortcut who was shown this is in step with it."""
        return self.seen is seen and self._form is shortcut.form and self._put is shortcut.put

    def add(self, member: M, way: Any) -> None:
        """Take in somebody it suits."""
        self._members.append(member)
        self._ways.append(way)

    def remove(self, member: M) -> None:
        """Let somebody go."""
        place = self._members.index(member)
        last, way = self._members.pop(), self._ways.pop()
        if last is not member:
            self._members[place], self._ways[place] = last, way
        self.left += 1

    def serve(self, frame: Frame) -> int:
        """Show everybody a frame unless they have seen it; return how many they are."""
        count = len(self._members)
        if frame.status.is_terminal:
            for member in self.members:
                member.offer(frame)
        elif frame.version > self.seen:
            self._show(frame)
        return count

    def say(self, words: bytes, framed: bytes, at: float) -> None:
        """
        Say to everybody what is no event; to whom it cannot be said now, it is not.

        Args:
            framed: The words as they go onto the wire of each.
            at: When that is, by the loop's clock.
        """
        slow = self._put_all(framed)
        for member, taken in slow:
            if not taken:
                member.detour()  # before these words are counted
        self.said_at = at
        self.bytes += len(words)
        for member, taken in slow:
            if taken:
                member.detour()
                member.resume(framed[taken:])
            member.catch_up()

    def _show(self, frame: Frame) -> None:
        payload = frame.payload(self._form)
        slow = self._put_all(payload)
        for member, taken in slow:
            if not taken:
                member.detour()  # before this frame is counted
        self.seen = frame.version
        self.events += 1
        self.bytes += len(frame.data)
        for member, taken in slow:
            if taken:
                member.detour()
                member.resume(payload[taken:])  # type: ignore[index]  # a part is taken of bytes only
            else:
                member.offer(frame)

    def _put_all(self, payload: Payload) -> list[tuple[M, int]]:
        """Return who did not take all of it, and how much."""
        put, size, short = self._put, len(payload), []
        for way in self._ways:  # what stands in this loop is paid for by every viewer of every event
            try:
                taken = put(way, payload)
            except OSError:
                taken = 0
            if taken != size:
                short.append((way, taken))
        return [(self._members[self._ways.index(way)], taken) for way, taken in short]
