"""What goes on for as long as something is open: a duty that fails is named in the log, and taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger()

_AGAIN_SECONDS = 1.0


@asynccontextmanager
async def on_duty(name: str, work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """
    Have `work` done beside the block, in a task of its own, until it returns or the block is left.

    What it raises is a fault of ours: it is logged, and a second later the work begins anew.
    """
    task = asyncio.create_task(_do(name, work), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _do(name: str, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("duty_failed", duty=name)
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            return
