"""`list` and `providers`: what there is, as a table or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from safelight.cli.connecting import Missing, Target, use_service, with_service
from safelight.cli.tables import echo_table

if TYPE_CHECKING:
    from safelight.cli.interrupts import Interrupts
    from safelight.client.base import Client, Snapshot

STATES = ("started", "processing", "succeeded", "failed")
_PAGE = 100


@click.command("list")
@click.option("--status", "states", multiple=True, type=click.Choice(STATES), help="Only these. May be repeated.")
@click.option("--ref", metavar="WORD", help="Only those with this word of yours.")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, metavar="N", help="How many.  [default: 20]")
@click.option("--json", "as_json", is_flag=True, help="Print each as a line of JSON.")
@with_service
def list_(target: Target, states: tuple[str, ...], ref: str | None, limit: int, *, as_json: bool) -> None:
    """
    List the generations, the newest first.

    \b
    Examples:
      safelight list
      safelight list --status started --status processing
      safelight list --json --limit 1000 | jq -r 'select(.outcome == "failed") | .error'
    """  # noqa: D301 - click's mark is the character itself

    async def use(client: Client, _: Interrupts) -> int:
        from safelight.cli.showing.ndjson import echo_json

        found: list[Snapshot] = []
        cursor: str | None = None
        while len(found) < limit:
            page = await client.listing(states=states, ref=ref, limit=min(limit - len(found), _PAGE), cursor=cursor)
            found += page.snapshots
            if (cursor := page.next) is None:
                break
        if as_json:
            for one in found:
                echo_json(one)
        elif found:
            echo_table([("ID", "CREATED", "PROVIDER", "STATE", "", "REF"), *map(_row, found)])
        else:
            click.echo(f"No generations at {client.place}.")
        return 0

    use_service(target, use)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print each as a line of JSON, with the schemas of what it takes.")
@with_service
def providers(target: Target, *, as_json: bool) -> None:
    """
    List the configured providers and what they take.

    An asterisk marks the one that is used when none is named.

    \b
    Examples:
      safelight providers
      safelight providers --json | jq 'select(.providerId == "sketch") | .options'
    """  # noqa: D301 - click's mark is the character itself

    async def use(client: Client, _: Interrupts) -> int:
        from safelight.cli.failing import printable
        from safelight.cli.showing.ndjson import echo_json

        described = await client.providers()
        if as_json:
            for one in described:
                echo_json(one)
        else:
            echo_table([("PROVIDER", "PLUGIN", "PARAMS", "OPTIONS"), *(_provider_row(one) for one in described)])
            for one in described:
                if not one.get("available"):  # below, where a long reason does not tear the columns apart
                    click.echo(printable(f"{one['providerId']} is not available: {one.get('fault')}"))
        return 0

    use_service(target, use, if_missing=Missing.SCRATCH)


def _row(snapshot: Snapshot) -> tuple[str, ...]:
    from datetime import datetime

    from safelight.cli.showing.words import phrase

    created = datetime.fromisoformat(str(snapshot["createdAt"])).astimezone()
    state = str(snapshot.get("outcome") or snapshot["status"])
    progress = snapshot.get("progress")
    if snapshot.get("outcome"):
        words = str(snapshot.get("error") or "") if state not in {"succeeded", "canceled"} else ""
    else:
        words = ("" if progress is None else f"{progress} % ") + phrase(snapshot)
    shown = words if len(words) <= 48 else words[:47] + "…"
    return (
        str(snapshot["sessionId"]),
        f"{created:%Y-%m-%d %H:%M:%S}",
        str(snapshot["providerId"]),
        state,
        shown,
        str(snapshot.get("ref", "")),
    )


def _provider_row(described: dict[str, Any]) -> tuple[str, ...]:
    plugin = described.get("plugin") or {}
    name = f"{described['providerId']}{' *' if described.get('default') else ''}"
    offered = f"{plugin.get('distribution', '?')} {plugin.get('version', '')}".rstrip()
    if not described.get("available"):
        return name, offered, "not available", ""
    names = (", ".join((described.get(kind) or {}).get("properties", {})) for kind in ("params", "options"))
    return name, offered, *names
