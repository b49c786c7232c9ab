"""`watch` and `cancel`: one generation that exists already."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from safelight.cli.completing import complete_generation, complete_running
from safelight.cli.connecting import Target, use_service, with_service
from safelight.cli.generating import with_json, with_picture, writable_folder

if TYPE_CHECKING:
    from safelight.cli.interrupts import Interrupts
    from safelight.client.base import Client


@click.command()
@click.argument("generation", metavar="ID", shell_complete=complete_generation)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Save what comes of it in this folder."
)
@with_picture
@with_json
@with_service
def watch(target: Target, generation: str, out: Path | None, picture: str, *, as_json: bool) -> None:
    """
    Watch the generation ID until its end.

    The beginning of an ID is enough where it is the only one. A connection that is cut, or a service that restarts,
    is a pause and no end. Ctrl-C stops the watching and nothing else (exit code 130).

    Exit codes: 0 succeeded, 1 failed, 3 no connection, 4 canceled, 78 faults in the configuration.

    \b
    Examples:
      safelight watch 8d1f
      safelight watch 8d1f --out pictures
      safelight watch 8d1f --json | jq .progress
    """  # noqa: D301 - click's mark is the character itself
    folder = None if out is None else writable_folder(out)

    async def use(client: Client, _: Interrupts) -> int:
        from safelight.cli.finding import find_id
        from safelight.cli.following import conclude, follow, make_show

        found = await find_id(client, generation)
        show, drawn = make_show(as_json=as_json, picture=picture)
        end = await follow(client, found, show, drawn)
        return await conclude(client, end, show, folder=folder, stem=f"safelight-{found[:8]}")

    use_service(target, use)


@click.command()
@click.argument("generation", metavar="ID", shell_complete=complete_running)
@click.option("--no-wait", is_flag=True, help="Only ask; do not wait for what comes of it.")
@with_json
@with_service
def cancel(target: Target, generation: str, *, no_wait: bool, as_json: bool) -> None:
    """
    Cancel the generation ID, and wait for what comes of it.

    Exit codes: 0 it is canceled (with --no-wait: asked for), 1 it ended otherwise, 3 no connection, 78 faults in the
    configuration.

    \b
    Examples:
      safelight cancel 8d1f
      safelight cancel 8d1f --no-wait
    """  # noqa: D301 - click's mark is the character itself

    async def use(client: Client, _: Interrupts) -> int:
        from safelight.cli import failing
        from safelight.cli.finding import find_id
        from safelight.cli.following import follow
        from safelight.cli.showing.ndjson import Ndjson
        from safelight.cli.showing.plain import Plain
        from safelight.client.base import has_ended

        found = await find_id(client, generation)
        show = Ndjson() if as_json else Plain()
        snapshot = await client.cancel(found)
        if not has_ended(snapshot) and not no_wait:
            snapshot = await follow(client, found, show, None)
        if has_ended(snapshot):
            show.end(snapshot, [])
            return failing.OK if snapshot.get("outcome") == "canceled" else failing.FAILED
        show.step(snapshot)
        return failing.OK

    use_service(target, use)
