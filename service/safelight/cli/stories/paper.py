"""A story for people: lines of at most a hundred columns, coloured where somebody looks at them."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import attrs
import click

from safelight.cli.failing import printable
from safelight.cli.pictures.detecting import is_interactive
from safelight.cli.showing.words import duration
from safelight.cli.stories.happenings import Happening, Tone, facts_of
from safelight.cli.stories.outputs import Held
from safelight.cli.stories.verdict import Verdict
from safelight.generation import Surface
from safelight.ports import Story
from safelight.status import Charged

_COLORS = {Tone.PLAIN: None, Tone.GOOD: "green", Tone.BAD: "red", Tone.DOUBT: "yellow"}
_MONEY = {Charged.NO: "green", Charged.YES: "red", Charged.UNKNOWN: "yellow"}
_SURFACES = {Surface.V1: "/v1", Surface.SEED: "/api/generation"}
_COLUMNS = 80
_WIDEST = 100
_INDENT = 28
_LABEL = 12


@attrs.frozen(kw_only=True)
class Told:
    """Everything that is printed of a story."""

    story: Story
    happened: Sequence[Happening]
    outputs: Sequence[Held]
    verdict: Verdict
    with_prompt: bool


def echo_story(told: Told) -> None:
    """Print it."""
    color = None if is_interactive() and not os.environ.get("NO_COLOR") else False
    columns = min(shutil.get_terminal_size().columns, _WIDEST) if sys.stdout.isatty() else _COLUMNS
    for line in _lines(told, columns):
        click.echo(line, color=color)


def _lines(told: Told, columns: int) -> Iterator[str]:
    status = told.story.statuses[-1]
    title = str(status.outcome or status.phase)
    yield f"{click.style(status.generation, bold=True)}  {title}, charged: {_money(told.verdict.charged)}"
    yield ""
    for label, text in _asked(told):
        yield from _labeled(label, text, columns)
    yield ""
    yield from _happened(told, columns)
    if told.outputs:
        yield ""
        yield from _outputs(told.outputs)
    yield ""
    yield from _labeled("end", told.verdict.ended, columns)
    for label, sentences in (("money", told.verdict.money), ("now", told.verdict.advice)):
        for first, sentence in _marked(sentences):
            yield from _labeled(label if first else "", sentence, columns)


def _asked(told: Told) -> Iterator[tuple[str, str]]:
    generation, status = told.story.generation, told.story.statuses[-1]
    created = generation.created_at.astimezone()
    yield "asked", f"{created:%Y-%m-%d %H:%M:%S %Z} of '{generation.provider}', over {_SURFACES[generation.surface]}"
    if generation.route not in {(), (generation.provider,)}:
        yield "route", ", ".join(generation.route)
    if generation.request.model:
        yield "model", generation.request.model
    if generation.ref:
        yield "ref", generation.ref
    prompt = generation.request.prompt
    yield "prompt", prompt if told.with_prompt else f"{len(prompt)} characters (--prompt shows it)"
    if told.with_prompt:
        given = {**generation.request.params, **generation.request.options}
        if given:
            yield "with", ", ".join(f"{name} = {value!r}" for name, value in given.items())
    if status.deadline_at is not None:
        policy = generation.policy
        limits = f"{duration(policy.total_seconds)}, and {duration(policy.cancel_seconds)} for a cancel"
        yield "ends by", f"{status.deadline_at.astimezone():%Y-%m-%d %H:%M:%S} ({limits})"


def _happened(told: Told, columns: int) -> Iterator[str]:
    day = told.story.generation.created_at.astimezone().date()
    for one in told.happened:
        at = None if one.at is None else one.at.astimezone()
        if at is not None and at.date() != day:
            day = at.date()
            yield click.style(f"{day:%Y-%m-%d}", dim=True)
        yield from _happening(one, at, one.text, columns)


def _happening(one: Happening, at: datetime | None, text: str, columns: int) -> Iterator[str]:
    clock = "" if at is None else f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"
    label = "" if one.attempt is None else f"attempt {one.attempt}"
    first, *more = _wrapped(text, columns - _INDENT)
    color = _COLORS[one.tone]
    yield f"{click.style(f'{clock:<12}', dim=True)}  {label:<{_LABEL}}  {click.style(first, fg=color)}"
    for line in more:
        yield f"{'':{_INDENT}}{click.style(line, fg=color)}"


def _outputs(outputs: Sequence[Held]) -> Iterator[str]:
    """Say where they are; a path is to be copied, so it is never broken."""
    for n, one in enumerate(outputs, 1):
        late = ", came after the end" if one.is_late else ""
        yield f"{click.style(f'output {n}'.ljust(_LABEL), bold=True)}  {facts_of(one.output)}{late}"
        yield f"{'':{_LABEL + 2}}{printable(str(one.file)) if one.file else click.style('is not where it was kept', fg='red')}"


def _labeled(label: str, text: str, columns: int) -> Iterator[str]:
    for first, line in _marked(_wrapped(text, columns - _LABEL - 2)):
        yield f"{click.style((label if first else '').ljust(_LABEL), bold=True)}  {line}"


def _wrapped(text: str, columns: int) -> list[str]:
    return textwrap.wrap(printable(text), max(columns, 20), break_long_words=False, break_on_hyphens=False) or [""]


def _marked(items: Iterable[str]) -> Iterator[tuple[bool, str]]:
    for n, item in enumerate(items):
        yield n == 0, item


def _money(charged: Charged) -> str:
    return click.style(charged.value, fg=_MONEY[charged])
