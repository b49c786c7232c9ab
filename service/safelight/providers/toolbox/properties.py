"""One property of a model's JSON Schema as the field of an attrs class, never stricter than the upstream itself."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import partial
from typing import Any, Literal, cast

import attrs
from attrs import validators as v

Schema = Mapping[str, Any]
_KINDS: dict[Any, Any] = {"integer": int, "number": float, "string": str, "boolean": bool, "object": dict[str, Any]}
_BOUNDS: dict[str, Any] = {
    "minimum": v.ge,
    "maximum": v.le,
    "exclusiveMinimum": v.gt,
    "exclusiveMaximum": v.lt,
    "minLength": v.min_len,
    "maxLength": v.max_len,
    "minItems": v.min_len,
    "maxItems": v.max_len,
}
"""Patterns are left to the upstream: a regular expression of somebody else's may take for ever."""
_MAX_REFERENCES = 10


def field_of(schema: Schema, components: Mapping[str, Schema], *, is_required: bool, at_most: int | None = None) -> Any:
    """
    Return an attrs field with the property's type, bounds, default and description.

    Args:
        components: What `$ref` may point at, by name.
        is_required: Whether it has to be given.
        at_most: A bound of ours besides the upstream's.
    """
    found, is_nullable = resolved(schema, components)
    kind = _kind(found, components)
    checks: list[Any] = [make(found[key]) for key, make in _BOUNDS.items() if _is_bound(found.get(key))]
    if at_most is not None:
        checks.append(v.le(at_most))
    default: Any = attrs.NOTHING
    if "default" in found:
        default = found["default"]
    elif not is_required:
        default = None
    if default is None or is_nullable:
        kind, checks = kind | None, [v.optional(checks)] if checks else []
    if isinstance(default, list | dict):
        default = attrs.Factory(partial(copy.deepcopy, default))
    described = found.get("description") or found.get("title")
    return attrs.field(
        type=kind,
        default=default,
        validator=checks or None,
        metadata={"description": described} if isinstance(described, str) else {},
    )


def resolved(schema: Schema, components: Mapping[str, Schema]) -> tuple[Schema, bool]:
    """Follow references and single alternatives; return what they lead to, and whether null is a value too."""
    is_nullable = False
    for _ in range(_MAX_REFERENCES):
        is_nullable = is_nullable or schema.get("nullable") is True
        own = {key: value for key, value in schema.items() if key not in {"$ref", "allOf", "anyOf"}}
        parts = [part for part in schema.get("allOf") or schema.get("anyOf") or () if isinstance(part, Mapping)]
        rest = [part for part in parts if part.get("type") != "null"]
        is_nullable = is_nullable or len(rest) < len(parts)
        if isinstance(reference := schema.get("$ref"), str):
            schema = {**components.get(reference.rpartition("/")[2], {}), **own}
        elif len(rest) == 1:
            schema = {**rest[0], **own}
        else:
            break
    return schema, is_nullable


def _kind(schema: Schema, components: Mapping[str, Schema]) -> Any:
    choices = schema.get("enum")
    if isinstance(choices, list) and choices and all(type(choice) in {str, int} for choice in choices):
        return Literal[cast("Any", tuple(choices))]
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("items")
        return list[_kind(resolved(items, components)[0], components)] if isinstance(items, Mapping) else list[Any]  # type: ignore[misc]  # made at run time
    return _KINDS.get(kind, Any) if isinstance(kind, str) else Any


def _is_bound(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
