"""Whether the service of this machine is well, for those that restart containers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from safelight.cli.configuring import with_config

if TYPE_CHECKING:
    from urllib.error import HTTPError

_SECONDS = 4.0


@click.command()
@with_config
@click.option("--data", metavar="DIR", help="Data folder of the service: short for --set data.folder=DIR.")
def healthcheck(file: Path | None, overrides: tuple[str, ...], data: str | None) -> None:
    """
    Ask the running service whether it is ready.

    It is found by its data folder and asked on its admin port. Exit code 0: ready; 1: it is not, or not there.

    \b
    Examples:
      safelight healthcheck
      safelight healthcheck --data /var/lib/safelight
    """  # noqa: D301 - click's mark is the character itself
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import ProxyHandler, build_opener

    from safelight.config.load import load
    from safelight.errors import ConfigInvalid
    from safelight.whereabouts import find

    default = Path("config.toml")
    if data is not None:
        overrides = (*overrides, f"data.folder={data}")
    try:
        folder = load(file or (default if default.is_file() else None), overrides=overrides).data.folder
    except ConfigInvalid as error:
        _leave(f"config: {error.faults[0]}")
    here = find(Path(folder))
    if here is None:
        _leave(f"No service runs on the data folder {folder}.")
    try:
        with build_opener(ProxyHandler({})).open(f"{here.admin_url}/readyz", timeout=_SECONDS) as answer:
            checks = json.load(answer)
    except HTTPError as error:
        _leave(f"not ready: {_checks(error)}")
    except (OSError, HTTPException, ValueError) as error:
        _leave(f"{here.admin_url} does not answer: {error}")
    click.echo(checks["status"])


def _checks(error: HTTPError) -> str:
    try:
        checks: dict[str, Any] = json.load(error)
    except ValueError:
        return str(error)
    return ", ".join(f"{name}: {value}" for name, value in checks.items() if name != "status" and value not in {"ok", False})


def _leave(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(1)
