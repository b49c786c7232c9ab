"""Errors as answers: RFC 9457 problem documents with the seed's members beside them."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Literal, Self

import attrs
import structlog
from aiohttp import web

from safelight.codec import encode, plain
from safelight.errors import Busy, Fault, InvalidInput, JournalFull, SafelightError
from safelight.redaction import redactor

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATUS_OF_CODE = {
    "invalid_input": 422,
    "provider_unknown": 422,
    "idempotency_mismatch": 422,
    "unauthorized": 401,
    "forbidden_origin": 403,
    "not_found": 404,
    "gone": 410,
    "conflict": 409,
    "not_cancelable": 409,
    "not_pausable": 409,
    "rate_limited": 429,
    "busy": 503,
    "storage_full": 503,
    "provider_unavailable": 503,
}
_FULL_RETRY_SECONDS = 60
_CODE_OF_STATUS = {404: "not_found", 405: "invalid_input", 413: "invalid_input"}


class BadRequest(SafelightError):
    """The request itself is wrong, before anything in it was looked at."""

    code = "invalid_input"

    def __init__(self, sentence: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(sentence)
        self.status = status


class BadQuery(InvalidInput):
    """The query of the request has faults; each is named."""

    status = HTTPStatus.BAD_REQUEST


class ForbiddenOrigin(SafelightError):
    """The page or host the request comes from is not on the list."""

    code = "forbidden_origin"


@attrs.frozen(kw_only=True)
class Problem:
    """
    A refusal, as RFC 9457 has it, with what the seed's client reads beside it.

    Attributes:
        type: The code as a URN.
        title: The code in words.
        status: The HTTP status of the answer.
        detail: What is wrong, for people.
        instance: The path that was asked for.
        success: Always false.
        error: The same as `detail`.
        code: Stable word for machines.
        retryable: Whether the same call may succeed later, unchanged.
        request_id: Found again in the log.
        faults: Everything that is wrong in the input, where that is what is wrong.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    success: Literal[False] = False
    error: str
    code: str
    retryable: bool
    request_id: str
    faults: tuple[Fault, ...] | None = None

    @classmethod
    def of(
        cls,
        code: str,
        sentence: str,
        *,
        status: int,
        instance: str,
        retryable: bool = False,
        faults: tuple[Fault, ...] = (),
        request_id: str | None = None,
    ) -> Self:
        """Return the problem a code and a sentence make."""
        return cls(
            type=f"urn:safelight:error:{code}",
            title=code.replace("_", " "),
            status=status,
            detail=sentence,
            instance=instance,
            error=sentence,
            code=code,
            retryable=retryable,
            request_id=request_id or secrets.token_hex(8),
            faults=faults or None,
        )


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error with a problem document; nothing else ever leaves, a traceback least of all."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        answer = _answer(request, error.status, _CODE_OF_STATUS.get(error.status, "invalid_input"), _sentence(error))
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
    except Exception as error:
        told, request_id = public(error), secrets.token_hex(8)
        status = status_of(told)
        facts = {"method": request.method, "route": _route(request), "request_id": request_id}
        if told is not error:
            log.exception("request_failed", **facts)
        elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.warning("request_refused", code=told.code, error=str(told), **facts)
        return _answer(request, status, told.code, str(told), retryable=told.retryable, request_id=request_id, **_extras(told))


def _sentence(error: web.HTTPException) -> str:
    """Return what aiohttp's own refusal means, which says no more than its status does."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        return f"This path takes {', '.join(sorted(error.allowed_methods))}, and not {error.method}."
    return "There is nothing under this path." if isinstance(error, web.HTTPNotFound) else error.reason


def public(error: Exception) -> SafelightError:
    """Return an error as callers may hear it: what has no code of its own is ours to know, and said in the log alone."""
    if isinstance(error, SafelightError) and error.code != SafelightError.code:
        return error
    return SafelightError("The service failed; its log says more.")


def status_of(error: SafelightError) -> int:
    """Return the HTTP status an error is answered with."""
    return error.status if isinstance(error, BadRequest | BadQuery) else STATUS_OF_CODE.get(error.code, 500)


def _extras(error: SafelightError) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if isinstance(error, InvalidInput):
        extras["faults"] = error.faults
    if isinstance(error, Busy):
        extras["retry_after_seconds"] = error.retry_after_seconds
    if isinstance(error, JournalFull):
        extras["retry_after_seconds"] = _FULL_RETRY_SECONDS
    return extras


def _answer(
    request: web.Request,
    status: int,
    code: str,
    sentence: str,
    *,
    retryable: bool = False,
    faults: tuple[Fault, ...] = (),
    retry_after_seconds: int | None = None,
    request_id: str | None = None,
) -> web.Response:
    problem = Problem.of(
        code,
        redactor.text(sentence),
        status=status,
        instance=redactor.text(request.path),
        retryable=retryable,
        faults=tuple(Fault(fault.path, redactor.text(fault.message)) for fault in faults),
        request_id=request_id,
    )
    answer = web.Response(status=status, body=encode(plain(problem)), content_type="application/problem+json")
    if retry_after_seconds is not None:
        answer.headers["Retry-After"] = str(retry_after_seconds)
    if status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}:
        answer.force_close()  # what is left of the body is not worth reading
    return answer


def _route(request: web.Request) -> str | None:
    resource = request.match_info.route.resource
    return resource.canonical if resource else None
