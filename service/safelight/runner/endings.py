"""How a generation ends: the outcome and the words of every failure, and what a failed submission says about itself."""

from __future__ import annotations

from typing import Any

import structlog

from safelight.codec import plain
from safelight.errors import OutputRefused, SafelightError
from safelight.generation import Policy
from safelight.providers import ProviderError, Rejected
from safelight.records import AttemptRecord, Durability
from safelight.runner.attempts import Attempts
from safelight.runner.retrying import Failure
from safelight.status import Charged, Outcome, Output, Status
from safelight.updates import PROVIDER_CODES, Ended, Failed, Produced, Succeeded, Update

log = structlog.get_logger()

NOT_SENT, REJECTED, UNKNOWN, FAILED, EMPTY = "not_sent", "rejected", "unknown", "failed", "empty_output"
UNSAVED = "unsaved"
"""How an attempt came out, where the word is not the generation's own outcome. Unsaved: it succeeded, and we lost what it made."""

INTERRUPTED = Ended(
    outcome=Outcome.INTERRUPTED,
    error="The service stopped while this was running.",
    code="interrupted",
    retryable=True,
)
INTERNAL = Ended(outcome=Outcome.FAILED, error="The service failed; its log says more.", code="internal", retryable=True)
CANCELED = Ended(outcome=Outcome.CANCELED, error="Canceled", code="canceled")


def of_submission(error: ProviderError, intent: AttemptRecord) -> tuple[Ended, str]:
    """Return how a failed submission ends a generation, and the word for the attempt's outcome."""
    if error.is_sent is False:
        return of_error(error), NOT_SENT
    if error.is_sent:
        return of_error(error), REJECTED
    if intent.durability is Durability.PROCESS:
        return of_error(error), FAILED
    ended = Ended(
        outcome=Outcome.UNKNOWN,
        error=f"It is not known whether the provider took the job: {error}",
        code="outcome_unknown",
        charged=error.charged,
    )
    return ended, UNKNOWN


def failure_to_submit(error: ProviderError, result: str, *, is_unknown_retried: bool) -> Failure:
    """Return what a failed submission lets follow; one of unknown outcome only where the operator says so."""
    is_over = result != UNKNOWN or is_unknown_retried
    return Failure(
        code=_code(error),
        sentence=str(error),
        is_free=is_over and error.charged in {None, Charged.NO},
        is_definite=is_over,
        is_retryable=error.retryable or result == UNKNOWN,
        retry_after_seconds=error.retry_after_seconds,
    )


def failure_while_running(error: ProviderError, attempts: Attempts) -> Failure:
    """Return what an error after the acceptance lets follow; whether the job goes on, only a few kinds tell."""
    is_local = attempts.durability is Durability.PROCESS
    return Failure(
        code=_code(error),
        sentence=str(error),
        is_free=is_local or error.charged is Charged.NO,
        is_definite=is_local or isinstance(error, Rejected),
        is_retryable=error.retryable,
        retry_after_seconds=error.retry_after_seconds,
    )


def failure_of(update: Failed, attempts: Attempts) -> Failure:
    """Return what a failure that the provider reported lets follow."""
    is_free = attempts.durability is Durability.PROCESS or update.charged is Charged.NO
    return Failure(code=update.code, sentence=update.error, is_free=is_free, is_definite=True, is_retryable=update.retryable)


def failure_of_nothing(update: Succeeded, attempts: Attempts) -> Failure:
    """Return what a success without an output lets follow: once more, where it cost nothing."""
    is_free = attempts.durability is Durability.PROCESS or update.charged is Charged.NO
    is_first = attempts.n == 1
    return Failure(
        code="empty_output",
        sentence="The provider finished without an output.",
        is_free=is_free and is_first,
        is_definite=True,
        is_retryable=True,
    )


def failure_after_cancel(ending: Ended) -> Failure:
    """Return what follows when the upstream confirmed that it stopped because we ran out of patience."""
    return Failure(code=ending.code, sentence=ending.error, is_free=False, is_definite=True, is_retryable=False)


def of_error(error: SafelightError) -> Ended:
    """Return how an error that came while it ran ends a generation."""
    return Ended(
        outcome=Outcome.REJECTED if isinstance(error, Rejected) else Outcome.FAILED,
        error=str(error),
        code=_code(error),
        retryable=error.retryable,
        charged=error.charged if isinstance(error, ProviderError) else None,
    )


def of_total(policy: Policy) -> Ended:
    """Return the ending of a generation that took too long."""
    sentence = f"Not finished within the total deadline of {policy.total_seconds:g} s."
    return Ended(outcome=Outcome.EXPIRED, error=sentence, code="deadline_exceeded", retryable=True)


def of_saving(policy: Policy, trouble: str) -> Ended:
    """Return the ending of a generation that succeeded upstream, and whose outputs could not be saved in time."""
    sentence = f"The provider succeeded, but its outputs were not saved within the total deadline of {policy.total_seconds:g} s. {trouble}"
    return Ended(outcome=Outcome.FAILED, error=sentence, code=OutputRefused.code, retryable=True)


def of_stall(policy: Policy, trouble: str | None) -> Ended:
    """Return the ending of a generation whose provider fell silent, or could not say where it stands."""
    sentence = f"The provider showed no sign of life within the stall deadline of {policy.stall_seconds:g} s."
    sentence += f" {trouble}" if trouble else ""
    return Ended(outcome=Outcome.EXPIRED, error=sentence, code="stalled", retryable=True)


def of_queue(policy: Policy) -> Ended:
    """Return the ending of a generation that waited in the provider's queue for too long."""
    sentence = f"Still queued at the provider after the queue deadline of {policy.queue_seconds:g} s."
    return Ended(outcome=Outcome.EXPIRED, error=sentence, code="deadline_exceeded", retryable=True)


def log_end(status: Status, instance: str, ignored: int) -> None:
    """Write the one line of an ended generation."""
    ended_at = status.ended_at or status.created_at
    log.info(
        "generation_ended",
        generation=status.generation,
        provider=instance,
        outcome=status.outcome,
        code=status.code,
        charged=status.charged,
        cancel=status.cancel,
        ignored=ignored,
        seconds=round((ended_at - status.created_at).total_seconds(), 3),
    )


def late_facts(update: Update) -> dict[str, Any]:
    """Return what a late update said, as plain JSON for the journal."""
    if isinstance(update, Produced):
        return {"output": plain(update.content)} if isinstance(update.content, Output) else {}
    facts: dict[str, Any] = plain(update)
    return facts


def _code(error: SafelightError) -> str:
    """A plugin's own kind of error keeps its sentence, but says no word that clients do not know."""
    if not isinstance(error, ProviderError) or error.code in PROVIDER_CODES:
        return error.code
    kinds = (kind.code for kind in type(error).__mro__ if issubclass(kind, SafelightError))
    return next(code for code in kinds if code in PROVIDER_CODES)
