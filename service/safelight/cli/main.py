"""The commands and their options."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from safelight import __version__
from safelight.cli.configuring import config, load, load_or_leave, with_config
from safelight.cli.probing import healthcheck


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


@main.command()
@with_config
@click.option("--host", metavar="HOST", help="Address to listen on: short for --set server.host=HOST.")
@click.option("--port", type=int, metavar="PORT", help="Port to listen on, 0 for a free one: short for --set server.port=PORT.")
@click.option("--data", metavar="DIR", help="Folder for journal and outputs: short for --set data.folder=DIR.")
def serve(file: Path | None, overrides: tuple[str, ...], host: str | None, port: int | None, data: str | None) -> None:
    """
    Run the service.

    It runs until SIGTERM or Ctrl-C; a second one does not wait for running work. SIGHUP reads the configuration again. Settings come from the file, the environment (SAFELIGHT_SERVER__PORT=8080) and --set, the later the stronger. Exit code
    78: the configuration has faults; 1: the service could not start, or lost its journal.

    \b
    Examples:
      safelight serve --port 8080
      safelight serve -c /etc/safelight.toml --data /var/lib/safelight
      safelight serve --host 0.0.0.0 --set server.allow_anonymous=true
    """  # noqa: D301 - as above
    sugar = {"server.host": host, "server.port": port, "data.folder": data}
    overrides = (*overrides, *(f"{key}={value}" for key, value in sugar.items() if value is not None))
    config = load_or_leave(file, overrides).config
    from safelight.cli.service import run

    sys.exit(run(config, read_again=lambda: load(file, overrides).config))


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


@main.command()
def version() -> None:
    """Print the version."""
    click.echo(__version__)


main.add_command(config)
main.add_command(healthcheck)
