"""Plain lines, one for each thing that changed: for files, pipes and terminals that can do no more."""

from __future__ import annotations

import click

from safelight.cli.pictures.drawing import Canvas, Undrawable
from safelight.cli.showing.base import Saved, Show
from safelight.cli.showing.words import conclusion, output_line, phrase
from safelight.client.base import Snapshot

_TENTH = 10


class Plain(Show):
    """Prints a line when the words change, and at each tenth of the progress."""

    def __init__(self, canvas: Canvas | None = None) -> None:
        self._canvas = canvas
        self._before: object = None

    def begin(self, snapshot: Snapshot, place: str) -> None:
        """Name it."""
        click.echo(f"generation {snapshot['sessionId']} of {snapshot['providerId']} at {place}")

    def step(self, snapshot: Snapshot) -> None:
        """Say what is new."""
        progress = snapshot.get("progress")
        words = phrase({**snapshot, "steps": None})  # that counts on with the progress, which has lines of its own
        now = (snapshot["status"], words, None if progress is None else progress // _TENTH)
        if now != self._before:
            self._before = now
            percent = "     " if progress is None else f"{progress:3d} %"
            click.echo(f"{snapshot['status']:<10}  {percent}  {words}".rstrip())

    def note(self, sentence: str) -> None:
        """Say it on standard error, where it is no result."""
        click.echo(sentence, err=True)

    def end(self, snapshot: Snapshot, saved: list[Saved]) -> None:
        """Say how it ended, show the pictures, name the files."""
        click.echo(conclusion(snapshot))
        for one in saved:
            self._draw(one)
            click.echo(f"saved {output_line(one.output, one.file)}")
        if not saved:
            for output in snapshot.get("outputs", ()):
                click.echo(f"output {output_line(output, output['url'])}")

    def _draw(self, saved: Saved) -> None:
        if self._canvas is None or saved.picture is None:
            return
        try:
            click.echo(self._canvas.draw(saved.picture), nl=False)
        except Undrawable as error:
            self.note(str(error))
