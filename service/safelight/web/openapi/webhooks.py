"""The calls about webhooks: those of providers' upstreams, and what is owed to callers."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus

from safelight.codec import plain
from safelight.errors import Busy, Gone, NotFound
from safelight.outstanding import Owed
from safelight.providers import WebhookRefused
from safelight.web.openapi import parameters as takes
from safelight.web.openapi.answers import bad, good, json, refused, refused_anywhere
from safelight.web.openapi.components import Components
from safelight.web.openapi.examples import SUCCEEDED
from safelight.web.openapi.operations import Operation

TAG = "Webhooks"
_OWED = Owed(
    id=f"{SUCCEEDED.generation}_{SUCCEEDED.version}",
    session_id=SUCCEEDED.generation,
    dead=False,
    tries=2,
    due_at=datetime(2026, 1, 1, 12, 5, tzinfo=UTC),
    detail="It answered 500.",
)


def webhook_calls(components: Components) -> list[Operation]:
    """Return the calls."""
    owed = {"type": "array", "items": components.of(Owed)}
    every = {"type": "object", "properties": {"deliveries": owed}, "required": ["deliveries"]}
    resent = {"type": "object", "properties": {"resent": {"type": "integer", "minimum": 0}}, "required": ["resent"]}
    return [
        Operation(
            method="get",
            path="/v1/deliveries",
            id="listDeliveries",
            tag=TAG,
            summary="List what your webhooks have not taken yet",
            description="The oldest first. One that is `dead` was tried for hours and given up.",
            parameters=takes.DELIVERIES,
            answers=(
                good(HTTPStatus.OK, "What is owed.", json(every, these={"deliveries": [plain(_OWED)]})),
                bad(BAD_REQUEST="A parameter is wrong or unknown; each is named."),
                refused_anywhere(),
            ),
        ),
        Operation(
            method="post",
            path="/v1/generations/{id}/deliveries",
            id="resendDeliveries",
            tag=TAG,
            summary="Send a generation's webhooks again",
            description="Everything of it that was not taken yet is sent now, and what was given up is tried anew.",
            parameters=(takes.ID,),
            answers=(
                good(HTTPStatus.ACCEPTED, "How many are sent.", json(resent, these={"resent": 1})),
                refused(NotFound, Gone),
                refused_anywhere(),
            ),
        ),
        Operation(
            method="post",
            path="/v1/webhooks/{provider}/{nonce}",
            id="receiveWebhook",
            tag=TAG,
            summary="Say that something has happened to a job",
            description="For a provider's upstream, which was handed the URL. A genuine message has the job looked at, once; "
            "what it says is not taken from it.",
            parameters=(takes.WEBHOOK_PROVIDER, takes.WEBHOOK_NONCE),
            body={"description": "As the upstream sends it; the plugin verifies it.", "required": True, "content": {"*/*": {}}},
            answers=(
                good(HTTPStatus.OK, "It was taken in, was taken in before, or is about nothing that runs."),
                good(HTTPStatus.ACCEPTED, "It was taken in and is still being verified."),
                bad(REQUEST_TIMEOUT="It is too slow.", REQUEST_ENTITY_TOO_LARGE="It is too large."),
                refused(NotFound, WebhookRefused, Busy),
                refused_anywhere(),
            ),
        ),
    ]
