"""`doctor`: whether this machine is fit for the service, and whether streams come through what lies before it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from safelight.cli.configuring import EX_CONFIG, load, with_config

if TYPE_CHECKING:
    from safelight.cli.doctor.findings import Finding


@click.command()
@click.argument("url", required=False)
@click.option("--data", metavar="DIR", help="Data folder: short for --set data.folder=DIR.")
@click.option(
    "--idle",
    type=click.FloatRange(1, 3600),
    default=40.0,
    metavar="SECONDS",
    help="How long a silent stream is held.  [default: 40]",
)
@click.option("--json", "as_json", is_flag=True, help="Print each finding as a line of JSON.")
@with_config
def doctor(
    url: str | None, data: str | None, idle: float, file: Path | None, overrides: tuple[str, ...], *, as_json: bool
) -> None:
    """
    Examine this machine, or the way to a URL.

    Without a URL: configuration, store, plugins, clock, open files. With the URL of a service: whether events are held back, whether
    silent streams are cut, the HTTP version, compression and headers, through whatever proxies stand between; and the
    lines of nginx, Caddy, Traefik or ALB configuration that mend what is wrong. For that the simulator there is asked
    for one small run; nothing is asked of any other provider.

    Exit codes: 0 all is well, 1 something has to be mended, 2 wrong usage, 3 no connection, 78 faults in the
    configuration.

    \b
    Examples:
      safelight doctor
      safelight doctor --data /var/lib/safelight
      safelight doctor https://pictures.example.com --idle 120
    """  # noqa: D301 - click's mark is the character itself
    if url is None:
        sys.exit(_machine(file, overrides if data is None else (*overrides, f"data.folder={data}"), as_json=as_json))
    from safelight.cli.connecting import checked_url
    from safelight.cli.interrupts import Interrupts, interruptible
    from safelight.cli.running import run

    place = checked_url(url)

    async def work(_: Interrupts) -> int:
        from safelight.cli.doctor.network import examine

        return int("fault" in [_tell(finding, as_json=as_json) async for finding in examine(place, idle)])

    sys.exit(run(interruptible(work)))


def _machine(file: Path | None, overrides: tuple[str, ...], *, as_json: bool) -> int:
    from safelight.cli.doctor.findings import fault, ok
    from safelight.cli.doctor.machine import examine
    from safelight.errors import ConfigInvalid

    try:
        config = load(file, overrides).config
    except ConfigInvalid as error:
        for one in error.faults:
            _tell(fault("config", str(one)), as_json=as_json)
        return EX_CONFIG
    _tell(ok("config", f"sound, from {file or 'config.toml or the defaults'}"), as_json=as_json)
    return int("fault" in [_tell(finding, as_json=as_json) for finding in examine(config)])


def _tell(finding: Finding, *, as_json: bool) -> str:
    """Print it; return its verdict."""
    if as_json:
        click.echo(json.dumps(finding.as_json(), ensure_ascii=False))
    else:
        finding.echo()
    return finding.verdict
