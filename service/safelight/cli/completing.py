"""Shell completion: the scripts, and the names that only a service knows, asked for briefly and never insisted upon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_SECONDS = 0.5
_SHOWN = 50
_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS), metavar="SHELL")
def completion(shell: str) -> None:
    """
    Print the completion script of bash, zsh or fish.

    It completes commands and options, and the names of providers and generations of the service that runs here.

    \b
    Examples:
      safelight completion bash >> ~/.bashrc
      safelight completion zsh >> ~/.zshrc
      safelight completion fish > ~/.config/fish/completions/safelight.fish
    """  # noqa: D301 - click's mark is the character itself
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    assert made is not None  # noqa: S101 - click brings these three
    root = click.get_current_context().find_root().command
    click.echo(made(root, {}, "safelight", "_SAFELIGHT_COMPLETE").source())


def complete_provider(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a provider."""
    said = _ask(context, "/v1/providers")
    return _items(((one["providerId"], "") for one in said.get("providers", ())), incomplete)


def complete_generation(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the id of a generation, the newest first."""
    return _generations(context, "/v1/generations?limit=50", incomplete)


def complete_journal(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the id of a generation that the journal of the data folder knows, whether a service runs or not."""
    from functools import partial

    from safelight.engines.sqlite import reads
    from safelight.engines.sqlite.beside import look
    from safelight.errors import ConfigInvalid, JournalError

    try:
        found = look(_folder(context), partial(reads.ids, beginning=incomplete, limit=_SHOWN))
    except (JournalError, ConfigInvalid):
        return []
    return _items(((one, "") for one in found), incomplete)


def complete_running(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the id of a generation that runs."""
    return _generations(context, "/v1/generations?limit=50&status=started,processing", incomplete)


def _generations(context: click.Context, path: str, incomplete: str) -> list[CompletionItem]:
    said = _ask(context, path)
    return _items(
        ((one["sessionId"], f"{one['providerId']}, {one['status']}") for one in said.get("generations", ())), incomplete
    )


def _items(found: Any, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(value, help=help_) for value, help_ in found if value.startswith(incomplete)]


def _ask(context: click.Context, path: str) -> dict[str, Any]:
    """Ask the service that the command line so far means; nothing is offered where it does not answer at once."""
    from urllib.request import ProxyHandler, build_opener

    from safelight.errors import ConfigInvalid

    try:
        url = _url(context)
        if url is None:
            return {}
        with build_opener(ProxyHandler({})).open(url + path, timeout=_SECONDS) as answer:
            said = json.load(answer)
    except (OSError, ValueError, ConfigInvalid):
        return {}
    return said if isinstance(said, dict) else {}


def _url(context: click.Context) -> str | None:
    from safelight.whereabouts import find

    if context.params.get("server"):
        return str(context.params["server"])
    here = find(_folder(context))
    return None if here is None else here.url


def _folder(context: click.Context) -> Path:
    from safelight.cli.configuring import load

    said = context.params
    return Path(said.get("data") or load(said.get("file"), said.get("overrides") or (), is_whole=False).config.data.folder)
