"""The grain of the event loop's clock: a timer may ring a tick early, so less than one is nothing to wait for."""

from __future__ import annotations

import asyncio

TICK = 0.001
"""Seconds. Whoever waits for less sets a timer that rings before its moment, and sets it again, for ever."""


def left_until(moment: float) -> float:
    """Return the seconds until a time of the running loop's; 0 once less than a tick is left."""
    left = moment - asyncio.get_running_loop().time()
    return left if left > TICK else 0.0
