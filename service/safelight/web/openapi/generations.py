"""The calls on generations: create, look, list, cancel, hold, forget."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aiohttp import hdrs

from safelight.codec import plain, status_to_wire
from safelight.core import Safelight
from safelight.errors import (
    Busy,
    Conflict,
    Gone,
    InstanceUnavailable,
    InvalidInput,
    NotCancelable,
    NotFound,
    NotPausable,
    ProviderUnknown,
    StorageFull,
)
from safelight.schemas import Schema
from safelight.web.answers import Created
from safelight.web.openapi import parameters as takes
from safelight.web.openapi.answers import Answers, bad, etag, good, header, json, refused, refused_anywhere, unchanged
from safelight.web.openapi.components import Components
from safelight.web.openapi.drafts import draft_body
from safelight.web.openapi.examples import CREATED, FAILED, RUNNING, SUCCEEDED, WAITING
from safelight.web.openapi.operations import Operation
from safelight.web.openapi.snapshots import SNAPSHOT
from safelight.web.profiles import SEED, V1, Profile

TAG = "Generations"
SEED_TAG = "Two calls"


def generation_calls(core: Safelight, components: Components) -> list[Operation]:
    """Return the calls on generations."""
    return [
        Operation(
            method="post",
            path="/v1/generations",
            id="createGeneration",
            tag=TAG,
            summary="Ask for a picture",
            description="Answers at once; the picture is made meanwhile. Watch it by `streamUrl`.",
            body=draft_body(core, components),
            parameters=(takes.ONCE, takes.PATIENCE),
            answers=_created(core, components, V1),
        ),
        Operation(
            method="get",
            path="/v1/generations",
            id="listGenerations",
            tag=TAG,
            summary="List generations",
            description="The newest first, in pages that neither skip nor repeat while new ones are created.",
            parameters=takes.LIST,
            answers=(
                good(HTTPStatus.OK, "A page.", json(page_of("generations", components), a_page=_page("generations"))),
                bad(BAD_REQUEST="A parameter is wrong or unknown; each is named."),
                refused_anywhere(),
            ),
        ),
        Operation(
            method="get",
            path="/v1/generations/{id}",
            id="getGeneration",
            tag=TAG,
            summary="Look at a generation",
            description="Its newest snapshot. With `wait` and `after` it is a long poll: an answer comes when there is news.",
            parameters=(takes.ID, *takes.LONG_POLL, takes.IF_NONE_MATCH),
            answers=(
                _snapshot(components, HTTPStatus.OK, "The newest snapshot."),
                unchanged(),
                bad(BAD_REQUEST="`wait` is no whole number."),
                refused(NotFound, Gone),
                refused_anywhere(),
            ),
        ),
        Operation(
            method="delete",
            path="/v1/generations/{id}",
            id="forgetGeneration",
            tag=TAG,
            summary="Forget a generation",
            description="It and its outputs are deleted; whoever asks for it afterwards is told that it is gone.",
            parameters=(takes.ID,),
            answers=(
                good(HTTPStatus.NO_CONTENT, "It is forgotten."),
                refused(NotFound, Conflict, Gone, StorageFull),
                refused_anywhere(),
            ),
        ),
        Operation(
            method="post",
            path="/v1/generations/{id}/cancel",
            id="cancelGeneration",
            tag=TAG,
            summary="Cancel a generation",
            description="May be asked any number of times. `cancel` in the snapshot says how far the wish has come.",
            parameters=(takes.ID,),
            answers=(
                _snapshot(components, HTTPStatus.OK, "It ended by a cancel already."),
                _snapshot(components, HTTPStatus.ACCEPTED, "The wish is written down."),
                refused(NotFound, NotCancelable, Gone, StorageFull),
                refused_anywhere(),
            ),
        ),
        *(_hold(components, still=still) for still in (True, False)),
    ]


def seed_create(core: Safelight, components: Components) -> Operation:
    """Return the create of the two calls that never change."""
    return Operation(
        method="post",
        path="/api/generation",
        id="startGeneration",
        tag=SEED_TAG,
        summary="Ask for a picture",
        description="The same as `POST /v1/generations`, for clients that read `success` and `error` whatever the status.",
        body=draft_body(core, components),
        parameters=(takes.ONCE,),
        answers=_created(core, components, SEED),
    )


def page_of(name: str, components: Components) -> Schema:
    """Return the schema of a page of snapshots."""
    snapshots = {"type": "array", "items": components.named(SNAPSHOT)}
    following = {"type": "string", "description": "What to ask for the next page by; absent where there is none now."}
    return {"type": "object", "properties": {name: snapshots, "next": following}, "required": [name]}


def _page(name: str) -> dict[str, Any]:
    return {name: [status_to_wire(status) for status in (RUNNING, SUCCEEDED)]}


def _hold(components: Components, *, still: bool) -> Operation:
    word = "pause" if still else "resume"
    return Operation(
        method="post",
        path=f"/v1/generations/{{id}}/{word}",
        id=f"{word}Generation",
        tag=TAG,
        summary=f"{word.title()} a generation",
        description="Where the provider can; `capabilities.pause` says so.",
        parameters=(takes.ID,),
        answers=(
            _snapshot(components, HTTPStatus.ACCEPTED, "It is held still." if still else "It goes on."),
            refused(NotFound, NotPausable, Gone, StorageFull),
            refused_anywhere(),
        ),
    )


def _snapshot(components: Components, status: int, description: str) -> Answers:
    shown = {"running": RUNNING, "succeeded": SUCCEEDED, "failed": FAILED}
    examples = {name: status_to_wire(example) for name, example in shown.items()}
    return good(status, description, json(components.named(SNAPSHOT), **examples), **etag())


def _created(core: Safelight, components: Components, profile: Profile) -> tuple[Answers, ...]:
    server = core.config.server
    created = good(
        profile.created_status,
        "It is written down and begins.",
        json(components.of(Created), created=plain(CREATED)),
        **{
            hdrs.LOCATION: header("Where to look at it.", CREATED.urls.self_),
            "Safelight-Session": header("Its id.", WAITING.generation),
        },
    )
    created[str(profile.created_status)]["links"] = {
        name: {"operationId": f"{name}Generation", "parameters": {"id": "$response.body#/sessionId"}}
        for name in ("watch", "get", "cancel", "pause", "resume", "forget")
    }
    return (
        created,
        bad(
            BAD_REQUEST="The body is no JSON object.",
            REQUEST_TIMEOUT=f"The body did not arrive within {server.body_seconds:g} s.",
            REQUEST_ENTITY_TOO_LARGE=f"The body is larger than {server.body_bytes} bytes.",
            UNSUPPORTED_MEDIA_TYPE="The body says that it is something else than JSON.",
        ),
        refused(InvalidInput, ProviderUnknown, Busy, StorageFull, InstanceUnavailable),
        refused_anywhere(),
    )
