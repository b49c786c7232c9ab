"""Blocking work beside the loop, never left running behind the back of whoever was canceled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from safelight.outlasting import outlast

T = TypeVar("T")


async def in_thread(work: Callable[[], T], undo: Callable[[T], object] | None = None) -> T:
    """
    Run `work` in a thread and return what it returns.

    A cancel takes effect once `work` has ended, so that nobody cleans up under its hands; keep it short.

    Args:
        undo: What to do, after a cancel, with a result that nobody is there to take.
    """
    running = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        with suppress(asyncio.CancelledError):  # the first one is passed on below
            await outlast({running})
        if running.exception() is None and undo is not None:
            undo(running.result())
        raise
