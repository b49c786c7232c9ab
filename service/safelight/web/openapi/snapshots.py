"""The schema of the snapshot, read from `Status` by the same list of words that `codec` writes it by."""

from __future__ import annotations

from typing import Any

import attrs

from safelight.codec import STATUS_WORDS, camel
from safelight.fields import descriptions
from safelight.schemas import Schema
from safelight.status import Output, State, Status
from safelight.versions import Version
from safelight.web.openapi.components import Components, is_optional, summary_of

SNAPSHOT = "Snapshot"


def put_snapshot(components: Components) -> Schema:
    """Keep the schema of the snapshot; return a reference to it."""
    attrs.resolve_types(Status)
    attrs.resolve_types(Version)
    said = descriptions(Status)
    fields = {field.name: field for field in attrs.fields(Status)}
    version, order = attrs.fields(Version), descriptions(Version)
    words = sorted(STATUS_WORDS, key=lambda pair: pair[0] != "state")  # what a client looks at first stands first
    properties = {word: components.field(fields[name], said.get(name)) for name, word in words}
    properties |= {field.name: components.field(field, order.get(field.name)) for field in version}
    properties["output"] = {
        "type": "array",
        "items": {"type": "string", "format": "uri-reference"},
        "minItems": 1,
        "description": "The URLs of `outputs`.",
    }
    properties["outputs"] = {
        "type": "array",
        "items": components.of(Output),
        "minItems": 1,
        "description": said["outputs"],
    }
    required = [word for name, word in words if _is_always_there(fields[name])]
    return components.put(
        SNAPSHOT,
        {
            "type": "object",
            "description": f"{summary_of(Status)} Whichever has the higher `epoch`, then `seq`, is the newer.",
            "properties": properties,
            "required": [*required, *(camel(field.name) for field in version)],
            "dependentRequired": {"output": ["outputs"], "outputs": ["output"]},
            "allOf": [
                _when(State.SUCCEEDED, required=["output", "outcome", "endedAt", "progress"]),
                _when(State.FAILED, required=["error", "outcome", "endedAt"]),
            ],
        },
    )


def _is_always_there(field: attrs.Attribute[Any]) -> bool:
    return not is_optional(field) and field.default is attrs.NOTHING


def _when(state: State, *, required: list[str]) -> Schema:
    """Say what a snapshot has besides in one state."""
    return {"if": {"properties": {"status": {"const": state.value}}}, "then": {"required": required}}
