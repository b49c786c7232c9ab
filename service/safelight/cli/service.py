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
        click.echo(f"safelight: {redactor.text(_sentence(error))}", err=True)
        return 1
    return 0


def _sentence(error: Exception) -> str:
    """Say which file it is about first, and no error number."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    return str(error)
