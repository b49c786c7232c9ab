"""What happened to a generation, one thing after the other, as its journal tells it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby

import attrs

from safelight.cli.showing.words import amount, duration
from safelight.cli.stories.jobs import job_told
from safelight.ports import Entry, Story
from safelight.records import AttemptRecord, LateRecord, StatusRecord, Step
from safelight.status import Cancel, Charged, Output, Phase, Status


class Tone(StrEnum):
    """How a thing is to be taken."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    DOUBT = "doubt"


@attrs.frozen(kw_only=True)
class Happening:
    """
    One thing that happened.

    Attributes:
        at: When it was written down, None where that was not noted.
        kind: A word for machines.
        text: What it was, for people.
        attempt: The attempt it belongs to.
        is_minor: Whether it is one of the many steps on the way that matter to few.
    """

    at: datetime | None
    kind: str
    text: str
    attempt: int | None = None
    tone: Tone = Tone.PLAIN
    is_minor: bool = False


_RESULTS = {"not_sent": "never sent", "rejected": "refused", "unknown": "fate unknown", "unsaved": "succeeded, and not saved"}
_RESULT_TONES = {"succeeded": Tone.GOOD, "unknown": Tone.DOUBT, "interrupted": Tone.DOUBT}
_CANCELS = {
    Cancel.REQUESTED: "a cancel was asked for",
    Cancel.CONFIRMED: "the cancel is confirmed: nothing runs any more",
    Cancel.TOO_LATE: "the cancel came too late",
    Cancel.UNSUPPORTED: "the provider cannot cancel: it goes on",
}
_PHASES = {
    Phase.QUEUED: "queued",
    Phase.SUBMITTING: "being handed in",
    Phase.WAITING: "waits to be worked on",
    Phase.RUNNING: "is worked on",
    Phase.SAVING: "finished at the provider, its outputs are being kept",
    Phase.PAUSED: "held still",
}


def happenings(story: Story) -> list[Happening]:
    """Return everything that happened, in the order it was written."""
    told: list[Happening] = []
    before: Status | None = None
    detail: str | None = None
    for together in _written_together(story.entries):
        epoch = max((it.record.status.version.epoch for it in together if isinstance(it.record, StatusRecord)), default=0)
        if before is not None and epoch > before.version.epoch:
            told.append(_taken_over(story, epoch))
        for entry in together:
            match entry.record:
                case StatusRecord(status=status):
                    told += _of_status(entry.at, status, before, detail)
                    before = status
                case AttemptRecord():
                    told.append(_of_attempt(entry.at, entry.record))
                    detail = entry.record.detail
                case LateRecord():
                    told.append(_of_late(entry.at, entry.record))
    if before is not None and story.epoch > before.version.epoch:
        told.append(_taken_over(story, story.epoch))
    return told


def _written_together(entries: tuple[Entry, ...]) -> Iterator[list[Entry]]:
    """Yield what was written at once: the steps of an attempt before the snapshot that follows from them, but for the first."""
    is_first = True
    for _, group in groupby(enumerate(entries), key=lambda it: it[1].at or it[0]):
        written = [entry for _, entry in group]
        yield written if is_first else sorted(written, key=lambda it: isinstance(it.record, StatusRecord))
        is_first = False


def _of_status(at: datetime | None, status: Status, before: Status | None, detail: str | None) -> Iterator[Happening]:
    if before is None:
        at = at or status.created_at
        attempt = status.attempt
        most = "" if attempt is None else f", {attempt.of} attempt{'s' * (attempt.of > 1)} at most"
        yield Happening(at=at, kind="created", text=f"asked of '{status.provider}'{most}")
        return
    changes = list(_changes(at, status, before))
    yield from changes
    if status.is_terminal:
        yield _end(at or status.ended_at, status, is_said=status.error == detail)
    elif not changes:
        yield Happening(at=at, kind="progress", text=_progress(status), is_minor=True)


def _changes(at: datetime | None, status: Status, before: Status) -> Iterator[Happening]:
    number = status.attempt.n if status.attempt else None
    if status.phase is not before.phase and status.phase is not Phase.FINISHED:
        is_handing_in = status.phase is Phase.SUBMITTING  # of which the intent beside it says more
        text = "goes on, " * (before.phase is Phase.PAUSED) + _PHASES[status.phase] + _place(status)
        yield Happening(at=at, kind="phase", text=text, attempt=number, is_minor=is_handing_in)
    for n, output in enumerate(status.outputs[len(before.outputs) :], len(before.outputs) + 1):
        yield Happening(at=at, kind="output", text=f"output {n} kept: {facts_of(output)}", attempt=number, tone=Tone.GOOD)
    if status.cancel is not before.cancel and status.cancel is not None:
        yield Happening(at=at, kind="cancel", text=_CANCELS[status.cancel])
    for extra in status.degraded[len(before.degraded) :]:
        yield Happening(at=at, kind="degraded", text=f"goes on without {extra}, which failed", tone=Tone.DOUBT)


