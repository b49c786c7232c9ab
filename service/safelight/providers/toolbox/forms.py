"""What one model takes, read from a JSON Schema of its input: our parameters, its options, and its input filled in."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import attrs

from safelight.codec import camel
from safelight.generation import Request
from safelight.providers.failures import InvalidParams
from safelight.providers.params import COMMON_PARAMS, MAX_COUNT
from safelight.providers.toolbox.properties import Schema, field_of
from safelight.redaction import Secret

_PARTED = re.compile(r"[^A-Za-z0-9_]+")

FORMABLE = COMMON_PARAMS | {"prompt"}
"""What may be mapped onto a property of a model's input."""


class Unreadable(ValueError):
    """The schema does not say what is needed; the sentence is for the operator."""


@attrs.frozen(kw_only=True)
class Form:
    """
    What a model takes.

    Attributes:
        params: The common parameters that it has, under our names.
        options: Its other properties, under its own names, or as near to them as Python lets a field be called.
        names: The property behind our `prompt` and each of `params`; a dot leads into an object or a list.
        others: The property behind each of `options`.
        fixed: What the operator has settled.
    """

    params: type
    options: type
    names: Mapping[str, str]
    others: Mapping[str, str]
    fixed: Mapping[str, Any]

    def fill(self, request: Request[Any, Any]) -> dict[str, Any]:
        """
        Return the model's input; what stands at its default is left to the upstream.

        Raises:
            InvalidParams: The model has changed since the request was admitted, and no longer takes all of it.
        """
        said = [*self._said(request.params, self.names), *self._said(request.options, self.others)]
        filled: dict[str, Any] = {}
        for name, value in [*said, (self.names["prompt"], request.prompt), *self.fixed.items()]:
            _place(filled, name.split("."), _bare(value))
        return filled

    def path_of(self, place: str) -> str:
        """Return what callers call a property of the input, or a place inside one."""
        ours = {theirs: name for name, theirs in self.names.items()}
        steps = place.split(".")
        for length in range(len(steps), 0, -1):
            if name := ours.get(".".join(steps[:length])):
                return ".".join([name if name == "prompt" else f"params.{camel(name)}", *steps[length:]])
        ours |= {theirs: name for name, theirs in self.others.items()}
        return ".".join([f"options.{camel(ours.get(steps[0], steps[0]))}", *steps[1:]])

    def _said(self, part: Any, known: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
        for field in attrs.fields(type(part)):
            value = getattr(part, field.name)
            if value == _default(field):
                continue
            if field.name not in known:
                raise InvalidParams(f"The model no longer takes '{camel(field.name)}'.")
            yield known[field.name], value


def read_form(
    properties: Mapping[str, Schema],
    *,
    required: Collection[str],
    components: Mapping[str, Schema],
    usual: Mapping[str, Sequence[str]],
    inputs: Mapping[str, str],
    fixed: Mapping[str, Any],
) -> Form:
    """
    Read the schema of a model's input.

    Args:
        properties: By name; one with a dot in it is a place inside another, and no option.
        required: The properties that have to be given.
        components: What `$ref` may point at, by name.
        usual: What models usually call what we call so; the first that this model has is taken.
        inputs: What the operator says it is called here instead.
        fixed: What the operator has settled.

    Raises:
        Unreadable: Nobody could be told what the model takes, or it takes no prompt.
    """
    names = dict(_names(properties, usual, inputs, fixed))
    if missing := [name for name in (*names.values(), *fixed) if name not in properties]:
        raise Unreadable(f"The model takes no '{missing[0]}'; it takes: {', '.join(properties)}.")
    if "prompt" not in names:
        raise Unreadable(f"The model takes no 'prompt'; set inputs.prompt to one of: {', '.join(properties)}.")

    def field(ours: str, theirs: str) -> Any:
        made = field_of(
            properties[theirs],
            components,
            is_required=theirs in required and theirs not in fixed,
            at_most=MAX_COUNT if ours == "count" else None,
        )
        for other, place in names.items():
            if other != ours and "." in theirs and _root(place) == _root(theirs):
                made.validator(_together_with(other))
        return made

    def fields(wanted: Mapping[str, str]) -> dict[str, Any]:
        return {ours: field(ours, theirs) for ours, theirs in wanted.items()}

    taken = {_root(name) for name in (*names.values(), *fixed)}
    left = [name for name in properties if "." not in name and name not in taken]
    rest = {_spelled(name): name for name in left}
    if len({camel(name) for name in rest}) < len(left):
        raise Unreadable("Two properties of the model's input differ only in how words are parted.")
    return Form(
        params=_class("Params", fields({name: prop for name, prop in names.items() if name in COMMON_PARAMS})),
        options=_class("Options", fields(rest)),
        names=names,
        others=rest,
        fixed=fixed,
    )


def _names(
    properties: Mapping[str, Schema], usual: Mapping[str, Sequence[str]], inputs: Mapping[str, str], fixed: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    settled = {_root(name) for name in fixed}
    for ours, candidates in usual.items():
        found = [name for name in candidates if name in properties and name not in inputs.values() and _root(name) not in settled]
        if theirs := inputs.get(ours) or next(iter(found), None):
            yield ours, theirs


def _spelled(name: str) -> str:
    """Return a name of somebody else's as one of a field: attrs writes it into source, where no other text belongs."""
    spelled = _PARTED.sub("_", name).strip("_")
    if not spelled or spelled[0].isdigit():
        spelled = f"option_{spelled}"
    return f"{spelled}_" if keyword.iskeyword(spelled) or spelled == "self" else spelled


def _root(name: str) -> str:
    return name.partition(".")[0]


def _place(filled: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Put a value where its name leads: `image_size.width` into an object, `image_urls.0` into a list."""
    first, *rest = path
    if not rest:
        filled[first] = value
    elif rest == ["0"]:
        filled[first] = [value]
    else:
        _place(filled.setdefault(first, {}), rest, value)


def _together_with(other: str) -> Callable[[Any, Any, Any], None]:
    """Return a check: an object of which half is given is not what a model takes."""

    def check(instance: Any, _: Any, value: Any) -> None:
        if value is not None and getattr(instance, other) is None:
            raise ValueError(f"goes together with '{camel(other)}', which is missing")

    return check


def _class(name: str, fields: dict[str, Any]) -> type:
    made = attrs.make_class(name, fields, frozen=True, kw_only=True)
    made.__doc__ = "What this model takes, by its upstream's own word."
    return made


def _default(field: attrs.Attribute[Any]) -> Any:
    made: Any = field.default
    return made.factory() if hasattr(made, "factory") else made


def _bare(value: Any) -> Any:
    return value.reveal() if isinstance(value, Secret) else value
