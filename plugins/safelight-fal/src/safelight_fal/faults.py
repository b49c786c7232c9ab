"""What an answer other than success means: fal has one form for what a model refuses, and one for what its machines do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any

import attrs

from safelight.providers import (
    Charged,
    ContentPolicy,
    Failed,
    InvalidParams,
    OutcomeUnknown,
    ProviderAuth,
    ProviderError,
    ProviderQuota,
    ProviderRateLimited,
    ProviderUnavailable,
    Rejected,
    retry_after_seconds,
)
from safelight_fal.answer import Answer

_MAX_SAID = 300
_BLOCKED = "content_policy_violation"
_MACHINES = frozenset(
    {
        "runner_scheduling_failure",
        "runner_connection_timeout",
        "runner_disconnected",
        "runner_connection_refused",
        "runner_connection_error",
        "runner_incomplete_response",
        "runner_server_error",
        "internal_error",
    }
)
_LATE = frozenset({"request_timeout", "startup_timeout", "generation_timeout"})
_BALANCE = re.compile(r"\b(balance|credits?|quota|billing|locked|spend(ing)? limit)\b", re.IGNORECASE)
_KINDS: dict[str, type[ProviderError]] = {
    "content_policy": ContentPolicy,
    "invalid_input": InvalidParams,
    "provider_auth": ProviderAuth,
    "provider_quota": ProviderQuota,
    "provider_rate_limited": ProviderRateLimited,
    "provider_unavailable": ProviderUnavailable,
}


@attrs.frozen(kw_only=True)
class Fault:
    """Why there is no result, as a `Failed` says it."""

    code: str
    sentence: str
    retryable: bool = False
    charged: Charged | None = None

    def ended(self) -> Failed:
        """Return how a job ended because of it."""
        return Failed(self.sentence, code=self.code, retryable=self.retryable, charged=self.charged)


def is_cancellation(error_type: Any) -> bool:
    """Whether a job is over because it was canceled; fal says `client_cancelled`, a clone may spell it otherwise."""
    return isinstance(error_type, str) and "cancel" in error_type.lower()


def of_answer(answer: Answer, path_of: Callable[[str], str], *, has_deadline: bool = False) -> Fault:
    """
    Return what an answer other than success says about a job.

    Args:
        path_of: What callers call a property of the endpoint's input.
        has_deadline: Whether we asked that it start in time or not at all.
    """
    fault = _of_details(answer, path_of) or _of_status(answer)
    if fault is None and answer.error_type:
        whose = answer.headers.get("X-Fal-Request-Timeout-Type", "user" if has_deadline else "").lower()
        fault = of_word(answer.error_type, answer.sentence, has_deadline=whose == "user")
    if fault is None:
        is_theirs = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        code = "provider_unavailable" if is_theirs else "provider_rejected"
        is_redirect = HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST
        said = ", and where that leads a key is not sent." if is_redirect else f": {answer.sentence}"
        fault = Fault(code=code, sentence=f"The queue answered {answer.status}{said}", charged=_free(answer))
    told = (answer.headers.get("X-Fal-Retryable") or answer.headers.get("X-Fal-Needs-Retry") or "").lower()
    return fault if told not in {"true", "false", "1", "0"} else attrs.evolve(fault, retryable=told in {"true", "1"})


def of_word(error_type: str, sentence: str, *, has_deadline: bool) -> Fault:
    """
    Return what an `error_type` means. What fal's own machines do is never billed, for it goes with a 5xx.

    Args:
        has_deadline: Whether we asked that it start in time or not at all.
    """
    if error_type == _BLOCKED:
        return Fault(code="content_policy", sentence=sentence)
    if error_type in _MACHINES:
        return Fault(code="provider_unavailable", sentence=f"{sentence} ({error_type})", retryable=True, charged=Charged.NO)
    if error_type in _LATE:
        is_ours = has_deadline and error_type == "request_timeout"
        told = "It did not start within `start_seconds`." if is_ours else f"{sentence} ({error_type})"
        return Fault(code="provider_timeout", sentence=told, retryable=not is_ours, charged=Charged.NO)
    return Fault(code="provider_rejected", sentence=f"{sentence} ({error_type[:80]})" if error_type else sentence)


def refusal(answer: Answer, now: datetime, path_of: Callable[[str], str]) -> ProviderError:
    """Return the error that the answer to a call other than success means for that call; see `of_answer`."""
    is_free = answer.status == HTTPStatus.SERVICE_UNAVAILABLE and answer.said.get("request_id") is None
    is_passed_on = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not is_free
    if is_passed_on or answer.status == HTTPStatus.REQUEST_TIMEOUT:
        return OutcomeUnknown(f"The queue, or a proxy before it, answered {answer.status}: {answer.sentence}")
    fault = of_answer(answer, path_of)
    wait = retry_after_seconds(answer.headers, answer.body, now)
    return _KINDS.get(fault.code, Rejected)(fault.sentence, retry_after_seconds=wait)


def unavailable(answer: Answer, now: datetime, path_of: Callable[[str], str]) -> ProviderError:
    """Return the error for a call that starts nothing, and may be made again unless it is our credentials that are wrong."""
    error = refusal(answer, now, path_of)
    if isinstance(error, ProviderAuth | ProviderQuota | ProviderUnavailable):
        return error
    return ProviderUnavailable(str(error), retry_after_seconds=retry_after_seconds(answer.headers, answer.body, now))


def _of_details(answer: Answer, path_of: Callable[[str], str]) -> Fault | None:
    """Read `{"detail":[{"loc":["body","prompt"],"msg":…,"type":…}]}`; the types decide, never the words."""
    details = answer.said.get("detail")
    found = [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []
    types = {str(detail.get("type")) for detail in found}
    sentence = "; ".join(_places(found, path_of))
    if not found:
        return None
    if _BLOCKED in types:
        return Fault(code="content_policy", sentence=sentence)
    if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and "internal_server_error" not in types:
        return Fault(code="invalid_input", sentence=sentence)
    code = "provider_timeout" if types & _LATE else "provider_unavailable"
    return Fault(code=code, sentence=sentence, charged=_free(answer))


def _of_status(answer: Answer) -> Fault | None:
    said = answer.sentence
    has_no_credit = answer.status == HTTPStatus.PAYMENT_REQUIRED or bool(_BALANCE.search(said))
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            fault = Fault(code="provider_auth", sentence="The queue does not know our key.")
        case HTTPStatus.PAYMENT_REQUIRED | HTTPStatus.FORBIDDEN if has_no_credit:
            fault = Fault(code="provider_quota", sentence=f"The account has no credit left: {said}")
        case HTTPStatus.FORBIDDEN:
            fault = Fault(code="provider_auth", sentence=f"The queue does not let us in: {said}")
        case HTTPStatus.TOO_MANY_REQUESTS:
            fault = Fault(code="provider_rate_limited", sentence="The queue has too much to do for us.", retryable=True)
        case HTTPStatus.UNPROCESSABLE_ENTITY:
            fault = Fault(code="invalid_input", sentence=f"The endpoint refuses this: {said}")
        case _:
            return None
    return fault


def _places(details: list[dict[str, Any]], path_of: Callable[[str], str]) -> Iterator[str]:
    for detail in details:
        loc = detail.get("loc")
        steps = [str(step) for step in loc if step not in {"body", "__root__"}] if isinstance(loc, list) else []
        msg = str(detail.get("msg") or detail.get("type") or "refused")[:_MAX_SAID]
        yield f"{path_of('.'.join(steps)) if steps else 'input'}: {msg}"


def _free(answer: Answer) -> Charged | None:
    return Charged.NO if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else None
