"""The calls on what stays: outputs, providers, and this very document."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aiohttp import hdrs

from safelight.core import Safelight
from safelight.describing import Description
from safelight.errors import Busy, InvalidInput, NotFound, PictureBroken
from safelight.web.openapi import parameters as takes
from safelight.web.openapi.answers import bad, etag, good, header, json, refused, refused_anywhere, unchanged
from safelight.web.openapi.components import Components
from safelight.web.openapi.examples import SUCCEEDED
from safelight.web.openapi.operations import Operation

_TAG = f'"{SUCCEEDED.outputs[0].sha256}"'


def output_call() -> Operation:
    """Return the call for what was made."""
    served = etag(_TAG) | {
        hdrs.ACCEPT_RANGES: header("`bytes`.", "bytes"),
        hdrs.CACHE_CONTROL: header("A name never changes its bytes.", "public, max-age=31536000, immutable"),
        hdrs.CONTENT_DISPOSITION: header("To be shown or saved.", f'inline; filename="{SUCCEEDED.outputs[0].url[-8:]}"'),
        hdrs.LAST_MODIFIED: header("When it was kept.", "Thu, 01 Jan 2026 12:00:04 GMT"),
    }
    span = header("Which bytes, of how many.", "bytes 0-99/48213")
    beyond = header("How many there are.", "bytes */48213")
    binary: dict[str, Any] = {"image/*": {}, "video/*": {}, "application/*": {}, "audio/*": {}, "text/*": {}, "model/*": {}}
    return Operation(
        method="get",
        path="/v1/outputs/{id}/{name}",
        id="getOutput",
        tag="Outputs",
        summary="Get a picture, a preview or a thumbnail",
        description="The URL stands in the snapshot. With `w` it is a small WebP, made when it is first asked for.",
        parameters=(takes.OUTPUT_ID, takes.OUTPUT_NAME, *takes.OUTPUT),
        answers=(
            good(HTTPStatus.OK, "The bytes.", binary, **served),
            good(HTTPStatus.PARTIAL_CONTENT, "The bytes of the range.", binary, **served, **{hdrs.CONTENT_RANGE: span}),
            unchanged(_TAG),
            good(HTTPStatus.PRECONDITION_FAILED, "The bytes are not those of `If-Match`."),
            good(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "There are no such bytes.", **{hdrs.CONTENT_RANGE: beyond}),
            bad(BAD_REQUEST="`w` is no width."),
            refused(NotFound, InvalidInput, PictureBroken, Busy),
            refused_anywhere(),
        ),
    )


def provider_calls(core: Safelight, components: Components) -> list[Operation]:
    """Return the calls for what can be asked for."""
    one = components.of(Description)
    described = [core.describe(name) for name in sorted(core.instances)]
    every = {"type": "object", "properties": {"providers": {"type": "array", "items": one}}, "required": ["providers"]}
    return [
        Operation(
            method="get",
            path="/v1/providers",
            id="listProviders",
            tag="Providers",
            summary="List the providers",
            description="Every configured one, also those that cannot be used, with the reason.",
            answers=(
                good(HTTPStatus.OK, "All providers.", json(every, these={"providers": described})),
                refused_anywhere(),
            ),
        ),
        Operation(
            method="get",
            path="/v1/providers/{name}",
            id="getProvider",
            tag="Providers",
            summary="Look at a provider",
            description="What it can do, and the JSON Schemas of what it takes.",
            parameters=(takes.PROVIDER_NAME,),
            answers=(
                good(HTTPStatus.OK, "The provider.", json(one, **{found["providerId"]: found for found in described})),
                refused(NotFound),
                refused_anywhere(),
            ),
        ),
    ]


def document_call() -> Operation:
    """Return the call for the document."""
    return Operation(
        method="get",
        path="/openapi.json",
        id="getDocument",
        tag="Description",
        summary="Get this description",
        description="OpenAPI 3.2, made of the service as it is configured; `/docs` shows it to people.",
        parameters=(takes.IF_NONE_MATCH,),
        answers=(
            good(HTTPStatus.OK, "The document.", json({"type": "object"}), **etag('"0f3a…"')),
            unchanged('"0f3a…"'),
            refused_anywhere(),
        ),
    )
