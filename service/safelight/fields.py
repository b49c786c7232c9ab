"""What an attrs class says of its fields, read once for `structuring` and `schemas`: their names, and what their validators bind."""

from __future__ import annotations

from inspect import getdoc
from typing import Any, Literal

import attrs
from attrs import validators as v

from safelight.codec import camel

Naming = Literal["snake", "camel"]
"""Whether the keys of an input are ours (`max_bytes`) or the wire's (`maxBytes`)."""

NUMBER: Any = type(v.ge(0))
IN: Any = type(v.in_(()))
MIN_LEN: Any = type(v.min_len(0))
MAX_LEN: Any = type(v.max_len(0))
MATCHES: Any = type(v.matches_re(""))
OPTIONAL: Any = type(v.optional(v.ge(0)))
AND: Any = type(v.and_())
EACH: Any = type(v.deep_iterable(v.ge(0)))
EACH_ITEM: Any = type(v.deep_mapping(v.ge(0)))
"""The classes of attrs' own validators, by what makes them: attrs has no public names for them."""


def named_fields(cls: type, naming: Naming) -> dict[str, attrs.Attribute[Any]]:
    """
    Return the fields that an input may set, by the names it uses.

    Raises:
        TypeError: An annotation cannot be read at run time.
    """
    try:
        attrs.resolve_types(cls)
    except NameError as error:
        raise TypeError(f"an annotation of {cls.__name__} cannot be read at run time: {error}") from None
    fields = ((field.alias or field.name, field) for field in attrs.fields(cls) if field.init)
    return {camel(name) if naming == "camel" else name: field for name, field in fields}


def descriptions(cls: type) -> dict[str, str]:
    """Return what a class says of its fields, by their names in Python: their metadata, else the docstring's `Attributes`."""
    said: dict[str, str] = {}
    _, _, attributes = (getdoc(cls) or "").partition("\nAttributes:\n")
    name = ""
    for line in attributes.partition("\n\n")[0].splitlines():
        if not line.startswith(" " * 5):
            name, _, text = line.strip().partition(": ")
            said[name] = text
        else:
            said[name] += f" {line.strip()}"
    return said | {field.name: field.metadata["description"] for field in attrs.fields(cls) if "description" in field.metadata}


def flattened(validator: Any) -> tuple[Any, ...]:
    """Return the validators that all have to agree."""
    if validator is None:
        return ()
    if isinstance(validator, AND):
        return tuple(leaf for part in validator._validators for leaf in flattened(part))  # noqa: SLF001 - no public way to read it
    return (validator,)


def default_of(field: attrs.Attribute[Any], draft: Any) -> Any:
    """Return a field's default; `draft` is the instance in the making, for factories that look at it."""
    default: Any = field.default
    if not hasattr(default, "takes_self"):  # told by its form: `attrs.Factory` is typed as a function
        return default
    return default.factory(draft) if default.takes_self else default.factory()
