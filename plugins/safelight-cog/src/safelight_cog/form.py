"""What one model takes, read from its server's own OpenAPI document: our parameters, its options, and its input filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from safelight.providers import COMMON_PARAMS, MAX_COUNT, InvalidParams, Request, Secret
from safelight_cog.properties import Schema, field_of
from safelight_cog.settings import Settings

_USUAL = {
    "prompt": ("prompt",),
    "negative_prompt": ("negative_prompt",),
    "width": ("width",),
    "height": ("height",),
    "steps": ("num_inference_steps", "steps", "num_steps"),
    "guidance": ("guidance_scale", "guidance", "cfg_scale", "cfg"),
    "seed": ("seed",),
    "count": ("num_outputs", "num_images", "num_images_per_prompt"),
    "image": ("image", "input_image", "init_image"),
    "mask": ("mask", "mask_image"),
    "strength": ("prompt_strength", "strength", "denoising_strength"),
}
"""What models usually call what we call so; the first that a model has is taken."""


class Unreadable(ValueError):
    """The document does not say what is needed; the sentence is for the operator."""


@attrs.frozen(kw_only=True)
class Form:
    """
    What a model takes.

    Attributes:
        params: The common parameters that it has, under our names.
        options: Its other properties, under its own.
        names: The property behind our `prompt` and each of `params`.
        fixed: What the operator has settled.
        is_streaming: Whether a prediction can be listened to over SSE.
        is_concatenated: Whether pieces of text in its output are one text.
    """

    params: type
    options: type
    names: Mapping[str, str]
    fixed: Mapping[str, Any]
    is_streaming: bool
    is_concatenated: bool

    def fill(self, request: Request[Any, Any]) -> dict[str, Any]:
        """
        Return the model's input; what stands at its default is left to the server.

        Raises:
            InvalidParams: The server has changed since the request was admitted, and no longer takes all of it.
        """
        if request.model is not None:
            raise InvalidParams("model: a Cog server has one model, which cannot be chosen.")
        said = {self.names[name]: value for name, value in self._said(request.params, self.names)}
        options = {field.name for field in attrs.fields(self.options)}
        said |= dict(self._said(request.options, options))
        return said | {self.names["prompt"]: request.prompt} | {name: _bare(value) for name, value in self.fixed.items()}

    def path_of(self, prop: str) -> str:
        """Return what callers call a property of the input."""
        ours = next((name for name, theirs in self.names.items() if theirs == prop), None)
        if ours == "prompt":
            return ours
        return f"params.{_camel(ours)}" if ours else f"options.{_camel(prop)}"

    def _said(self, part: Any, known: Mapping[str, str] | set[str]) -> Iterator[tuple[str, Any]]:
        for field in attrs.fields(type(part)):
            value = getattr(part, field.name)
            if value == _default(field):
                continue
            if field.name not in known:
                raise InvalidParams(f"The model no longer takes '{_camel(field.name)}'.")
            yield field.name, value


def read_form(document: Any, settings: Settings) -> Form:
    """
    Read a server's `/openapi.json`.

    Raises:
        Unreadable: Nobody could be told what the model takes, or it takes no prompt.
    """
    components = _table(_table(document).get("components")).get("schemas")
    schemas = {name: schema for name, schema in _table(components).items() if isinstance(schema, Mapping)}
    taken = schemas.get("Input", {})
    properties = {name: prop for name, prop in _table(taken.get("properties")).items() if isinstance(prop, Mapping)}
    if not properties or taken.get("type", "object") != "object":
        raise Unreadable("The Cog server does not say what its model takes (no Input in /openapi.json).")
    names = dict(_names(properties, settings))
    if missing := [name for name in (*names.values(), *settings.fixed) if name not in properties]:
        raise Unreadable(f"The model takes no '{missing[0]}'; it takes: {', '.join(properties)}.")
    if "prompt" not in names:
        raise Unreadable(f"The model takes no 'prompt'; set inputs.prompt to one of: {', '.join(properties)}.")
    required = set(taken.get("required") or ()) - set(settings.fixed)

    def fields(wanted: Mapping[str, str]) -> dict[str, Any]:
        return {
            ours: field_of(
                properties[theirs], schemas, is_required=theirs in required, at_most=MAX_COUNT if ours == "count" else None
            )
            for ours, theirs in wanted.items()
        }

    rest = {name: name for name in properties if name not in {*names.values(), *settings.fixed}}
    if len({_camel(name) for name in rest}) < len(rest):
        raise Unreadable("Two properties of the model's input differ only in how words are parted.")
    output = schemas.get("Output", {})
    post = _table(_table(_table(_table(document).get("paths")).get("/predictions")).get("post"))
    return Form(
        params=_class("Params", fields({name: prop for name, prop in names.items() if name in COMMON_PARAMS})),
        options=_class("Options", fields(rest)),
        names=names,
        fixed=settings.fixed,
        is_streaming=post.get("x-cog-streaming") is True,
        is_concatenated=output.get("x-cog-array-display") == "concatenate",
    )


def _names(properties: Mapping[str, Schema], settings: Settings) -> Iterator[tuple[str, str]]:
    spoken_for = {*settings.fixed, *settings.inputs.values()}
    for ours, usual in _USUAL.items():
        found = [name for name in usual if name in properties and name not in spoken_for]
        if theirs := settings.inputs.get(ours) or next(iter(found), None):
            yield ours, theirs


def _class(name: str, fields: dict[str, Any]) -> type:
    made = attrs.make_class(name, fields, frozen=True, kw_only=True)
    made.__doc__ = "What this model takes, by its server's own word."
    return made


def _default(field: attrs.Attribute[Any]) -> Any:
    made: Any = field.default
    return made.factory() if hasattr(made, "factory") else made


def _bare(value: Any) -> Any:
    return value.reveal() if isinstance(value, Secret) else value


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
