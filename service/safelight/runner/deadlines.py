"""The bounds of one generation on the loop's own clock, which a jump of wall time does not touch."""

from __future__ import annotations

import asyncio
from enum import StrEnum, auto

from safelight.generation import Policy
from safelight.ticks import TICK


class Due(StrEnum):
    """Which bound was reached."""

    TOTAL = auto()
    STALL = auto()
    CANCEL = auto()
    PAUSE = auto()
    QUEUE = auto()
    RETRY = auto()


class Deadlines:
    """When something must happen by; all times are the loop's."""

    def __init__(self, policy: Policy, *, spent_seconds: float = 0.0) -> None:
        self._policy = policy
        self._loop = asyncio.get_running_loop()
        left = min(policy.total_seconds, max(0.0, policy.total_seconds - spent_seconds))
        self._ends_at = self._loop.time() + left
        self._times: dict[Due, float] = {Due.TOTAL: self._ends_at}

    @property
    def left_seconds(self) -> float:
        """What is left until the total deadline."""
        return self._ends_at - self._loop.time()

    def queued(self) -> None:
        """Count how long it waits in a queue, ours or the provider's, from the first time this is said."""
        self._times.setdefault(Due.QUEUE, self._loop.time() + self._policy.queue_seconds)

    def working(self) -> None:
        """Count no queue: it is being worked on, or is no longer there."""
        self._times.pop(Due.QUEUE, None)

    def wait(self, seconds: float) -> None:
        """Count nothing but the total and the time until the next attempt, which a hold keeps back."""
        for due in (Due.STALL, Due.QUEUE, Due.CANCEL):
            self._times.pop(due, None)
        if Due.PAUSE not in self._times:
            self._times[Due.RETRY] = self._loop.time() + seconds

    def stand(self) -> None:
        """Count, of an attempt that waits for its slot, nothing but the total and how long it is queued."""
        for due in (Due.STALL, Due.CANCEL, Due.RETRY):
            self._times.pop(due, None)
        self.queued()

    def begin(self) -> None:
        """Note that the next attempt begins."""
        self._times.pop(Due.RETRY, None)
        self.working()

    def alive(self) -> None:
        """Count the stall from now on, unless it is held still."""
        if Due.PAUSE in self._times:
            return
        self._times[Due.STALL] = self._loop.time() + self._policy.stall_seconds

    def suspend_stall(self) -> None:
        """Count no stall: the provider is not the one who is awaited."""
        self._times.pop(Due.STALL, None)

    def canceling(self) -> None:
        """Count the patience for a cancel that was asked for, once."""
        self._times.setdefault(Due.CANCEL, self._loop.time() + self._policy.cancel_seconds)

    def outlast(self) -> None:
        """Count, now that the total is over, nothing but the patience for a cancel."""
        self._times = {Due.CANCEL: self._loop.time() + self._policy.cancel_seconds}

    def end_canceling(self) -> None:
        """Forget the patience: the cancel was answered."""
        self._times.pop(Due.CANCEL, None)

    def hold(self) -> None:
        """Count no stall while it is held still, but how long it is."""
        self.suspend_stall()
        self._times.pop(Due.RETRY, None)
        self._times.setdefault(Due.PAUSE, self._loop.time() + self._policy.max_pause_seconds)

    def release(self, *, is_waiting: bool = False) -> None:
        """Count as before: it goes on, or is handed in now if it had not been."""
        self._times.pop(Due.PAUSE, None)
        if is_waiting:
            self._times[Due.RETRY] = self._loop.time()
        else:
            self.alive()

    @property
    def next(self) -> float:
        """The earliest of them."""
        return min(self._times.values())

    def due(self) -> Due | None:
        """Return the bound that was reached, the total first, None while there is time."""
        now = self._loop.time() + TICK
        if min(self._times.values()) > now:
            return None
        return next((due for due in Due if self._times.get(due, now + 1) <= now), None)
