"""`journal`: what happened to one generation, read from the data folder whoever uses it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from safelight.cli.completing import complete_journal
from safelight.cli.connecting import Target, config_of, with_folder

if TYPE_CHECKING:
    import sqlite3

    from safelight.cli.stories.paper import Told
    from safelight.ports import Story, Tombstone

_SHOWN = 5
_MIN_TYPED = 4


@click.command()
@click.argument("generation", metavar="ID", shell_complete=complete_journal)
@click.option("--all", "is_whole", is_flag=True, help="Every snapshot, progress too.")
@click.option("--prompt", "with_prompt", is_flag=True, help="The prompt and the parameters too; they are private.")
@click.option("--json", "as_json", is_flag=True, help="Print one object of JSON.")
@with_folder
def journal(target: Target, generation: str, *, is_whole: bool, with_prompt: bool, as_json: bool) -> None:
    """
    Tell what happened to ID, and whether it was charged.

    Every attempt, what came of it, what came too late, and a verdict: how it ended, whether money may be gone and why
    that is thought, what can be done now. It is read from the data folder, beside a service that runs there or after
    one that died; nothing is written and nobody is held up. The beginning of an ID is enough where it is the only one.

    Exit codes: 0 it is told, 1 no such generation, or a forgotten one, 3 no journal that can be read, 78 faults in the
    configuration.

    \b
    Examples:
      safelight journal 8d1f
      safelight journal 8d1f --all --data /var/lib/safelight
      safelight journal 8d1f --json | jq .verdict
    """  # noqa: D301 - click's mark is the character itself
    from safelight.cli.failing import CONNECTION, FAILED, complain, say
    from safelight.cli.showing.ndjson import echo_json
    from safelight.cli.stories.machine import as_json as document
    from safelight.cli.stories.paper import echo_story
    from safelight.engines.sqlite.beside import look
    from safelight.errors import JournalError, NotFound

    config = config_of(target)
    folder = Path(config.data.folder)
    if config.journal.engine != "sqlite":
        complain("The journal of this configuration is in the memory of the service, where nobody else can read it.")
        sys.exit(CONNECTION)
    try:
        story = look(folder, lambda connection: _find(connection, generation))
    except NotFound as error:
        say(error)
        sys.exit(FAILED)
    except JournalError as error:
        complain(f"{error} --data DIR names another folder.")
        sys.exit(CONNECTION)
    told = _told(story, folder, is_whole=is_whole, with_prompt=with_prompt)
    echo_json(document(told)) if as_json else echo_story(told)


def _find(connection: sqlite3.Connection, typed: str) -> Story:
    """
    Return the story of the generation that is meant.

    Raises:
        NotFound: There is none, or more than one, or it was forgotten.
    """
    from safelight.engines.sqlite import reads
    from safelight.errors import Gone, NotFound

    if not _MIN_TYPED <= len(typed) <= 32 or not set(typed) <= set("0123456789abcdef"):
        raise NotFound(f"'{typed}' is not the id of a generation, nor four or more digits of its beginning.")
    found = reads.ids(connection, typed, _SHOWN)
    if not found:
        raise NotFound(f"No generation of this journal begins with '{typed}'.")
    if len(found) > 1:
        raise NotFound(f"More than one generation begins with '{typed}': {', '.join(one[:12] for one in found)}.")
    story = reads.story(connection, found[0])
    if story is None:
        stone = reads.tombstone(connection, found[0])
        raise Gone(f"{_forgotten(found[0], stone)} Nothing is left of it but that.")
    return story


def _forgotten(generation_id: str, stone: Tombstone | None) -> str:
    when = "" if stone is None else f" on {stone.forgotten_at.astimezone():%Y-%m-%d at %H:%M:%S}"
    return f"The generation {generation_id} was forgotten{when}, by its owner or because its time was over."


def _told(story: Story, folder: Path, *, is_whole: bool, with_prompt: bool) -> Told:
    from datetime import UTC, datetime

    from safelight.cli.stories.happenings import happenings
    from safelight.cli.stories.masking import masked
    from safelight.cli.stories.outputs import held
    from safelight.cli.stories.paper import Told
    from safelight.cli.stories.verdict import judge
    from safelight.redaction import Quoted, redactor
    from safelight.whereabouts import find

    outputs = held(story, folder)
    quoted = Quoted("" if with_prompt else story.generation.request.prompt)
    story = masked(story, lambda text: quoted.masked(redactor.text(text)))
    return Told(
        story=story,
        happened=[one for one in happenings(story) if is_whole or not one.is_minor],
        outputs=outputs,
        verdict=judge(
            story, now=datetime.now(UTC), is_served=find(folder) is not None, missing=sum(one.file is None for one in outputs)
        ),
        with_prompt=with_prompt,
    )
