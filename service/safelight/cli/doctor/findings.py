"""What an examination found, and how it is told."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import attrs
import click

from safelight.cli.failing import printable


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    NOTE = "note"
    FAULT = "fault"


@attrs.frozen
class Finding:
    """
    One thing that was looked at.

    Attributes:
        subject: What was looked at, in a word.
        verdict: How bad it is.
        sentence: What was found.
        remedy: Lines that mend it, to be copied as they stand.
    """

    subject: str
    verdict: Verdict
    sentence: str
    remedy: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return {**attrs.asdict(self), "verdict": self.verdict.value, "remedy": list(self.remedy)}

    def echo(self) -> None:
        """Print it for people."""
        color = {Verdict.OK: "green", Verdict.NOTE: "yellow", Verdict.FAULT: "red"}[self.verdict]
        click.echo(f"{click.style(f'{self.verdict:<5}', fg=color)}  {self.subject:<12}  {printable(self.sentence)}")
        for line in self.remedy:
            click.echo(f"{'':21}{line}")


def ok(subject: str, sentence: str) -> Finding:
    """Return that it is well."""
    return Finding(subject, Verdict.OK, sentence)


def note(subject: str, sentence: str, *remedy: str) -> Finding:
    """Return that it may matter to some."""
    return Finding(subject, Verdict.NOTE, sentence, remedy)


def fault(subject: str, sentence: str, *remedy: str) -> Finding:
    """Return that it has to be mended."""
    return Finding(subject, Verdict.FAULT, sentence, remedy)
