"""The parameters of every call: their bounds are those of the rooms that read them."""

from __future__ import annotations

from typing import Any

from aiohttp import hdrs

from safelight.schemas import Schema
from safelight.status import State
from safelight.web import deliveries, history, listing, outputs, waiting

Parameter = dict[str, Any]

EVENT_ID = "1763856000-7"
ETAG = f'"{EVENT_ID}"'
GENERATION_ID: Schema = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_TEXT: Schema = {"type": "string"}
_LOG: Schema = {"type": "string", "enum": ["log"]}


def in_path(name: str, description: str, schema: Schema = _TEXT) -> Parameter:
    """Return a part of the path."""
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def in_query(name: str, description: str, schema: Schema = _TEXT, **more: Any) -> Parameter:
    """Return something behind the question mark."""
    return {"name": name, "in": "query", "description": description, "schema": schema, **more}


def in_header(name: str, description: str, **more: Any) -> Parameter:
    """Return a header."""
    return {"name": str(name), "in": "header", "description": description, "schema": _TEXT, **more}


def whole(least: int, most: int, default: int | None = None) -> Schema:
    """Return the schema of a whole number within bounds."""
    return {"type": "integer", "minimum": least, "maximum": most} | ({} if default is None else {"default": default})


ID = in_path("id", "The generation's id: `sessionId` in the answer to its create.", GENERATION_ID)
OUTPUT_ID = in_path("id", "The id of the generation that made it.")
OUTPUT_NAME = in_path("name", "The last part of the output's URL. Whoever knows it may see the output.")
PROVIDER_NAME = in_path("name", "The provider's `providerId`.")
DELIVERIES = (in_query("limit", "How many at most.", whole(1, deliveries.MAX_LIMIT, deliveries.DEFAULT_LIMIT)),)
WEBHOOK_PROVIDER = in_path("provider", "The provider's `providerId`.")
WEBHOOK_NONCE = in_path("nonce", "As the service handed it to the provider's upstream.")

LIST = (
    in_query(
        "status",
        "Only those in one of these states; repeated, or with commas.",
        {"type": "array", "items": {"type": "string", "enum": [state.value for state in State]}},
    ),
    in_query("ref", "Only those that were created with this very `ref`."),
    in_query("limit", "How many at most.", whole(1, listing.MAX_LIMIT, listing.DEFAULT_LIMIT)),
    in_query("cursor", "`next` of the page before; the other parameters stay as they were."),
)
LONG_POLL = (
    in_query(
        "wait",
        f"Seconds to wait for something newer than `after`; more than {waiting.MAX_WAIT_SECONDS:g} count as that many.",
        whole(0, waiting.MOST_SAID, 0),
    ),
    in_query(
        "after",
        "`<epoch>-<seq>` of the snapshot the caller has; it is waited for only while that is the newest.",
        example=EVENT_ID,
    ),
)
IF_NONE_MATCH = in_header(hdrs.IF_NONE_MATCH, "ETag of what the caller has.")
ONCE = in_header(
    "Idempotency-Key",
    "1 to 255 visible ASCII characters: for 24 hours the same body under the same key is the same generation.",
    schema={"type": "string", "pattern": "^[!-~]{1,255}$"},
)
PATIENCE = in_header(
    "Prefer",
    f"`wait=<seconds>`, at most {waiting.MAX_WAIT_SECONDS:g}: answer with the last snapshot if the end comes by then.",
)
RESUME = (
    in_header(
        hdrs.LAST_EVENT_ID,
        "Id of the event that was seen last; what is newer comes. A browser sends it by itself. Anything else counts as none.",
    ),
    in_query("last_event_id", "The same, for who cannot send headers."),
    in_query("lastEventId", "The same, as the `event-source-polyfill` of npm says it."),
    in_query(
        "from",
        "`start`, or the id of an event: every snapshot that was journalled after it comes, not the newest alone.",
        examples={"start": {"value": "start"}, "after an event": {"value": EVENT_ID}},
    ),
)
PACKED = in_header(
    hdrs.ACCEPT_ENCODING, "`gzip`: the stream is sent as that. Browsers and most libraries say it by themselves.", example="gzip"
)
LOG = in_query("events", "`log`: lines of the provider's log come too, as events of that name.", _LOG)
HISTORY = (
    in_query("after", "Of a page of JSON: only what was published after this event.", example=EVENT_ID),
    in_query("limit", "Of a page of JSON: how many at most.", whole(1, history.MAX_LIMIT, history.DEFAULT_LIMIT)),
)
SEED = (
    in_query("sessionId", "From the answer to the create; knowing it is the right to watch.", required=True),
    in_query("providerId", "A hint, which selects nothing."),
)
OUTPUT = (
    in_query("w", "Width of a thumbnail in pixels; rounded up to one that there is.", whole(1, outputs.MAX_WIDTH)),
    in_query("download", "To be saved, under this name or, where it is empty, one for people.", allowEmptyValue=True),
    in_header(hdrs.RANGE, "One range of bytes; anything else is answered with the whole.", example="bytes=0-99"),
    in_header(hdrs.IF_RANGE, "ETag or date of what the caller has a part of."),
    IF_NONE_MATCH,
    in_header(hdrs.IF_MODIFIED_SINCE, "Date of what the caller has."),
    in_header(hdrs.IF_MATCH, "ETag that the bytes must have."),
)


def watched(most: int) -> Parameter:
    """Return the parameter that names who is watched on a connection of many."""
    return in_query(
        "id",
        "Whom to watch; may be repeated. Without any, all that run and all that are created while it is open.",
        {"type": "array", "items": _TEXT, "maxItems": most},
    )
