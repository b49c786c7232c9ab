"""The configuration on the command line: the options that name it, and the commands that check and print it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from safelight.config.load import Loaded

EX_CONFIG = 78
F = TypeVar("F", bound=Callable[..., Any])


def with_config(command: F) -> F:
    """Add the options that say which configuration is meant."""
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


def load(file: Path | None, overrides: tuple[str, ...], *, is_whole: bool = True) -> Loaded:
    """
    Load and check everything.

    Args:
        is_whole: Whether the plugins' own settings are checked too, for which all plugins are imported.

    Raises:
        ConfigInvalid: Every fault.
    """
    from safelight.config.load import load_with_origins

    default = Path("config.toml")
    file = file or (default if default.is_file() else None)
    if not is_whole:
        return load_with_origins(file, overrides=overrides)
    from safelight.plugins import discover
    from safelight.settings import check_instances

    return load_with_origins(file, overrides=overrides, check_providers=lambda instances: check_instances(instances, discover()))


def load_or_leave(file: Path | None, overrides: tuple[str, ...], *, is_whole: bool = True) -> Loaded:
    """Load, or leave with every fault on standard error."""
    from safelight.errors import ConfigInvalid

    try:
        return load(file, overrides, is_whole=is_whole)
    except ConfigInvalid as error:
        for fault in error.faults:
            click.echo(f"config: {fault}", err=True)
        sys.exit(EX_CONFIG)


@click.group()
def config() -> None:
    """Check or print the configuration."""


@config.command()
@with_config
def check(file: Path | None, overrides: tuple[str, ...]) -> None:
    """
    Name every fault of the configuration.

    File, environment, --set and the plugins' own settings are checked. Exit code 78: there are faults.

    \b
    Examples:
      safelight config check
      safelight config check -c /etc/safelight.toml --set server.port=9000
    """  # noqa: D301 - click's mark is the character itself
    load_or_leave(file, overrides)
    click.echo("config ok")


@config.command()
@with_config
@click.option("--origin", is_flag=True, help="Say beside each value who set it.")
def show(file: Path | None, overrides: tuple[str, ...], *, origin: bool) -> None:
    """
    Print the configuration in force.

    It is TOML that can be used as a file; secrets are masked.

    \b
    Examples:
      safelight config show --origin
      safelight config show --set server.port=9000 > config.toml
    """  # noqa: D301 - click's mark is the character itself
    from safelight.config.show import show as text_of

    loaded = load_or_leave(file, overrides)
    click.echo(text_of(loaded.config, loaded.origins if origin else None), nl=False)


@config.command()
def schema() -> None:
    """
    Print the JSON Schema of a config.toml.

    Editors complete and check by it, the installed plugins' settings included: write it into a file, and name that in
    the first line of config.toml as "#:schema ./FILE".

    \b
    Examples:
      safelight config schema > config.schema.json
    """  # noqa: D301 - click's mark is the character itself
    from safelight.config.schema import config_schema
    from safelight.plugins import discover

    settings = {name: offer.cls.Settings for name, offer in discover().providers.items()}
    click.echo(json.dumps(config_schema(settings), indent=2, ensure_ascii=False))
