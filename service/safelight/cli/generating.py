"""`generate`: ask for a picture, watch it develop, save it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from safelight.cli.completing import complete_provider
from safelight.cli.connecting import Missing, Target, use_service, with_service

if TYPE_CHECKING:
    from safelight.cli.interrupts import Interrupts
    from safelight.client.base import Client

PICTURE_WAYS = ("auto", "kitty", "iterm", "sixel", "blocks", "none")
with_json = click.option("--json", "as_json", is_flag=True, help="Print each snapshot as a line of JSON.")
with_picture = click.option(
    "--picture",
    type=click.Choice(PICTURE_WAYS),
    default="auto",
    metavar="WAY",
    help="How a terminal shows it: auto, kitty, iterm, sixel, blocks, none.  [default: auto]",
)


@click.command()
@click.argument("prompt")
@click.option(
    "-p", "--provider", metavar="NAME", shell_complete=complete_provider, help="Who paints it.  [default: as configured]"
)
@click.option("-m", "--model", metavar="NAME", help="The provider's own name of a model.")
@click.option("--param", "params", multiple=True, metavar="KEY=VALUE", help="A parameter, e.g. width=512. May be repeated.")
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="What only this provider takes. May be repeated.")
@click.option("-n", "--count", type=click.IntRange(1, 8), metavar="N", help="How many pictures: short for --param count=N.")
@click.option("--ref", metavar="WORD", help="A word of your own, to find it again in the list.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where to save.  [default: this folder]"
)
@click.option("--no-save", is_flag=True, help="Save nothing.")
@with_picture
@with_json
@with_service
def generate(
    target: Target,
    prompt: str,
    provider: str | None,
    model: str | None,
    params: tuple[str, ...],
    options: tuple[str, ...],
    count: int | None,
    ref: str | None,
    out: Path | None,
    picture: str,
    *,
    no_save: bool,
    as_json: bool,
) -> None:
    """
    Have PROMPT painted, watch it develop, save it.

    Where no service runs, it is painted by this very command. Files are named after the prompt, a-lighthouse-1.png,
    and never overwrite another. PROMPT may be - to read it from standard input. A value is JSON where it can be read
    as JSON, else text. Ctrl-C asks for a cancel, a second one leaves at once.

    With --json the last line is the end of the generation, with "files" beside it: what was saved.

    Exit codes: 0 succeeded, 1 failed, 2 wrong usage or input, 3 no connection, 4 canceled, 78 faults in the
    configuration.

    \b
    Examples:
      safelight generate "a lighthouse at dusk"
      safelight generate "a lighthouse" --param width=768 --param seed=7 --count 2 --out pictures
      safelight generate "a lighthouse" --provider simulator --option scenario=queue
      safelight generate "a lighthouse" --server https://pictures.example.com --json
    """  # noqa: D301 - click's mark is the character itself
    prompt = sys.stdin.read().strip() if prompt == "-" else prompt
    if not prompt.strip():
        raise click.UsageError('The prompt is empty. Say what to paint: safelight generate "a lighthouse"')
    folder = None if no_save else writable_folder(out or Path())
    named = _pairs(params, "--param") | ({} if count is None else {"count": count})
    said = {"providerId": provider, "model": model, "ref": ref, "params": named, "options": _pairs(options, "--option")}
    body = {"prompt": prompt, **{key: value for key, value in said.items() if value}}

    async def use(client: Client, interrupts: Interrupts) -> int:
        return await _generate(client, interrupts, body, folder=folder, as_json=as_json, picture=picture)

    use_service(target, use, if_missing=Missing.MAKE)


async def _generate(
    client: Client, interrupts: Interrupts, body: dict[str, Any], *, folder: Path | None, as_json: bool, picture: str
) -> int:
    from safelight.cli.canceling import Canceler
    from safelight.cli.failing import CANCELED
    from safelight.cli.following import conclude, follow, make_show
    from safelight.cli.saving import stem_of

    show, drawn = make_show(as_json=as_json, picture=picture)
    interrupts.code = CANCELED
    canceler = Canceler(client, show)
    interrupts.on_first(canceler.ask)
    generation_id = await client.create(body)
    async with canceler.of(generation_id):
        end = await follow(client, generation_id, show, drawn)
    return await conclude(client, end, show, folder=folder, stem=stem_of(body["prompt"]))


def _pairs(words: tuple[str, ...], option: str) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for word in words:
        key, sign, text = word.partition("=")
        if not sign or not key.strip():
            raise click.BadParameter(f"'{word}' must be written as KEY=VALUE", param_hint=option)
        try:
            pairs[key.strip()] = json.loads(text, parse_constant=str)
        except ValueError:
            pairs[key.strip()] = text
    return pairs


def writable_folder(folder: Path) -> Path:
    """Make the folder and see that files can be made in it, before anything is paid for."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.BadParameter(f"{folder}: {error.strerror}", param_hint="--out") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise click.BadParameter(f"nothing can be written into {folder.resolve()}; name another folder", param_hint="--out")
    return folder
