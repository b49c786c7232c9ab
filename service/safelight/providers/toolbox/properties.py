"""One property of a model's JSON Schema as the field of an attrs class, never stricter than the upstream itself."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Literal, cast

import attrs
from attrs import validators as v

Schema = Mapping[str, Any]
_KINDS: dict[Any, Any] = {"integer": int, "number": float, "string": str, "boolean": bool, "object": dict[str, Any]}
_NUMBERS, _STRINGS, _ARRAYS = frozenset({"integer", "number"}), frozenset({"string"}), frozenset({"array"})
_BOUNDS: dict[str, tuple[frozenset[str], Callable[[Any], Any], Callable[[Any, Any], bool]]] = {
    "minimum": (_NUMBERS, v.ge, operator.ge),
    "maximum": (_NUMBERS, v.le, operator.le),
    "exclusiveMinimum": (_NUMBERS, v.gt, operator.gt),
    "exclusiveMaximum": (_NUMBERS, v.lt, operator.lt),
    "minLength": (_STRINGS, v.min_len, lambda value, bound: len(value) >= bound),
    "maxLength": (_STRINGS, v.max_len, lambda value, bound: len(value) <= bound),
    "minItems": (_ARRAYS, v.min_len, lambda value, bound: len(value) >= bound),
    "maxItems": (_ARRAYS, v.max_len, lambda value, bound: len(value) <= bound),
}
"""
The types that each binds, the check of it, and whether a value keeps to it.

Patterns are left to the upstream: a regular expression of somebody else's may take for ever.
"""
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
    checks = list(_checks(found))
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


def _checks(schema: Schema) -> Iterator[Any]:
    """Yield the bounds that bind the property's type, but for those its own default breaks: no upstream holds them."""
    kind, default = schema.get("type"), schema.get("default")
    for key, (types, make, is_kept) in _BOUNDS.items():
        bound = schema.get(key)
        if isinstance(kind, str) and kind in types and _is_bound(bound) and (default is None or _holds(is_kept, default, bound)):
            yield make(bound)


def _holds(is_kept: Callable[[Any, Any], bool], default: Any, bound: Any) -> bool:
    try:
        return is_kept(default, bound)
    except TypeError:  # a default of another type
        return False


def _is_bound(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
