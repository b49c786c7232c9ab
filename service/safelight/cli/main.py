"""The commands and their options."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from safelight import __version__

if TYPE_CHECKING:
    from safelight.config.model import Config

EX_CONFIG = 78
F = TypeVar("F", bound=Callable[..., Any])


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="safelight")
def main() -> None:
    """
    Safelight: one service between applications and every image-generation provider.

    \b
    Start it, ask it for a picture, watch the picture develop:
      safelight serve
      curl http://127.0.0.1:8080/v1/generations --json '{"prompt": "a lighthouse"}'
      curl -N http://127.0.0.1:8080/v1/generations/ID/events
    """  # noqa: D301 - click's mark is the character itself


def _with_config(command: F) -> F:
    command = click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Override one setting, e.g. streams.heartbeat_seconds=5. May be repeated.",
    )(command)
    return click.option(
        "-c",
        "--config",
        "file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Configuration file.  [default: config.toml of this folder, if there is one]",
    )(command)


@main.command()
@_with_config
@click.option("--host", metavar="HOST", help="Address to listen on: short for --set server.host=HOST.")
@click.option("--port", type=int, metavar="PORT", help="Port to listen on, 0 for a free one: short for --set server.port=PORT.")
@click.option("--data", metavar="DIR", help="Folder for journal and outputs: short for --set data.folder=DIR.")
def serve(file: Path | None, overrides: tuple[str, ...], host: str | None, port: int | None, data: str | None) -> None:
    """
    Run the service.

    It runs until SIGTERM or Ctrl-C; a second one does not wait for running work. Settings come from the file, the environment (SAFELIGHT_SERVER__PORT=8080) and --set, the later the stronger. Exit code
    78: the configuration has faults; 1: the service could not start.

    \b
    Examples:
      safelight serve --port 8080
      safelight serve -c /etc/safelight.toml --data /var/lib/safelight
      safelight serve --host 0.0.0.0 --set server.allow_anonymous=true
    """  # noqa: D301 - as above
    sugar = {"server.host": host, "server.port": port, "data.folder": data}
    config = _load(file, (*overrides, *(f"{key}={value}" for key, value in sugar.items() if value is not None)))
    from safelight.cli.service import run

    sys.exit(run(config))


@main.command()
def plugins() -> None:
    """List the installed plugins and their faults."""
    from safelight.plugins import discover

    discovery = discover()
    rows = [("PROVIDER", "DISTRIBUTION", "VERSION", "PLUGIN")]
    rows += [(name, offer.distribution, offer.version, offer.plugin) for name, offer in sorted(discovery.providers.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for fault in discovery.faults:
        click.secho(f"{fault.plugin} ({fault.distribution}), {fault.kind}: {fault.sentence}", fg="red")


@main.group()
def config() -> None:
    """Check or print the configuration."""


@config.command()
@_with_config
def check(file: Path | None, overrides: tuple[str, ...]) -> None:
    """
    Name every fault of the configuration.

    File, environment, --set and the plugins' own settings are checked. Exit code 78: there are faults.
    """
    _load(file, overrides)
    click.echo("config ok")


@config.command()
@_with_config
def show(file: Path | None, overrides: tuple[str, ...]) -> None:
    """
    Print the configuration in force.

    It is TOML that can be used as a file; secrets are masked.
    """
    from safelight.config.show import show as text_of

    click.echo(text_of(_load(file, overrides)), nl=False)


@main.command()
def version() -> None:
    """Print the version."""
    click.echo(__version__)


def _load(file: Path | None, overrides: tuple[str, ...]) -> Config:
    """Load and check everything, the plugins' own settings too, or leave with every fault on standard error."""
    from safelight.config.load import load
    from safelight.errors import ConfigInvalid
    from safelight.instances import check_instances
    from safelight.plugins import discover

    default = Path("config.toml")
    try:
        return load(
            file or (default if default.is_file() else None),
            overrides=overrides,
            check_providers=lambda instances: check_instances(instances, discover()),
        )
    except ConfigInvalid as error:
        for fault in error.faults:
            click.echo(f"config: {fault}", err=True)
        sys.exit(EX_CONFIG)
