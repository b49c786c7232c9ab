"""Waiting that no cancel cuts short, for what must be over before anything is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from safelight.ticks import left_until


async def outlast(futures: Collection[asyncio.Future[Any]], *, seconds: float | None = None) -> set[asyncio.Future[Any]]:
    """
    Wait until all are done, or for so long at most, however often this is canceled meanwhile; return those that are not.

    Raises:
        CancelledError: This was canceled meanwhile; the wait was as long all the same.
    """
    until = None if seconds is None else asyncio.get_running_loop().time() + seconds
    canceled: asyncio.CancelledError | None = None
    while left := {future for future in futures if not future.done()}:
        wait = None if until is None else left_until(until)
        if wait == 0.0:
            break
        try:
            await asyncio.wait(left, timeout=wait)
        except asyncio.CancelledError as error:
            canceled = error
    if canceled is not None:
        raise canceled
    return left
