"""What `codec.plain` writes, as JSON Schema: each of our classes once, under its own name."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from inspect import getdoc
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from safelight.codec import camel
from safelight.fields import descriptions
from safelight.schemas import Schema, bind

_SCALARS: dict[Any, Schema] = {
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    Any: {},
}


class Components:
    """
    The schemas of a document, gathered while it is made.

    Unlike `json_schema`, which says what may come in, these say what goes out: what is unset is left out and never null,
    and further members may come with a later version.
    """

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}

    def put(self, name: str, schema: Schema) -> Schema:
        """Keep a schema under a name; return a reference to it."""
        self.schemas[name] = schema
        return self.named(name)

    def named(self, name: str) -> Schema:
        """Return a reference to what is kept under a name, or will be."""
        return {"$ref": f"#/components/schemas/{name}"}

    def of(self, kind: Any) -> Schema:
        """
        Return the schema of a type; of a class of ours, a reference.

        Raises:
            TypeError: It is none that `codec.plain` writes.
        """
        origin, args = get_origin(kind), get_args(kind)
        if kind in _SCALARS:
            return dict(_SCALARS[kind])
        if origin is Literal:
            return {"const": args[0]} if len(args) == 1 else {"enum": list(args)}
        if origin is tuple and args[1:] == (...,):
            return {"type": "array", "items": self.of(args[0])}
        if origin is dict and args[0] is str:
            return {"type": "object", "additionalProperties": self.of(args[1])}
        if isinstance(kind, type) and (attrs.has(kind) or issubclass(kind, Enum)):
            if kind.__name__ not in self.schemas:
                self.put(kind.__name__, _choices(kind) if issubclass(kind, Enum) else self._object(kind))
            return self.named(kind.__name__)
        raise TypeError(f"{kind} is never written")

    def field(self, field: attrs.Attribute[Any], description: str | None) -> Schema:
        """Return the schema of a field where it is set."""
        schema = self.of(set_type(field))
        bind(schema, field.validator)
        return schema | ({"description": description} if description else {})

    def _object(self, cls: type[attrs.AttrsInstance]) -> Schema:
        attrs.resolve_types(cls)
        said = descriptions(cls)
        fields = attrs.fields(cls)
        return {
            "type": "object",
            "description": summary_of(cls),
            "properties": {camel(field.name): self.field(field, said.get(field.name)) for field in fields},
            "required": [camel(field.name) for field in fields if not is_optional(field)],
        }


def _choices(kind: type[Enum]) -> Schema:
    return {"type": "string", "description": summary_of(kind), "enum": [member.value for member in kind]}


def set_type(field: attrs.Attribute[Any]) -> Any:
    """Return a field's type without `| None`."""
    if not is_optional(field):
        return field.type
    return next(arg for arg in get_args(field.type) if arg is not NoneType)


def is_optional(field: attrs.Attribute[Any]) -> bool:
    """Whether a field may be None, and so left out."""
    return get_origin(field.type) in {Union, UnionType} and NoneType in get_args(field.type)


def summary_of(cls: type) -> str:
    """Return the first paragraph of a docstring, as one line."""
    return " ".join((getdoc(cls) or "").partition("\n\n")[0].split())
