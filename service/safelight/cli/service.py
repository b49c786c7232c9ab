"""Running the service from the command line: limits, logs, and start-up failures as one clear sentence."""

from __future__ import annotations

import resource
from collections.abc import Callable

import structlog

from safelight import logs
from safelight.cli.failing import say
from safelight.cli.running import run as finish
from safelight.config.model import Config
from safelight.errors import SafelightError
from safelight.web.serving import serve

log = structlog.get_logger()


def run(config: Config, *, read_again: Callable[[], Config]) -> int:
    """Serve; return the exit code. SIGHUP has the configuration read again."""
    logs.configure(config.logs)
    _raise_open_files()
    return finish(_serve(config, read_again))


def _raise_open_files() -> None:
    """Every stream is an open file; the usual soft limit ends at a thousand of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (ValueError, OSError) as error:
        log.warning("open_files_not_raised", limit=soft, reason=str(error))


async def _serve(config: Config, read_again: Callable[[], Config]) -> int:
    try:
        await serve(config, read_again=read_again)
    except (SafelightError, OSError) as error:
        say(error)
        return 1
    return 0
