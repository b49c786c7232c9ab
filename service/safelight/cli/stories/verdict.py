"""What a story comes to: how it ended, whether money may be gone and why that is thought, what can be done now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import attrs

from safelight.cli.showing.words import duration
from safelight.cli.stories.jobs import job_told
from safelight.ports import Story
from safelight.records import AttemptRecord, Bill, Durability, Ground, LateRecord, Step, bills, worst
from safelight.status import Charged, Outcome, Status

_SAME_AGAIN = frozenset({"invalid_input", "content_policy", "provider_rejected"})
_MEND = {
    "provider_auth": "Mend the credentials of '{0}'; until then it refuses everybody.",
    "provider_quota": "Look at the account of '{0}': its quota or its credit is used up.",
}
_MONEY = {
    Charged.NO: "Nothing was charged.",
    Charged.YES: "It was charged.",
    Charged.UNKNOWN: "It may have been charged.",
}


@attrs.frozen(kw_only=True)
class Verdict:
    """
    What a story comes to, in sentences.

    Attributes:
        ended: How it ended, or how far it is.
        charged: Whether money may be gone, with all that is known by now.
        money: That, and what it is judged by.
        advice: What can be done now.
    """

    ended: str
    charged: Charged
    money: tuple[str, ...]
    advice: tuple[str, ...]


def judge(story: Story, *, now: datetime, is_served: bool, missing: int) -> Verdict:
    """
    Judge a story.

    Args:
        is_served: Whether a service runs that would go on with it.
        missing: How many of its outputs are not where they should be.
    """
    status = story.statuses[-1]
    late = {record.n: Charged(record.facts["charged"]) for record in _late(story) if record.facts.get("charged")}
    judged = bills(story.attempts)
    verdict = worst(late.get(bill.n, bill.charged) for bill in judged)
    money = [_MONEY[verdict], *(_reason(story, bill) for bill in judged), *_late_sentences(story)]
    if cost := status.cost:
        money.append(f"It cost {cost.amount:g} {cost.currency}{', by estimate' * cost.estimated}, the provider says.")
    if status.is_terminal and status.charged not in {None, verdict}:
        money.append(f"The last snapshot says charged: {status.charged}; it was written before that was known.")
    advice = _after_the_end(story, status, verdict, judged) if status.is_terminal else _before(story, status, now, is_served)
    lost = [f"{missing} of its outputs cannot be found in the data folder."] if missing else []
    return Verdict(ended=_ended(status, now), charged=verdict, money=tuple(money), advice=(*advice, *lost))


def _ended(status: Status, now: datetime) -> str:
    if not status.is_terminal:
        late = status.deadline_at is not None and now > status.deadline_at
        return "It has not ended, though its time is over." if late else f"It has not ended: it is {status.phase}."
    seconds = ((status.ended_at or status.created_at) - status.created_at).total_seconds()
    if status.outcome is Outcome.SUCCEEDED:
        count = len(status.outputs)
        return f"It succeeded after {duration(seconds)}, with {count} output{'s' * (count != 1)}."
    reason = f": {status.error}" if status.error and status.outcome is not Outcome.CANCELED else "."
    return f"It ended as {status.outcome} after {duration(seconds)}{reason}"


def _reason(story: Story, bill: Bill) -> str:
    """Say which fact decides about one attempt."""
    said = {Charged.NO: "cost nothing", Charged.YES: "was charged", Charged.UNKNOWN: "may have been charged"}
    whom = f"'{bill.provider}'"
    facts = {
        Ground.SAID: f"{said[bill.charged]}: {whom} said so.",
        Ground.INSIDE: "ran inside the service, which costs nothing.",
        Ground.NOT_SENT: f"was never sent to {whom}.",
        Ground.REFUSED: f"was refused by {whom}, which costs nothing.",
        Ground.UNSAVED: f"was finished by {whom}, which has to be paid for, and what it made could not be saved here.",
        Ground.UNANSWERED: f"was handed in to {whom}, and no answer is known: it may have arrived, and may have been paid for.",
        Ground.UNTOLD: f"was taken by {whom} as job {_job_of(story, bill.n)}, which has not said whether it charged for it.",
    }
    return f"Attempt {bill.n} {facts[bill.ground]}"


def _late_sentences(story: Story) -> Iterator[str]:
    for record in _late(story):
        said = record.facts.get("charged")
        if record.kind == "Succeeded" or said:
            money = f", charged: {said}" if said else ""
            yield f"After its end, attempt {record.n} was heard to have {_HEARD.get(record.kind, 'ended')}{money}."


_HEARD = {"Succeeded": "succeeded", "Failed": "failed", "Canceled": "been canceled"}


def _before(story: Story, status: Status, now: datetime, is_served: bool) -> Iterator[str]:  # noqa: FBT001 - as in `judge`
    if not is_served:
        newest = story.attempts[-1]
        yield f"No service runs on this data folder. Start one, and it {_at_start(newest)}."
    elif status.deadline_at is not None and now > status.deadline_at:
        yield "The service that runs should have ended it: look into its log."
    else:
        until = "" if status.deadline_at is None else f", and ends by {_clock(status.deadline_at)} at the latest"
        yield f"It is being worked on{until}: 'safelight watch {status.generation[:8]}' shows it."


def _at_start(newest: AttemptRecord) -> str:
    if newest.step is Step.OUTCOME:
        return "makes the next attempt"
    if newest.step is Step.QUEUED:
        return "waits for its turn again"
    if newest.durability is not Durability.REMOTE:
        return "ends this as interrupted, or runs it again where 'rerun_interrupted' allows it"
    if newest.step is Step.ACCEPTED:
        return f"watches the job {job_told(newest.job)[0]} of '{newest.provider}' on"
    return f"asks '{newest.provider}' what became of the submission; where that cannot be asked, it ends this as unknown"


def _after_the_end(story: Story, status: Status, verdict: Charged, judged: list[Bill]) -> Iterator[str]:
    if status.outcome is Outcome.SUCCEEDED:
        yield "There is nothing to do."
        return
    for bill in judged:
        if verdict is Charged.UNKNOWN and bill.charged is Charged.UNKNOWN:
            yield _where_to_ask(story, bill)
    if status.outcome is Outcome.CANCELED:
        return
    provider = status.attempt.provider if status.attempt else status.provider
    if (mend := _MEND.get(status.code or "")) is not None:
        yield mend.format(provider)
    elif status.code in _SAME_AGAIN:
        yield "The same request would be refused again: something in it has to change."
    elif status.retryable is False and status.outcome is not Outcome.UNKNOWN:
        yield "The same request would probably fail again."
    elif verdict is Charged.NO:
        yield "Asking again costs nothing twice."
    else:
        yield "Asking again may be paid for again."


def _where_to_ask(story: Story, bill: Bill) -> str:
    """Say by what the provider may be asked about an attempt."""
    whom = f"'{bill.provider}'"
    if bill.ground is Ground.UNTOLD:
        return f"Ask {whom} what it took for its job {_job_of(story, bill.n)}."
    intent = next(record for record in reversed(story.attempts) if record.n == bill.n and record.step is Step.INTENT)
    return f"Ask {whom} for a job with the key {intent.key}, or for one of {_clock(intent.at)}."


def _job_of(story: Story, n: int) -> str:
    job = next((record.job for record in story.attempts if record.n == n and record.job is not None), None)
    return job_told(job)[0]


def _clock(at: datetime) -> str:
    return f"{at.astimezone():%H:%M:%S}"


def _late(story: Story) -> list[LateRecord]:
    return [entry.record for entry in story.entries if isinstance(entry.record, LateRecord)]
