"""Where the outputs that a story names are in the data folder, and whether they are there."""

from __future__ import annotations

from pathlib import Path

import attrs

from safelight.ports import Story
from safelight.records import LateRecord
from safelight.status import Output


@attrs.frozen(kw_only=True)
class Held:
    """
    An output and its file.

    Attributes:
        file: Where it is, None where it is not.
        is_late: Whether it came after the end, so that no snapshot names it.
    """

    output: Output
    file: Path | None
    is_late: bool


def held(story: Story, folder: Path) -> list[Held]:
    """Return every output of the story, the ones that came late last."""
    statuses = story.statuses
    found = [(output, False) for output in statuses[-1].outputs]
    for entry in story.entries:
        if isinstance(entry.record, LateRecord) and (facts := entry.record.facts.get("output")):
            output = Output(**{field.name: facts.get(field.name) for field in attrs.fields(Output)})
            found += [] if (output, False) in found else [(output, True)]
    place = folder / "outputs" / story.generation.id
    return [Held(output=output, file=_file(place, output), is_late=is_late) for output, is_late in found]


def _file(place: Path, output: Output) -> Path | None:
    """A file is named after the last part of its URL, and its digest."""
    stem, _, extension = output.url.rpartition("/")[2].partition(".")
    file = place / f"{stem}-{output.sha256}.{extension}"
    return file if file.is_file() else None
