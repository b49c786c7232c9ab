"""What is no request at all is refused in the same form as everything else, and without a word about what serves it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import hdrs, http_exceptions, web

from safelight.codec import encode, plain
from safelight.redaction import redactor
from safelight.web.bodies import UNPACKABLE
from safelight.web.problems import Problem

if TYPE_CHECKING:
    from aiohttp.web_protocol import RequestHandler

_SENTENCES: tuple[tuple[type[Exception], HTTPStatus, str], ...] = (
    (http_exceptions.ContentEncodingError, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, UNPACKABLE),
    (http_exceptions.LineTooLong, HTTPStatus.BAD_REQUEST, "The request line or a header is too long."),
    (http_exceptions.InvalidURLError, HTTPStatus.BAD_REQUEST, "What the request line asks for is no path and no URL."),
)
"""Where aiohttp's own words are of no use to the caller, or repeat what it said at length."""


class _Connection(web.RequestHandler):
    """One connection, whose malformed requests are answered by a problem document."""

    __slots__ = ()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        super().handle_error(request, status, exc, message)  # which logs it, and refuses where an answer has begun
        if status == HTTPStatus.BAD_REQUEST:
            status, sentence = _told(exc, message or "")
            problem = Problem.of("invalid_input", sentence, status=status, instance="")
        else:
            problem = Problem.of("internal", "The service failed; its log says more.", status=status, instance=request.path)
        answer = web.Response(
            status=status,
            body=encode(plain(problem)),
            content_type="application/problem+json",
            headers={hdrs.SERVER: "safelight", "X-Content-Type-Options": "nosniff"},
        )
        answer.force_close()
        return answer


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


def refuse_in_our_form(server: web.Server) -> None:
    """
    Have a server answer what aiohttp cannot read as the service answers all that is wrong.

    aiohttp's runner makes the server itself, and offers no other way to say of which class.
    """
    server.__class__ = _Server


def _told(error: BaseException | None, message: str) -> tuple[HTTPStatus, str]:
    """Return what to answer. Of aiohttp's words only the first line, for the caller's own bytes stand in the others."""
    for kind, status, sentence in _SENTENCES:
        if isinstance(error, kind):
            return status, sentence
    first = redactor.text(message.partition("\n")[0]).rstrip(":. ")[:200]
    return HTTPStatus.BAD_REQUEST, f"The request is malformed: {first}."
