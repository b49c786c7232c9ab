"""How a generation ends: the outcome and the words of every failure, and what a failed submission says about itself."""

from __future__ import annotations

from typing import Any

import structlog

from safelight.codec import plain
from safelight.errors import SafelightError
from safelight.generation import Policy
from safelight.providers import ProviderError, Rejected
from safelight.records import AttemptRecord, Durability
from safelight.status import Outcome, Output, Status
from safelight.updates import PROVIDER_CODES, Ended, Produced, Update

log = structlog.get_logger()

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
        return of_error(error), "not_sent"
    if error.is_sent:
        return of_error(error), "rejected"
    if intent.durability is Durability.PROCESS:
        return of_error(error), "failed"
    ended = Ended(
        outcome=Outcome.UNKNOWN,
        error=f"It is not known whether the provider took the job: {error}",
        code="outcome_unknown",
        charged=error.charged,
    )
    return ended, "unknown"


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


def of_stall(policy: Policy) -> Ended:
    """Return the ending of a generation whose provider fell silent."""
    sentence = f"The provider showed no sign of life within the stall deadline of {policy.stall_seconds:g} s."
    return Ended(outcome=Outcome.EXPIRED, error=sentence, code="stalled", retryable=True)


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
