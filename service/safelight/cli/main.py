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
    """Safelight: one service between applications and every image-generation provider."""


def _with_config(command: F) -> F:
    command = click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Override one setting, e.g. --set streams.heartbeat_seconds=5; may be repeated.",
    )(command)
    return click.option(
        "-c",
        "--config",
        "file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Configuration file. [default: ./config.toml if there is one]",
    )(command)


@main.command()
@_with_config
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.")
@click.option("--data", type=click.Path(), metavar="DIR", help="Folder for the journal and the outputs.")
def serve(file: Path | None, overrides: tuple[str, ...], host: str | None, port: int | None, data: str | None) -> None:
    r"""
    Run the service until SIGTERM or Ctrl-C.

    \b
    Examples:
      safelight serve --port 8080
      safelight serve -c config.toml --data /var/lib/safelight
    """
    sugar = {"server.host": host, "server.port": port, "data.folder": data}
    config = _load(file, (*overrides, *(f"{key}={value}" for key, value in sugar.items() if value is not None)))
    from safelight.cli.service import run

    sys.exit(run(config))


@main.command()
def plugins() -> None:
    """List the installed plugins, what they offer, and what is wrong with them."""
    from safelight.plugins import discover

    discovery = discover()
    for name, offer in sorted(discovery.providers.items()):
        click.echo(f"{name:<20} {offer.distribution} {offer.version}  (plugin {offer.plugin})")
    for fault in discovery.faults:
        click.secho(f"{fault.plugin:<20} {fault.distribution}: {fault.sentence} [{fault.kind}]", fg="red")
    if not discovery.providers and not discovery.faults:
        click.echo("No plugin is installed.")


@main.group()
def config() -> None:
    """Look at the configuration."""


@config.command()
@_with_config
def check(file: Path | None, overrides: tuple[str, ...]) -> None:
    """Name every fault of the configuration; exit 78 if there is one."""
    _load(file, overrides)
    click.echo("config ok")


@config.command()
@_with_config
def show(file: Path | None, overrides: tuple[str, ...]) -> None:
    """Print the configuration in force, secrets masked."""
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