def _of_attempt(at: datetime | None, record: AttemptRecord) -> Happening:
    at = at or record.at
    match record.step:
        case Step.QUEUED:
            text = f"waits for its turn at '{record.provider}'; nothing is handed in yet"
            return Happening(at=at, kind="queued", text=text, attempt=record.n)
        case Step.INTENT:
            text = f"to be handed in at '{record.provider}' ({record.durability}), key {record.key[:8]}…"
            return Happening(at=at, kind="intent", text=text, attempt=record.n)
        case Step.ACCEPTED:
            return Happening(at=at, kind="accepted", text=f"taken by '{record.provider}' {_job(record)}", attempt=record.n)
        case Step.OUTCOME:
            result = str(record.result)
            money = "" if record.charged is None else f", charged: {record.charged}"
            detail = "" if record.detail is None or result == "canceled" else f": {record.detail}"
            text = f"{_RESULTS.get(result, result.replace('_', ' '))}{money}{detail}{_next(record)}"
            tone = _RESULT_TONES.get(result, Tone.BAD)
            return Happening(at=at, kind="outcome", text=text, attempt=record.n, tone=tone)


def _of_late(at: datetime | None, record: LateRecord) -> Happening:
    facts = record.facts
    said = [f"after its end: {record.kind.lower()}"]
    if facts.get("charged"):
        said.append(f"charged: {facts['charged']}")
    if cost := facts.get("cost"):
        said.append(f"{cost['amount']:g} {cost['currency']}")
    if output := facts.get("output"):
        said.append(
            facts_of(Output(**{name: output.get(name) for name in ("url", "type", "bytes", "sha256", "width", "height")}))
        )
    text = ", ".join(said) + (f": {facts['error']}" if facts.get("error") else "")
    return Happening(at=at or record.at, kind="late", text=text, attempt=record.n, tone=Tone.DOUBT)


def _taken_over(story: Story, epoch: int) -> Happening:
    """Tell a claim by its epoch, which is the second it was made in; by whom is known of the newest alone."""
    whom = f"process {story.claimed_by}" if epoch == story.epoch else "another process"
    text = f"taken over by {whom}, after the one before had stopped"
    return Happening(at=datetime.fromtimestamp(epoch, UTC), kind="taken_over", text=text, tone=Tone.DOUBT)


def _end(at: datetime | None, status: Status, *, is_said: bool) -> Happening:
    """Tell the end; a reason that the attempt's outcome has said stands right above it."""
    outcome = str(status.outcome or status.state)
    money = "" if status.charged is None else f", charged: {status.charged}"
    reason = "" if status.error is None or is_said or outcome == "canceled" else f": {status.error}"
    is_doubtful = status.charged is not Charged.NO and outcome != "succeeded"
    tone = Tone.GOOD if outcome == "succeeded" else Tone.DOUBT if is_doubtful else Tone.BAD
    return Happening(at=at, kind="ended", text=f"{outcome}{money}{reason}", tone=tone)


def facts_of(output: Output) -> str:
    """Return what an output is."""
    size = f"{output.width} x {output.height} " if output.width else ""
    return f"{size}{output.type.rpartition('/')[2].upper()}, {amount(output.bytes)}"


def _progress(status: Status) -> str:
    percent = "" if status.progress is None else f"{status.progress} %"
    return ", ".join(filter(None, [percent, status.message])) or str(status.phase)


def _place(status: Status) -> str:
    if status.phase is not Phase.QUEUED or status.queue is None:
        return ""
    of = f" of {status.queue.size}" if status.queue.size else ""
    return f", place {status.queue.position + 1}{of}"


def _job(record: AttemptRecord) -> str:
    name, hosts = job_told(record.job)
    return f"as job {name}" + (f" at {', '.join(hosts)}" if hosts else "")


def _next(record: AttemptRecord) -> str:
    if record.next_provider is None:
        return ""
    who = "again" if record.next_provider == record.provider else f"'{record.next_provider}' is next"
    seconds = 0.0 if record.next_at is None else (record.next_at - record.at).total_seconds()
    return f" ({who}{f' in {duration(seconds)}' if seconds > 0 else ', at once'})"
