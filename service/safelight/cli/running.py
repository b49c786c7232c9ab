"""Running asynchronous work from the command line to an exit code, and leaving even if a plugin does not."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger()

_LEAVE_SECONDS = 2.0


def run(work: Coroutine[Any, Any, int]) -> int:
    """
    Run to the end; return what came of it.

    asyncio stops the loop for a SystemExit or KeyboardInterrupt in any task or callback. One that a plugin started by
    itself stands outside every border, so what stopped the loop is logged and the loop goes on where it was.
    """
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        main = loop.create_task(_left(work))
        while not main.done():
            try:
                loop.run_until_complete(main)
            except (SystemExit, KeyboardInterrupt):
                if not main.done():
                    log.exception("loop_interrupted")
        return main.result()


async def _left(work: Coroutine[Any, Any, int]) -> int:
    """Await the work; then leave: a task or a thread that clings is named, and the process ends without it."""
    code = await work
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    clinging = {task for task in tasks if not task.done()}
    if clinging:
        _, clinging = await asyncio.wait(clinging, timeout=_LEAVE_SECONDS)
    threads = asyncio.create_task(asyncio.get_running_loop().shutdown_default_executor())
    _, held = await asyncio.wait({threads}, timeout=_LEAVE_SECONDS)
    if clinging or held:
        log.error("process_abandoned", tasks=sorted(task.get_name() for task in clinging), threads=bool(held))
        leave_at_once(code)
    return code


async def end(task: asyncio.Task[None]) -> None:
    """
    Cancel a task of ours and wait for its end.

    Raises:
        Exception: What it had failed with before.
    """
    task.cancel()
    [came] = await asyncio.gather(task, return_exceptions=True)
    if isinstance(came, Exception):
        raise came


def leave_at_once(code: int) -> None:
    """End the process here and now; what was said is said."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
