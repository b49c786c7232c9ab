"""The bounds of one generation on the loop's own clock, which a jump of wall time does not touch."""

from __future__ import annotations

import asyncio
from enum import Enum, auto

from safelight.generation import Policy

_TICK = 0.001
"""A loop's timer may fire a tick of its clock early; asked then, a bound counts as reached."""


class Due(Enum):
    """Which bound was reached."""

    TOTAL = auto()
    STALL = auto()
    CANCEL = auto()
    PAUSE = auto()


class Deadlines:
    """When something must happen by; all times are the loop's."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._loop = asyncio.get_running_loop()
        self._times: dict[Due, float] = {Due.TOTAL: self._loop.time() + policy.total_seconds}

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

    def end_canceling(self) -> None:
        """Forget the patience: the cancel was answered."""
        self._times.pop(Due.CANCEL, None)

    def hold(self) -> None:
        """Count no stall while it is held still, but how long it is."""
        self.suspend_stall()
        self._times.setdefault(Due.PAUSE, self._loop.time() + self._policy.max_pause_seconds)

    def release(self) -> None:
        """Count as before: it goes on."""
        self._times.pop(Due.PAUSE, None)
        self.alive()

    @property
    def next(self) -> float:
        """The earliest of them."""
        return min(self._times.values())

    def due(self) -> Due | None:
        """Return the bound that was reached, the total first, None while there is time."""
        now = self._loop.time() + _TICK
        return next((due for due in Due if self._times.get(due, now + 1) <= now), None)
