"""A class's JSON Schema (2020-12), read from its fields, defaults and validators: what `structure` accepts, said in advance."""

from __future__ import annotations

from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from safelight.codec import camel, plain
from safelight.redaction import Secret
from safelight.structuring import Naming

_NAMES: dict[Any, str] = {int: "integer", float: "number", str: "string", bool: "boolean"}
_BOUNDS = {">=": "minimum", "<=": "maximum", ">": "exclusiveMinimum", "<": "exclusiveMaximum"}


def json_schema(cls: type, *, naming: Naming = "camel") -> dict[str, Any]:
    """
    Describe an attrs class.

    Raises:
        TypeError: A field's type cannot be described; the message names it.
    """
    attrs.resolve_types(cls)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for field in attrs.fields(cls):
        name = camel(field.name) if naming == "camel" else field.name
        properties[name] = _property(field, naming)
        if field.default is attrs.NOTHING:
            required.append(name)
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = required
    if cls.__doc__ and not cls.__doc__.startswith("Method generated"):
        schema["description"] = cls.__doc__.strip().splitlines()[0]
    return schema


def _property(field: attrs.Attribute[Any], naming: Naming) -> dict[str, Any]:
    schema = _type(field.type, naming, field.name)
    schema.update(_bounds(field.validator, schema.get("type")))
    if description := field.metadata.get("description"):
        schema["description"] = description
    default = field.default
    if default is not attrs.NOTHING and default is not None and not isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        schema["default"] = plain(default)
    return schema


def _type(kind: Any, naming: Naming, name: str) -> dict[str, Any]:  # noqa: PLR0911 - one line per kind
    origin, args = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType} and NoneType in args and len(args) == 2:
        return _type(next(arg for arg in args if arg is not NoneType), naming, name)
    if kind in _NAMES:
        return {"type": _NAMES[kind]}
    if kind is Secret:
        return {"type": "string", "writeOnly": True}
    if kind is Any:
        return {}
    if origin is Literal:
        return {"enum": list(args)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    if origin in {list, tuple}:
        return {"type": "array", "items": _type(args[0], naming, name)}
    if kind is dict or origin is dict:
        return {"type": "object", "additionalProperties": _type(args[1], naming, name) if args else {}}
    if attrs.has(kind):
        return json_schema(kind, naming=naming)
    raise TypeError(f"the type of '{name}' cannot be described as JSON")


def _bounds(validator: Any, kind: Any) -> dict[str, Any]:
    """Read what attrs' own validators bind; they carry it as attributes of stable names (a test holds them to it)."""
    if validator is None:
        return {}
    if hasattr(validator, "_validators"):
        return {key: value for inner in validator._validators for key, value in _bounds(inner, kind).items()}  # noqa: SLF001
    if hasattr(validator, "validator"):
        return _bounds(validator.validator, kind)
    if hasattr(validator, "compare_op"):
        return {_BOUNDS[validator.compare_op]: validator.bound}
    if hasattr(validator, "options"):
        return {"enum": list(validator.options)}
    if hasattr(validator, "max_length"):
        return {"maxItems" if kind == "array" else "maxLength": validator.max_length}
    if hasattr(validator, "min_length"):
        return {"minItems" if kind == "array" else "minLength": validator.min_length}
    if hasattr(validator, "pattern"):
        return {"pattern": f"^(?:{validator.pattern.pattern})$"}
    return {}
