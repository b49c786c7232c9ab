"""The garbage collector of a process that serves: it looks at little while there is work, and at the rest in quiet moments."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from safelight.duties import on_duty

_LOOK_AFTER = (10_000, 1, 700)
"""
New objects, looks at those, looks at what survived them: Python's own 700 is a dozen looks in the life of one generation.

What is looked at stops everything meanwhile: some milliseconds for what is new, twice that for what has survived a look.
"""
_QUIET = 0.05
"""The share of a core below which nothing much is going on."""
_LOOK_SECONDS = 1.0
_MOST_NEW = 10
"""So many looks' worth of what is old are looked at in a quiet moment, some 300,000 objects: more would be no short one."""
_THAW_SECONDS = 3600.0
_THAWED_IN_AN_HOUR = 500_000


def spare() -> None:
    """Leave what is there by now alone, and look for cycles rarely and at few objects at a time: the service makes few."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_LOOK_AFTER)


class Collector:
    """
    Looks in quiet moments at what has gathered, and from then on leaves alone what is still in use.

    A crowd that came meanwhile is in use, and left alone without a look. What is left alone can become garbage later: once
    an hour everything is looked at, and less often the more it is.

    Args:
        cpu: Returns the seconds of CPU this process has used.
        clock: Returns the time in seconds.
    """

    def __init__(self, *, cpu: Callable[[], float] = time.process_time, clock: Callable[[], float] = time.monotonic) -> None:
        self._cpu, self._clock = cpu, clock
        self._used, self._at = cpu(), clock()
        self._thawed_at = self._at

    def look(self) -> bool:
        """Collect if nothing was going on since the last call, and enough is new; return whether it was done."""
        used, at = self._cpu(), self._clock()
        is_quiet = used - self._used < _QUIET * (at - self._at)
        self._used, self._at = used, at
        looks = gc.get_count()[2]
        if not is_quiet or not looks:
            return False
        if looks > _MOST_NEW:
            gc.freeze()
        elif at - self._thawed_at >= _THAW_SECONDS * (1 + gc.get_freeze_count() // _THAWED_IN_AN_HOUR):
            self._thawed_at = at
            gc.unfreeze()
        gc.collect()
        gc.freeze()
        return True


@asynccontextmanager
async def collecting() -> AsyncIterator[None]:
    """Spare what is there, and look at the rest now and then."""
    spare()
    async with on_duty("collector", _look_for_ever):
        yield


async def _look_for_ever() -> None:
    collector = Collector()
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        collector.look()
