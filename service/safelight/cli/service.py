"""Running the service from the command line: limits, logs, and start-up failures as one clear sentence."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import click
import structlog

from safelight import logs
from safelight.config.model import Config
from safelight.errors import SafelightError
from safelight.redaction import redactor
from safelight.web.serving import serve

log = structlog.get_logger()

_LEAVE_SECONDS = 2.0


def run(config: Config, *, read_again: Callable[[], Config]) -> int:
    """Serve; return the exit code. SIGHUP has the configuration read again."""
    logs.configure(config.logs)
    _raise_open_files()
    return _run(_serve(config, read_again))


def _run(work: Coroutine[Any, Any, int]) -> int:
    """
    Run to the end; return what came of it.

    asyncio stops the loop for a SystemExit or KeyboardInterrupt in any task or callback. One that a plugin started by
    itself stands outside every border, so what stopped the loop is logged and the loop goes on where it was.
    """
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        main = loop.create_task(work)
        while not main.done():
            try:
                loop.run_until_complete(main)
            except (SystemExit, KeyboardInterrupt):
                if not main.done():
                    log.exception("loop_interrupted")
        return main.result()


def _raise_open_files() -> None:
    """Every stream is an open file; the usual soft limit ends at a thousand of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError) as error:
        log.warning("open_files_not_raised", limit=soft, reason=str(error))


def _sentence(error: Exception) -> str:
    """Say which file it is about first, and no error number."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


async def _serve(config: Config, read_again: Callable[[], Config]) -> int:
    """Serve; then leave even if a plugin does not: a task or a thread that clings is named, and the process ends without it."""
    code = 0
    try:
        await serve(config, read_again=read_again)
    except (SafelightError, OSError) as error:
        click.echo(f"safelight: {redactor.text(_sentence(error))}", err=True)
        code = 1
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    clinging = {task for task in tasks if not task.done()}
    if clinging:
        _, clinging = await asyncio.wait(clinging, timeout=_LEAVE_SECONDS)
    threads = asyncio.create_task(asyncio.get_running_loop().shutdown_default_executor())
    _, held = await asyncio.wait({threads}, timeout=_LEAVE_SECONDS)
    if clinging or held:
        log.error("service_abandoned", tasks=sorted(task.get_name() for task in clinging), threads=bool(held))
        sys.stderr.flush()
        os._exit(code)
    return code
