"""Answers, good and bad: what comes with which HTTP status."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aiohttp import hdrs

from safelight import errors
from safelight.codec import plain
from safelight.errors import Busy, SafelightError
from safelight.schemas import Schema
from safelight.web import problems
from safelight.web.openapi.components import Components, summary_of
from safelight.web.openapi.parameters import ETAG
from safelight.web.problems import STATUS_OF_CODE, BadRequest, Problem

Answer = dict[str, Any]
Answers = dict[str, Answer]

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
EVENT_STREAM = "text/event-stream"
_ON_ALL = (
    (HTTPStatus.FORBIDDEN, "The host or the page is not on the operator's list.", "forbidden_origin"),
    (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large.", "invalid_input"),
)
_AT_FAULT = (HTTPStatus.INTERNAL_SERVER_ERROR, "The service failed; its log says more.", "internal")
_RETRY_AFTER = {"schema": {"type": "integer", "minimum": 0}, "required": True, "description": "Seconds to wait."}


def put_problem(components: Components) -> None:
    """Keep the schema of a problem, with every code an answer may have."""
    components.of(Problem)
    known = (*vars(errors).values(), *vars(problems).values())
    raised = {kind.code for kind in known if isinstance(kind, type) and issubclass(kind, SafelightError)}
    components.schemas[Problem.__name__]["properties"]["code"]["enum"] = sorted(raised | STATUS_OF_CODE.keys())


def good(status: int, description: str, content: dict[str, Any] | None = None, **headers: Any) -> Answers:
    """Return an answer as it was wished for."""
    answer: Answer = {"description": description}
    if headers:
        answer["headers"] = {str(name): header for name, header in headers.items()}  # aiohttp's names are no plain text
    if content is not None:
        answer["content"] = content
    return {str(status): answer}


def json(schema: Schema, **examples: Any) -> dict[str, Any]:
    """Return JSON content."""
    return {JSON: {"schema": schema} | ({"examples": _titled(examples)} if examples else {})}


def header(description: str, example: str | None = None) -> dict[str, Any]:
    """Return a header that always comes with its answer."""
    said = {} if example is None else {"example": example}
    return {"description": description, "required": True, "schema": {"type": "string"}, **said}


def etag(example: str = ETAG) -> dict[str, Any]:
    """Return the header that names exactly this answer."""
    return {hdrs.ETAG: header("Names exactly this answer.", example)}


def unchanged(example: str = ETAG) -> Answers:
    """Return the answer to who has it already."""
    return good(HTTPStatus.NOT_MODIFIED, "The caller has it already.", **etag(example))


def refused(*kinds: type[SafelightError]) -> Answers:
    """Return the refusals that these errors become, by their codes."""
    found: Answers = {}
    for kind in kinds:
        status = STATUS_OF_CODE.get(kind.code, HTTPStatus.INTERNAL_SERVER_ERROR)
        _add(found, status, summary_of(kind), kind.code, retryable=kind.retryable)
        if issubclass(kind, Busy):
            found[str(status)]["headers"] = {str(hdrs.RETRY_AFTER): _RETRY_AFTER}
    return found


def bad(**sentences: str) -> Answers:
    """Return the refusals of a request that is wrong in itself, by the names of their HTTP statuses."""
    found: Answers = {}
    for name, sentence in sentences.items():
        _add(found, HTTPStatus[name], sentence, BadRequest.code)
    return found


def refused_anywhere(*, can_fail: bool = True) -> Answers:
    """Return the refusals that any call may meet; a stream that fails ends, since its headers are out."""
    found: Answers = {}
    for status, sentence, code in (*_ON_ALL, _AT_FAULT) if can_fail else _ON_ALL:
        _add(found, status, sentence, code)
    return found


def _add(found: Answers, status: int, sentence: str, code: str, *, retryable: bool = False) -> None:
    answer = found.setdefault(str(int(status)), {"description": "", "content": {PROBLEM_JSON: {"examples": {}}}})
    answer["description"] = f"{answer['description']} {sentence}".strip()
    problem = Problem.of(code, sentence, status=int(status), instance="/v1/…", retryable=retryable, request_id="9f2c01d5a7e64b38")
    content = answer["content"][PROBLEM_JSON]
    content["schema"] = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    content["examples"][code] = {"summary": problem.title, "value": plain(problem)}


def _titled(examples: dict[str, Any]) -> dict[str, Any]:
    return {name: {"summary": name.replace("_", " "), "value": value} for name, value in examples.items()}
