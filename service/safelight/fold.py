"""The pure function `fold`: the only place where a status moves, and every rule about how it may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from safelight.errors import one_sentence
from safelight.status import Cancel, Charged, Outcome, Output, Phase, Preview, Queue, State, Status
from safelight.updates import (
    Attempted,
    Canceled,
    CancelMoved,
    Degraded,
    Ended,
    Failed,
    Moved,
    Noted,
    Previewed,
    Produced,
    Progressed,
    Queued,
    Started,
    Stood,
    Succeeded,
    Update,
)

_STATE_OF_PHASE = {Phase.RUNNING: State.PROCESSING, Phase.SAVING: State.PROCESSING}
_PHASE_ORDER = (Phase.QUEUED, Phase.SUBMITTING, Phase.WAITING, Phase.RUNNING, Phase.SAVING)
_WAITING_PHASES = frozenset({Phase.QUEUED, Phase.SUBMITTING, Phase.WAITING})
_ALMOST = 99


def fold(status: Status, update: Update, at: datetime) -> Status:
    """
    Return what `status` becomes when `update` arrives at `at`.

    The same object back means that the update changed nothing: it was late, repeated, out of order or of an
    unknown kind. The version is left alone: the journal gives it out.
    """
    if status.is_terminal:
        return status
    changed = _RULES[type(update)](update, status, at)
    return status if changed is status or changed == status else changed


_Rule = Callable[[Any, Status, datetime], Status]


class _Rules(dict[type, _Rule]):
    """The rule for each kind of update; what is found out of a kind that is another's is remembered."""

    def __missing__(self, kind: type) -> _Rule:
        rule = self[kind] = next((self[base] for base in kind.__mro__[1:] if base in self), _unknown)
        return rule


_RULES = _Rules()


def _unknown(update: Update, status: Status, at: datetime) -> Status:  # noqa: ARG001 - a rule like the others
    return status


def _rule(kind: type[Update]) -> Callable[[_Rule], _Rule]:
    def keep(rule: _Rule) -> _Rule:
        _RULES[kind] = rule
        return rule

    return keep


@_rule(Attempted)
def _attempted(update: Attempted, status: Status, at: datetime) -> Status:  # noqa: ARG001
    """A later attempt starts over, but what was shown does not go back: it is left out until it is passed."""
    if status.attempt and update.attempt.n <= status.attempt.n:
        return status
    fresh = status.but(
        attempt=update.attempt,
        phase=Phase.SUBMITTING,
        progress=None,
        steps=None,
        queue=None,
        eta=None,
        message=None,
    )
    return fresh.but(state=State.PROCESSING) if update.attempt.n > 1 else fresh


@_rule(Moved)
def _moved(update: Moved, status: Status, at: datetime) -> Status:
    return _enter(status, update.phase, at)


@_rule(Queued)
def _queued(update: Queued, status: Status, at: datetime) -> Status:  # noqa: ARG001
    if status.phase not in _WAITING_PHASES:
        return status
    queue = None if update.position is None else Queue(update.position, update.size)
    return status.but(phase=Phase.QUEUED, queue=queue)


@_rule(Stood)
def _stood(update: Stood, status: Status, at: datetime) -> Status:  # noqa: ARG001
    """An attempt that failed may have been further on: the next one begins at the end of a queue."""
    return status.but(phase=Phase.QUEUED, queue=Queue(update.position, update.size))


@_rule(Started)
def _started(update: Started, status: Status, at: datetime) -> Status:
    return _say(_work(status, at), update.message)


@_rule(Progressed)
def _progressed(update: Progressed, status: Status, at: datetime) -> Status:
    running = _work(status, at)
    moved: dict[str, Any] = {} if update.message is None else {"message": _said(update.message)}
    percent = _percent(update)
    if percent is None or percent >= status.progress_floor:
        if percent is not None:
            moved |= {"progress": percent, "progress_floor": percent}
        if update.steps is not None:
            moved["steps"] = update.steps
        if update.eta is not None:
            moved["eta"] = update.eta
    return running.but(**moved) if moved else running


@_rule(Previewed)
def _previewed(update: Previewed, status: Status, at: datetime) -> Status:
    if not isinstance(update.content, Preview):
        return status
    return _work(status, at).but(preview=update.content)


