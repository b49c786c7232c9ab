"""A class's JSON Schema (2020-12), read from its fields, defaults and validators: what `structure` accepts, said in advance."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from safelight.checks import complaints
from safelight.codec import plain
from safelight.fields import (
    EACH,
    EACH_ITEM,
    IN,
    MATCHES,
    MAX_LEN,
    MIN_LEN,
    NUMBER,
    OPTIONAL,
    Naming,
    default_of,
    descriptions,
    flattened,
    named_fields,
)
from safelight.redaction import Secret

Schema = dict[str, Any]
_SCALARS: dict[Any, Schema] = {
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    Secret: {"type": "string", "writeOnly": True},
    Any: {},
}
_NUMBERS = {">=": "minimum", "<=": "maximum", ">": "exclusiveMinimum", "<": "exclusiveMaximum"}
_LENGTHS = {"string": "Length", "array": "Items", "object": "Properties"}
_PYTHON_ONLY = re.compile(r"\(\?(?![:=!])|\\[AZ]|[*+?}]\+")
"""What a regular expression may hold that a browser's cannot read."""
_MAX_CHOICES = 1000


def json_schema(cls: type, *, naming: Naming = "camel") -> Schema:
    """
    Describe an attrs class. What a plugin's own check binds is not in it: the schema is never stricter than `structure`.

    Raises:
        TypeError: A field's type cannot be described; the message names it.
    """
    return _object(cls, naming, ())


def _object(cls: type, naming: Naming, around: tuple[type, ...]) -> Schema:
    if cls in around:
        raise TypeError(f"{cls.__name__} holds itself")
    fields = named_fields(cls, naming)
    schema: Schema = {"type": "object"}
    if cls.__doc__:
        schema["description"] = cls.__doc__.strip().partition("\n")[0]
    said = descriptions(cls)
    schema["properties"] = {
        name: _property(field, naming, (*around, cls), said.get(field.name)) for name, field in fields.items()
    }
    if required := [name for name, field in fields.items() if field.default is attrs.NOTHING]:
        schema["required"] = required
    schema["additionalProperties"] = False
    return schema


def _property(field: attrs.Attribute[Any], naming: Naming, around: tuple[type, ...], description: str | None) -> Schema:
    kind, is_optional = _unwrapped(field.type)
    try:
        schema = _type(kind, naming, around)
    except TypeError as error:
        raise TypeError(f"'{field.name}': {error}") from None
    bind(schema, field.validator)
    if is_optional and (field.default is None or not any(complaints(field.validator, None, field, None))):
        schema = _or_null(schema)
    if description:
        schema["description"] = description
    has_default = field.default is not attrs.NOTHING and not getattr(field.default, "takes_self", False)
    if has_default and kind is not Secret:
        schema["default"] = _default(default_of(field, None), naming)
    return schema


def _unwrapped(kind: Any) -> tuple[Any, bool]:
    """Take `| None` off a type."""
    args = get_args(kind)
    if get_origin(kind) in {Union, UnionType} and NoneType in args and len(args) == 2:
        return next(arg for arg in args if arg is not NoneType), True
    return kind, False


def _type(kind: Any, naming: Naming, around: tuple[type, ...]) -> Schema:
    origin, args = get_origin(kind), get_args(kind)
    if kind in _SCALARS:
        return dict(_SCALARS[kind])
    if origin is Literal:
        return _enum(args)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum([member.value for member in kind])
    if kind is list or origin is list or (origin is tuple and args[1:] == (...,)):
        return {"type": "array", "items": _inner(args[0], naming, around) if args else {}}
    if kind is dict or (origin is dict and args[0] is str):
        return {"type": "object", "additionalProperties": _inner(args[1], naming, around) if args else {}}
    if attrs.has(kind):
        return _object(kind, naming, around)
    raise TypeError(f"{getattr(kind, '__name__', kind)} cannot be described as JSON")


def _enum(choices: Collection[Any]) -> Schema:
    typed = {"type": "string"} if all(isinstance(choice, str) for choice in choices) else {}
    return {**typed, "enum": list(choices)}


def _inner(kind: Any, naming: Naming, around: tuple[type, ...]) -> Schema:
    inner, is_optional = _unwrapped(kind)
    schema = _type(inner, naming, around)
    return _or_null(schema) if is_optional else schema


def _or_null(schema: Schema) -> Schema:
    if "enum" in schema:
        schema = {**schema, "enum": [*schema["enum"], None]}
    if "type" in schema and schema["type"] not in {"object", "array"}:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]} if "type" in schema else schema


def bind(schema: Schema, validator: Any) -> None:
    """Add what attrs' own validators bind to the schema of the value they look at."""
    for part in flattened(validator):
        if isinstance(part, OPTIONAL):
            bind(schema, part.validator)
        elif isinstance(part, EACH) and "items" in schema:
            bind(schema, part.iterable_validator)
            bind(schema["items"], part.member_validator)
        elif isinstance(part, EACH_ITEM) and isinstance(schema.get("additionalProperties"), dict):
            bind(schema, part.mapping_validator)
            bind(schema["additionalProperties"], part.value_validator)
        else:
            _bind_one(schema, part)


def _bind_one(schema: Schema, part: Any) -> None:
    if isinstance(part, NUMBER) and schema.get("type") in {"integer", "number"}:
        _tighten(schema, _NUMBERS[part.compare_op], part.bound)
    elif isinstance(part, IN) and (choices := _choices(part.options)):
        schema["enum"] = [choice for choice in choices if choice in schema.get("enum", choices)]
    elif isinstance(part, MIN_LEN) and (unit := _LENGTHS.get(schema.get("type", ""))):
        _tighten(schema, f"min{unit}", part.min_length)
    elif isinstance(part, MAX_LEN) and (unit := _LENGTHS.get(schema.get("type", ""))):
        _tighten(schema, f"max{unit}", part.max_length)
    elif isinstance(part, MATCHES) and part.pattern.flags == re.UNICODE and not _PYTHON_ONLY.search(part.pattern.pattern):
        before, after = {"fullmatch": ("^(?:", ")$"), "match": ("^(?:", ")")}.get(part.match_func.__name__, ("", ""))
        schema["pattern"] = f"{before}{part.pattern.pattern}{after}"


def _tighten(schema: Schema, key: str, bound: Any) -> None:
    if key in schema:
        bound = min(schema[key], bound) if key.lower().startswith(("max", "exclusivemax")) else max(schema[key], bound)
    schema[key] = bound


def _choices(options: Collection[Any]) -> list[Any]:
    """Return the plain values allowed, nothing where they are too many or none that JSON has."""
    if isinstance(options, str) or len(options) > _MAX_CHOICES:
        return []
    plain_ones = [option.value if isinstance(option, Enum) else option for option in options]
    return plain_ones if all(isinstance(one, str | int | float | bool | NoneType) for one in plain_ones) else []


def _default(value: Any, naming: Naming) -> Any:
    if attrs.has(type(value)):
        named = named_fields(type(value), naming)
        return {
            name: _default(getattr(value, field.name), naming)
            for name, field in named.items()
            if not isinstance(getattr(value, field.name), Secret)
        }
    if isinstance(value, list | tuple):
        return [_default(item, naming) for item in value]
    return None if value is None else plain(value)
