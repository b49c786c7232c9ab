"""What the answers of Replicate's API mean, success aside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from safelight.providers import (
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
from safelight.providers.toolbox import read_json

_MAX_SAID = 300
_LINE = re.compile(r"^- (input[\w.]*): (.*)$", re.MULTILINE)
_ABOUT_VERSION = re.compile(r"\bversion\b", re.IGNORECASE)
"""What is wrong then is a setting, not what a caller asked for."""


def of_submission(
    status: int, body: bytes, headers: Mapping[str, str], now: datetime, path_of: Callable[[str], str]
) -> ProviderError:
    """
    Return the error that an answer to a create means.

    Args:
        path_of: What callers call a property of the model's input.
    """
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and not _ABOUT_VERSION.search(_said(body)):
        faults = list(_faults(_problem(body), path_of)) or [f"input: {_said(body)}"]
        return InvalidParams("; ".join(faults))
    if status == HTTPStatus.SERVICE_UNAVAILABLE and _problem(body).get("id") is None:
        wait = retry_after_seconds(headers, body, now)
        return ProviderUnavailable(f"Replicate answered {status}: {_said(body)}", retry_after_seconds=wait)
    if _is_passed_on(status):
        return OutcomeUnknown(f"Replicate answered {status}: {_said(body)}")
    return _refusal(status, body, headers, now)


def of_question(status: int, body: bytes, headers: Mapping[str, str], now: datetime) -> ProviderError:
    """Return the error that an answer to a question means: none of them says that nothing runs."""
    error = _refusal(status, body, headers, now)
    if not isinstance(error, Rejected):
        return error
    return ProviderUnavailable(str(error), retry_after_seconds=retry_after_seconds(headers, body, now))


def _is_passed_on(status: int) -> bool:
    """Whether the prediction may be there: some success, or what a proxy says too after it has passed the request on."""
    is_success = status < HTTPStatus.MULTIPLE_CHOICES
    return is_success or status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _refusal(status: int, body: bytes, headers: Mapping[str, str], now: datetime) -> ProviderError:
    said = _said(body)
    match status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            wait = retry_after_seconds(headers, body, now)
            return ProviderRateLimited(f"Replicate has had too many requests: {said}", retry_after_seconds=wait)
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return ProviderAuth(f"Replicate does not let our token in: {said}")
        case HTTPStatus.PAYMENT_REQUIRED:
            return ProviderQuota(f"Replicate wants to be paid first: {said}")
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return InvalidParams(f"Replicate finds the input too large: {said}")
        case _ if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return Rejected(f"Replicate answered {status}, and where that leads a token is not sent.")
        case _:
            return Rejected(f"Replicate answered {status}: {said}")


def _faults(problem: dict[str, Any], path_of: Callable[[str], str]) -> Iterator[str]:
    """Read `{"invalid_fields": [{"field": "input.prompt", "description": …}]}`, else the lines of `detail`: `- input.prompt: …`."""
    listed = problem.get("invalid_fields")
    named = (
        [(it.get("field"), it.get("description")) for it in listed if isinstance(it, dict)] if isinstance(listed, list) else []
    )
    for field, said in named or _LINE.findall(str(problem.get("detail"))):
        if isinstance(field, str):
            first, *rest = field.removeprefix("input.").split(".")
            path = first if field == first else path_of(first)
            yield f"{'.'.join([path, *rest])}: {str(said or 'not taken')[:_MAX_SAID]}"


def _said(body: bytes) -> str:
    problem = _problem(body)
    said = [text for text in (problem.get("title"), problem.get("detail")) if isinstance(text, str) and text.strip()]
    return ": ".join(said)[:_MAX_SAID] or "it gave no reason"


def _problem(body: bytes) -> dict[str, Any]:
    read = read_json(body)
    return read if isinstance(read, dict) else {}