@_rule(Produced)
def _produced(update: Produced, status: Status, at: datetime) -> Status:
    if not isinstance(update.content, Output) or update.content in status.outputs:
        return status
    return _work(status, at).but(outputs=(*status.outputs, update.content))


@_rule(Noted)
def _noted(update: Noted, status: Status, at: datetime) -> Status:  # noqa: ARG001
    return _say(status, update.message)


@_rule(CancelMoved)
def _cancel_moved(update: CancelMoved, status: Status, at: datetime) -> Status:  # noqa: ARG001
    if status.cancel not in {None, Cancel.REQUESTED}:
        return status
    return status.but(cancel=update.cancel)


@_rule(Degraded)
def _degraded(update: Degraded, status: Status, at: datetime) -> Status:  # noqa: ARG001
    return status if update.extra in status.degraded else status.but(degraded=(*status.degraded, update.extra))


@_rule(Succeeded)
def _succeeded(update: Succeeded, status: Status, at: datetime) -> Status:
    if not status.outputs:
        charged = update.charged or status.charged
        return _end(status, at, Outcome.FAILED, "The provider finished without an output.", "empty_output", True, charged)  # noqa: FBT003
    return _end(status, at, Outcome.SUCCEEDED, None, None, None, update.charged).but(
        progress=100,
        cost=update.cost or status.cost,
        cancel=Cancel.TOO_LATE if status.cancel is Cancel.REQUESTED else status.cancel,
    )


@_rule(Failed)
def _failed(update: Failed, status: Status, at: datetime) -> Status:
    return _end(status, at, Outcome.FAILED, update.error, update.code, update.retryable, update.charged)


@_rule(Canceled)
def _canceled(update: Canceled, status: Status, at: datetime) -> Status:
    ended = _end(status, at, Outcome.CANCELED, "Canceled", "canceled", False, update.charged)  # noqa: FBT003
    return ended.but(cancel=Cancel.CONFIRMED if status.cancel is Cancel.REQUESTED else status.cancel)


@_rule(Ended)
def _ended(update: Ended, status: Status, at: datetime) -> Status:
    return _end(status, at, update.outcome, update.error, update.code, update.retryable, update.charged)


def _work(status: Status, at: datetime) -> Status:
    """Note that the provider is at work; what was still on its way when it was held still does not let it go on."""
    worked = _enter(status, Phase.RUNNING, at)
    return worked.but(phase=Phase.PAUSED) if status.phase is Phase.PAUSED else worked


def _enter(status: Status, phase: Phase, at: datetime) -> Status:
    """Move to `phase` unless that were a step back; holding still is left for any."""
    if phase is status.phase:
        return status
    if phase is Phase.PAUSED:
        return status.but(phase=phase)
    if status.phase is not Phase.PAUSED and _PHASE_ORDER.index(phase) <= _PHASE_ORDER.index(status.phase):
        return status
    state = _STATE_OF_PHASE.get(phase, status.state)
    is_first_work = state is State.PROCESSING and status.started_at is None
    return status.but(
        phase=phase,
        state=state if status.state is State.STARTED else status.state,
        queue=None,
        started_at=max(at, status.created_at) if is_first_work else status.started_at,
    )


def _end(  # the whole ending at once, so that no rule forgets a field
    status: Status,
    at: datetime,
    outcome: Outcome,
    error: str | None,
    code: str | None,
    retryable: bool | None,  # noqa: FBT001
    charged: Charged | None,
) -> Status:
    return status.but(
        state=State.SUCCEEDED if outcome is Outcome.SUCCEEDED else State.FAILED,
        phase=Phase.FINISHED,
        outcome=outcome,
        error=None if error is None else one_sentence(error) or "The provider gave no reason.",
        code=code,
        retryable=retryable,
        charged=charged or status.charged,
        message=None,
        queue=None,
        eta=None,
        ended_at=max(at, status.started_at or status.created_at),
    )


def _say(status: Status, message: str | None) -> Status:
    return status if message is None else status.but(message=_said(message))


def _said(message: str) -> str | None:
    return one_sentence(message) or None


def _percent(update: Progressed) -> int | None:
    """Whole percents, rounded down; 100 is kept for success."""
    fraction = update.fraction
    if fraction is None and update.steps and update.steps.total:
        fraction = min(1.0, max(0.0, update.steps.current / update.steps.total))
    return None if fraction is None else min(_ALMOST, int(fraction * 100 + 1e-9))
