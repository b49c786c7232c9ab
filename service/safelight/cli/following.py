"""Watching one generation to its end: shown as it develops, canceled where that is what Ctrl-C means."""

from __future__ import annotations

from contextlib import aclosing
from importlib.util import find_spec
from pathlib import Path

import click

from safelight.cli import failing
from safelight.cli.pictures.detecting import is_interactive
from safelight.cli.pictures.drawing import Canvas, canvas
from safelight.cli.previews import Previews
from safelight.cli.saving import save
from safelight.cli.showing.base import Show
from safelight.cli.showing.ndjson import Ndjson
from safelight.cli.showing.plain import Plain
from safelight.client.base import Client, Snapshot, has_ended
from safelight.errors import SafelightError


def make_show(*, as_json: bool, picture: str) -> tuple[Show, Canvas | None]:
    """Return the best form there is, and what pictures are drawn on, if anything."""
    if as_json:
        return Ndjson(), None
    if not is_interactive():
        return Plain(), None
    drawn = canvas(picture)
    if find_spec("rich") is None:
        click.echo("For a progress bar: pip install 'safelight[cli]'", err=True)
        return Plain(drawn), drawn
    from safelight.cli.showing.live import Live

    return Live(drawn), drawn


async def follow(client: Client, generation_id: str, show: Show, drawn: Canvas | None) -> Snapshot:
    """Show a generation until it ends; return its last snapshot, not yet shown."""
    is_first = True
    with show:
        async with (
            Previews(client, show, drawn) as previews,
            aclosing(
                client.watch(generation_id, on_lost=lambda reason: show.note(f"{reason[:1].upper()}{reason[1:]}; coming back …"))
            ) as snapshots,
        ):
            async for snapshot in snapshots:
                if is_first:
                    show.begin(snapshot, client.place)
                    is_first = False
                if has_ended(snapshot):
                    return snapshot
                show.step(snapshot)
                previews.hear(snapshot)
    raise AssertionError  # a watch ends with an end


async def conclude(client: Client, end: Snapshot, show: Show, *, folder: Path | None, stem: str) -> int:
    """Save what there is to save, show the end, and return the exit code of it."""
    try:
        saved = await save(client, end, folder, stem) if folder is not None else []
    except (SafelightError, OSError) as error:
        show.end(end, [])
        failing.say(error)
        return failing.code_for(error)
    show.end(end, saved)
    if end["status"] == "succeeded":
        return failing.OK
    return failing.CANCELED if end.get("outcome") == "canceled" else failing.FAILED
