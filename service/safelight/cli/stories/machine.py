"""A story for machines: one JSON object."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from safelight.cli.stories.jobs import job_told
from safelight.cli.stories.paper import Told
from safelight.codec import instant, plain, status_to_wire
from safelight.records import AttemptRecord, Bill, LateRecord, Step, bills


def as_json(told: Told) -> dict[str, Any]:
    """Return what is printed of it, and the facts behind it."""
    story, verdict = told.story, told.verdict
    attempts = groupby(story.attempts, key=lambda record: record.n)
    judged = {bill.n: bill for bill in bills(story.attempts)}
    return {
        "generation": _asked(told),
        "status": status_to_wire(story.statuses[-1]),
        "happened": [plain(one) for one in told.happened],
        "attempts": [_attempt(list(steps), judged[n]) for n, steps in attempts],
        "late": [_late(entry.record) for entry in story.entries if isinstance(entry.record, LateRecord)],
        "outputs": [
            {**plain(one.output), "file": None if one.file is None else str(one.file.absolute()), "isLate": one.is_late}
            for one in told.outputs
        ],
        "verdict": plain(verdict),
    }


def _asked(told: Told) -> dict[str, Any]:
    generation = told.story.generation
    request = generation.request
    facts = {
        "sessionId": generation.id,
        "providerId": generation.provider,
        "route": list(generation.route),
        "model": request.model,
        "ref": generation.ref,
        "owner": generation.owner,
        "surface": generation.surface.value,
        "createdAt": instant(generation.created_at),
        "policy": plain(generation.policy),
    }
    if told.with_prompt:
        facts |= {"prompt": request.prompt, "params": request.params, "options": request.options}
    return _without_none(facts)


def _attempt(steps: list[AttemptRecord], bill: Bill) -> dict[str, Any]:
    newest = steps[-1]
    at = {record.step: instant(record.at) for record in steps}
    job = next((record.job for record in steps if record.job is not None), None)
    name, hosts = job_told(job)
    return _without_none(
        {
            "n": newest.n,
            "provider": newest.provider,
            "durability": newest.durability.value,
            "key": newest.key,
            "job": None if job is None else {"id": name, "hosts": hosts},
            "queuedAt": at.get(Step.QUEUED),
            "intentAt": at.get(Step.INTENT),
            "acceptedAt": at.get(Step.ACCEPTED),
            "endedAt": at.get(Step.OUTCOME),
            "result": newest.result,
            "detail": newest.detail,
            "nextAt": None if newest.next_at is None else instant(newest.next_at),
            "charged": bill.charged.value,
            "ground": bill.ground.value,
        }
    )


def _late(record: LateRecord) -> dict[str, Any]:
    return {"n": record.n, "at": instant(record.at), "kind": record.kind, "facts": record.facts}


def _without_none(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}
