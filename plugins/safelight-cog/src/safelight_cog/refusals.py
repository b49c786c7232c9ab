"""What a Cog server's refusals mean for a submission."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus

from safelight.providers import (
    InvalidParams,
    OutcomeUnknown,
    ProviderAuth,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
    Rejected,
    retry_after_seconds,
)
from safelight.providers.toolbox import read_json

_MAX_SAID = 300


def of_answer(
    status: int, body: bytes, headers: Mapping[str, str], now: datetime, path_of: Callable[[str], str]
) -> ProviderError:
    """
    Return the error that an answer other than success means.

    Args:
        path_of: What callers call a property of the model's input.
    """
    wait = retry_after_seconds(headers, body, now)
    said = _said(body)
    errors: dict[int, ProviderError] = {
        HTTPStatus.CONFLICT: ProviderUnavailable("The Cog server is busy: all its slots are taken.", retry_after_seconds=wait),
        HTTPStatus.SERVICE_UNAVAILABLE: ProviderUnavailable(f"The Cog server is not ready: {said}", retry_after_seconds=wait),
        HTTPStatus.TOO_MANY_REQUESTS: ProviderRateLimited("The Cog server has too much to do.", retry_after_seconds=wait),
        HTTPStatus.UNPROCESSABLE_ENTITY: InvalidParams("; ".join(_faults(body, path_of)) or f"The model refuses this: {said}"),
        HTTPStatus.UNAUTHORIZED: ProviderAuth("The Cog server, or a proxy in front of it, does not know our token."),
        HTTPStatus.FORBIDDEN: ProviderAuth("The Cog server, or a proxy in front of it, does not let us in."),
    }
    if (error := errors.get(status)) is not None:
        return error
    if _is_passed_on(status):
        return OutcomeUnknown(f"The Cog server, or a proxy before it, answered {status}: {said}")
    if status < HTTPStatus.BAD_REQUEST:
        return Rejected(f"The Cog server answered {status}, and a redirect is not followed.")
    return Rejected(f"The Cog server answered {status}: {said}")


def of_question(error: ProviderError) -> ProviderError:
    """Return the error that a refusal means where nothing was handed in: asking again is harmless, unless nobody lets us in."""
    if isinstance(error, ProviderAuth | ProviderUnavailable):
        return error
    return ProviderUnavailable(str(error), retry_after_seconds=error.retry_after_seconds)


def _is_passed_on(status: int) -> bool:
    """Whether the job may have been taken: some success, or what a proxy says too after it has passed the request on."""
    is_success = status < HTTPStatus.MULTIPLE_CHOICES
    return is_success or status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _faults(body: bytes, path_of: Callable[[str], str]) -> Iterator[str]:
    """Read `{"detail":[{"loc":["body","input","steps"],"msg":…}]}`."""
    read = read_json(body)
    details = read.get("detail") if isinstance(read, dict) else None
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and isinstance(detail.get("msg"), str) and isinstance(detail.get("loc"), list):
            place = [str(step) for step in detail["loc"] if step not in {"body", "input", "__root__"}]
            first = path_of(place[0]) if place else "input"
            yield f"{'.'.join([first, *place[1:]])}: {detail['msg'][:_MAX_SAID]}"


def _said(body: bytes) -> str:
    read = read_json(body)
    said = read.get("error") if isinstance(read, dict) else None
    return str(said)[:_MAX_SAID] if said else "it gave no reason"
