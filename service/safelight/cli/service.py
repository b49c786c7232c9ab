"""Running the service from the command line: limits, logs, and start-up failures as one clear sentence."""

from __future__ import annotations

import asyncio
import resource

import click

from safelight import logs
from safelight.config.model import Config
from safelight.errors import SafelightError
from safelight.redaction import redactor
from safelight.web.serving import serve


def run(config: Config) -> int:
    """Serve; return the exit code."""
    logs.configure(config.logs)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        asyncio.run(serve(config))
    except (SafelightError, OSError) as error:
        click.echo(f"safelight: {redactor.text(str(error))}", err=True)
        return 1
    return 0
