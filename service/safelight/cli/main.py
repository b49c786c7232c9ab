"""The commands and their options."""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path
from typing import Any

import click

from safelight import __version__
from safelight.cli.completing import completion
from safelight.cli.configuring import config, load, load_or_leave, with_config
from safelight.cli.doctoring import doctor
from safelight.cli.generating import generate
from safelight.cli.journaling import journal
from safelight.cli.listing import list_, providers
from safelight.cli.probing import healthcheck
from safelight.cli.tables import echo_table
from safelight.cli.watching import cancel, watch
from safelight.cli.webhooks import webhooks


class _InOrder(click.Group):
    """Lists its commands in the order in which people meet them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what cannot be read or written is one sentence, but for a reader that has gone: that is click's."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            from safelight.cli.failing import FAILED, say

            say(error)
            sys.exit(FAILED)


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="safelight")
def main() -> None:
    """
    Safelight: one service between applications and every image-generation provider.

    \b
    Ask for a picture, and watch it develop:
      safelight generate "a lighthouse at dusk"

    \b
    Start the service, and ask it from anywhere:
      safelight serve
      safelight generate "a lighthouse" --server http://127.0.0.1:8080
      safelight list
      safelight doctor https://pictures.example.com
    """  # noqa: D301 - click's mark is the character itself


@click.command()
@with_config
@click.option("--host", metavar="HOST", help="Address to listen on: short for --set server.host=HOST.")
@click.option("--port", type=int, metavar="PORT", help="Port to listen on, 0 for a free one: short for --set server.port=PORT.")
@click.option("--data", metavar="DIR", help="Folder for journal and outputs: short for --set data.folder=DIR.")
def serve(file: Path | None, overrides: tuple[str, ...], host: str | None, port: int | None, data: str | None) -> None:
    """
    Run the service.

    It runs until SIGTERM or Ctrl-C; a second one does not wait for running work. SIGHUP reads the configuration again.
    Settings come from the file, the environment (SAFELIGHT_SERVER__PORT=8080) and --set, the later the stronger. Exit
    code 78: the configuration has faults; 1: the service could not start, or lost its journal.

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


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print each as a line of JSON.")
def plugins(*, as_json: bool) -> None:
    """
    List the installed plugins and their faults.

    A law of providers that one does not keep is told with its reason.

    \b
    Examples:
      safelight plugins
      safelight plugins --json | jq 'select(.fault)'
    """  # noqa: D301 - as above
    from safelight.plugins import discover

    discovery = discover()
    offers = sorted(discovery.providers.items())
    if as_json:
        for name, offer in offers:
            told = {"provider": name, "distribution": offer.distribution, "version": offer.version, "plugin": offer.plugin}
            click.echo(json.dumps(told | ({"waivers": dict(offer.cls.waivers)} if offer.cls.waivers else {})))
        for fault in discovery.faults:
            told = {"plugin": fault.plugin, "distribution": fault.distribution, "kind": fault.kind, "fault": fault.sentence}
            click.echo(json.dumps(told))
        return
    rows = [(name, offer.distribution, offer.version, offer.plugin) for name, offer in offers]
    echo_table([("PROVIDER", "DISTRIBUTION", "VERSION", "PLUGIN"), *rows])
    for name, offer in offers:
        for law, reason in offer.cls.waivers.items():
            click.echo(f"{name} does not keep '{law.replace('_', ' ')}': {reason}")
    for fault in discovery.faults:
        click.secho(f"{fault.plugin} ({fault.distribution}), {fault.kind}: {fault.sentence}", fg="red")


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(__version__)


for command in (
    generate,
    watch,
    list_,
    cancel,
    journal,
    serve,
    providers,
    webhooks,
    plugins,
    config,
    doctor,
    healthcheck,
    completion,
    version,
):
    main.add_command(command)
