"""What comes over a stream, event by event: `itemSchema`, as OpenAPI 3.2 has it for server-sent events."""

from __future__ import annotations

from safelight.frames import MAX_LINE
from safelight.schemas import Schema
from safelight.status import State
from safelight.versions import FORM
from safelight.web.openapi.components import Components
from safelight.web.openapi.snapshots import SNAPSHOT

_EVENT_ID: Schema = {
    "type": "string",
    "pattern": f"^(?:{FORM.pattern})$",
    "description": "The snapshot's `<epoch>-<seq>`; a browser sends it back as `Last-Event-ID`.",
}


def put_events(components: Components) -> None:
    """Keep what stands in the events besides snapshots."""
    components.put(
        "Refused",
        {
            "type": "object",
            "description": "Said instead of a snapshot where there is none: nothing was journalled, and it has no id.",
            "properties": {
                "status": {"const": State.FAILED.value},
                "error": {"type": "string"},
                "code": {"type": "string"},
                "sessionId": {"type": "string", "description": "Of whom; only where many are watched."},
                "epoch": {"const": 0},
                "seq": {"const": 0},
            },
            "required": ["status", "error", "code"],
        },
    )
    components.put(
        "LogLine",
        {
            "type": "object",
            "description": "A line of the provider's log, as it comes; it is never shown again.",
            "properties": {
                "sessionId": {"type": "string"},
                "at": {"type": "string", "format": "date-time"},
                "line": {"type": "string", "maxLength": MAX_LINE},
            },
            "required": ["sessionId", "at", "line"],
        },
    )


def item_schema(components: Components, *, has_ids: bool, can_refuse: bool, has_log: bool) -> Schema:
    """
    Describe one event of a stream.

    Args:
        has_ids: Whether each snapshot has one.
        can_refuse: Whether a failure that is no snapshot may be said.
        has_log: Whether lines of a log can be asked for.
    """
    shown = [components.named(name) for name in ((SNAPSHOT, "Refused") if can_refuse else (SNAPSHOT,))]
    unnamed: Schema = {
        "type": "object",
        "properties": {
            **({"id": _EVENT_ID} if has_ids else {}),
            "event": {"const": "message", "description": "Never written: an event without a name is a `message`."},
            "data": _json(shown[0] if len(shown) == 1 else {"anyOf": shown}),
        },
        "required": ["data"],
    }
    if not has_log:
        return unnamed
    log: Schema = {
        "type": "object",
        "properties": {"event": {"const": "log"}, "data": _json(components.named("LogLine"))},
        "required": ["event", "data"],
    }
    return {"if": {"properties": {"event": {"const": "log"}}, "required": ["event"]}, "then": log, "else": unnamed}


def _json(schema: Schema) -> Schema:
    return {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
