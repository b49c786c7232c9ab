"""The calls that stream."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from safelight.codec import status_to_wire
from safelight.core import Safelight
from safelight.errors import Gone, NotFound
from safelight.schemas import Schema
from safelight.web.openapi import parameters as takes
from safelight.web.openapi.answers import EVENT_STREAM, bad, good, json, refused, refused_anywhere
from safelight.web.openapi.components import Components
from safelight.web.openapi.events import item_schema
from safelight.web.openapi.examples import RUNNING, STREAM, STREAM_OF_MANY, STREAM_WITH_LOG, WAITING
from safelight.web.openapi.generations import SEED_TAG, page_of
from safelight.web.openapi.operations import Operation

TAG = "Streams"
_SEEN = good(HTTPStatus.NO_CONTENT, "The end was seen; an `EventSource` stops coming back.")
_BUSY = "Where no more streams can be had, it says when to come back, and ends."


def v1_streams(core: Safelight, components: Components) -> list[Operation]:
    """Return the streams of /v1."""
    one = item_schema(components, has_ids=True, can_refuse=False, has_log=True)
    many = item_schema(components, has_ids=False, can_refuse=True, has_log=True)
    both = _stream(one, STREAM_WITH_LOG) | json(
        page_of("events", components),
        a_page={"events": [status_to_wire(status) for status in (WAITING, RUNNING)], "next": str(RUNNING.version)},
    )
    return [
        Operation(
            method="get",
            path="/v1/generations/{id}/events",
            id="watchGeneration",
            tag=TAG,
            summary="Watch a generation",
            description=(
                "Every event is a whole snapshot: the newest at once, then each as it comes, until the end. "
                f"{_BUSY} With `Accept: application/json` it is a page of the journal instead."
            ),
            parameters=(takes.ID, *takes.RESUME, takes.PACKED, takes.LOG, *takes.HISTORY),
            answers=(
                good(HTTPStatus.OK, "The events, or a page of them.", both),
                _SEEN,
                bad(BAD_REQUEST="`events` says something else than `log`; or, of a page, a parameter is wrong or unknown."),
                refused(NotFound, Gone),
                refused_anywhere(),
            ),
        ),
        Operation(
            method="get",
            path="/v1/events",
            id="watchGenerations",
            tag=TAG,
            summary="Watch many generations",
            description=f"On one connection, which stays open. Keep the newest of each by `epoch` and `seq`. {_BUSY}",
            parameters=(takes.watched(core.config.streams.watch_max), takes.PACKED, takes.LOG),
            answers=(
                good(HTTPStatus.OK, "The events of all.", _stream(many, STREAM_OF_MANY)),
                bad(BAD_REQUEST="Too many to watch, or `events` says something else than `log`."),
                refused_anywhere(can_fail=False),
            ),
        ),
    ]


def seed_stream(components: Components) -> Operation:
    """Return the stream of the two calls that never change."""
    item = item_schema(components, has_ids=True, can_refuse=True, has_log=False)
    return Operation(
        method="get",
        path="/api/generation",
        id="followGeneration",
        tag=SEED_TAG,
        summary="Watch a generation",
        description=(
            "As `GET /v1/generations/{id}/events`, but the first snapshot comes first, and whatever goes wrong is an event: "
            "any other answer would end a browser's `EventSource` without a word."
        ),
        parameters=(*takes.SEED, *takes.RESUME, takes.PACKED),
        answers=(
            good(HTTPStatus.OK, "The events.", _stream(item, STREAM)),
            _SEEN,
            refused_anywhere(can_fail=False),
        ),
    )


def _stream(item: Schema, example: bytes) -> dict[str, Any]:
    said = {"summary": "From the first event to the last", "serializedValue": example.decode()}
    return {EVENT_STREAM: {"itemSchema": item, "examples": {"stream": said}}}
