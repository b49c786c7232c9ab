"""A story without what must not be shown: what providers said in words may quote the prompt, and may hold a secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from safelight.ports import Entry, Story
from safelight.records import AttemptRecord, LateRecord, Record, StatusRecord
from safelight.redaction import redactor
from safelight.status import Status


def masked(story: Story, mask: Callable[[str], str]) -> Story:
    """Return the story with every sentence of a provider masked."""

    def said(text: str | None) -> str | None:
        return None if text is None else mask(text)

    def of_status(status: Status) -> Status:
        attempt = status.attempt and attrs.evolve(status.attempt, reason=said(status.attempt.reason))
        steps = status.steps and attrs.evolve(status.steps, label=said(status.steps.label))
        return attrs.evolve(status, error=said(status.error), message=said(status.message), attempt=attempt, steps=steps)

    def of_record(record: Record) -> Record:
        match record:
            case StatusRecord(status=status):
                return StatusRecord(status=of_status(status))
            case AttemptRecord():
                return attrs.evolve(record, detail=said(record.detail))
            case LateRecord(facts=facts):
                return attrs.evolve(record, facts=_each(redactor.value(facts), mask))

    entries = tuple(Entry(at=entry.at, record=of_record(entry.record)) for entry in story.entries)
    return attrs.evolve(story, entries=entries)


def _each(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {name: _each(inner, mask) for name, inner in value.items()}
    return mask(value) if isinstance(value, str) else value
