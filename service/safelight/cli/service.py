"""Running the service from the command line: limits, logs, and start-up failures as one clear sentence."""

from __future__ import annotations

import asyncio
import os
import resource
import sys

import click
import structlog

from safelight import logs
from safelight.config.model import Config
from safelight.errors import SafelightError
from safelight.redaction import redactor
from safelight.web.serving import serve

log = structlog.get_logger()

_LEAVE_SECONDS = 2.0


def run(config: Config) -> int:
    """Serve; return the exit code."""
    logs.configure(config.logs)
    _raise_open_files()
    try:
        asyncio.run(_serve(config))
    except (SafelightError, OSError) as error:
        click.echo(f"safelight: {redactor.text(_sentence(error))}", err=True)
        return 1
    return 0


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
    return str(error)


async def _serve(config: Config) -> None:
    """Serve; then leave even if a plugin does not: a task or a thread that clings is named, and the process ends without it."""
    await serve(config)
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
        os._exit(0)
