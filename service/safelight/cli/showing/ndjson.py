"""For machines: each snapshot as it is, one JSON object a line; the last has `files`, what was saved."""

from __future__ import annotations

import json

import click

from safelight.cli import failing
from safelight.cli.showing.base import Saved, Show
from safelight.client.base import Snapshot


class Ndjson(Show):
    """Prints snapshots; everything else goes to standard error."""

    def begin(self, snapshot: Snapshot, place: str) -> None:
        """Say nothing: the first snapshot says it."""

    def step(self, snapshot: Snapshot) -> None:
        """Print it."""
        echo_json(snapshot)

    def note(self, sentence: str) -> None:
        """Say it beside the data."""
        failing.complain(sentence)

    def end(self, snapshot: Snapshot, saved: list[Saved]) -> None:
        """Print it, with the files."""
        echo_json({**snapshot, "files": [str(one.file) for one in saved]} if saved else snapshot)


def echo_json(value: object) -> None:
    """Print one line of JSON, at once."""
    click.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
