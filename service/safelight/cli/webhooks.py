"""`webhooks`: what callers' webhooks have not taken yet, and how it is sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from safelight.cli.connecting import Target, use_service, with_service
from safelight.cli.tables import echo_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safelight.cli.interrupts import Interrupts
    from safelight.client.base import Client

_MOST = 1000


@click.group()
def webhooks() -> None:
    """List or resend what webhooks have not taken."""


@webhooks.command("list")
@click.option("-n", "--limit", type=click.IntRange(1, _MOST), default=100, metavar="N", help="How many.  [default: 100]")
@click.option("--json", "as_json", is_flag=True, help="Print each as a line of JSON.")
@with_service
def list_(target: Target, limit: int, *, as_json: bool) -> None:
    """
    List what was not taken yet, the oldest first.

    One that is dead was tried for hours and given up; another is tried again at the time that is shown, or in its turn
    where it waits for the one before.

    \b
    Examples:
      safelight webhooks list
      safelight webhooks list --json | jq -r 'select(.dead) | .sessionId'
    """  # noqa: D301 - click's mark is the character itself

    async def use(client: Client, _: Interrupts) -> int:
        from safelight.cli.showing.ndjson import echo_json

        owed = await client.deliveries(limit=limit)
        if as_json:
            for one in owed:
                echo_json(one)
        elif owed:
            echo_table([("GENERATION", "TRIES", "NEXT", "WHY"), *_rows(owed)])
        else:
            click.echo(f"Every webhook at {client.place} was taken.")
        return 0

    use_service(target, use)


@webhooks.command()
@click.argument("generations", metavar="[ID]...", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="Everything that is listed.")
@with_service
def resend(target: Target, generations: tuple[str, ...], *, is_all: bool) -> None:
    """
    Send the webhooks of these generations again, those given up too.

    A running service sends them at once; where none runs, the next one does. What was taken is not sent twice. Exit
    codes: 0 done, 1 refused, 3 no connection, 78 faults in the configuration.

    \b
    Examples:
      safelight webhooks resend 8d1f
      safelight webhooks resend --all
    """  # noqa: D301 - as above
    if bool(generations) is is_all:
        raise click.UsageError("Name generations, or say --all.")

    async def use(client: Client, _: Interrupts) -> int:
        from safelight.cli.finding import find_id

        if is_all:
            meant = list(dict.fromkeys(one["sessionId"] for one in await client.deliveries(limit=_MOST)))
        else:
            meant = [await find_id(client, typed) for typed in generations]
        for generation in meant:
            number = await client.resend(generation)
            click.echo(f"{generation}: {number} {'webhook' if number == 1 else 'webhooks'}")
        if not meant:
            click.echo(f"Every webhook at {client.place} was taken.")
        return 0

    use_service(target, use)


def _rows(owed: Sequence[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Yield what is shown of each; of one generation the first that is not dead has everything after it wait."""
    from datetime import datetime

    trying = set[str]()
    for one in owed:
        generation = str(one["sessionId"])
        if one["dead"]:
            due = "dead"
        elif generation in trying:
            due = "in its turn"
        else:
            trying.add(generation)
            due = f"{datetime.fromisoformat(one['dueAt']).astimezone():%Y-%m-%d %H:%M:%S}"
        yield generation, str(one["tries"]), due, str(one.get("detail") or "")
