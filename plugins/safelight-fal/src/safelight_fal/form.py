"""What an endpoint takes: read from its OpenAPI document, or from the settings where it has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from safelight.providers.toolbox import Form, Schema, Unreadable, read_form, resolved
from safelight_fal.settings import Settings

USUAL = {
    "prompt": ("prompt",),
    "negative_prompt": ("negative_prompt",),
    "width": ("image_size.width", "width"),
    "height": ("image_size.height", "height"),
    "steps": ("num_inference_steps",),
    "guidance": ("guidance_scale", "cfg_scale"),
    "seed": ("seed",),
    "count": ("num_images",),
    "image": ("image_url",),
    "mask": ("mask_url", "mask_image_url"),
    "strength": ("strength",),
}
"""What endpoints usually call what we call so; the first that one has is taken."""

_SIZE = {"type": "integer", "minimum": 1, "maximum": 14142}
_COMMON: dict[str, Schema] = {
    "negative_prompt": {"type": "string"},
    "width": _SIZE,
    "height": _SIZE,
    "steps": {"type": "integer", "minimum": 1, "maximum": 1000},
    "guidance": {"type": "number", "minimum": 0},
    "seed": {"type": "integer"},
    "count": {"type": "integer", "minimum": 1},
    "image": {"type": "string"},
    "mask": {"type": "string"},
    "strength": {"type": "number", "minimum": 0, "maximum": 1},
}
"""What is asked of the common parameters where nobody says it better."""


def form_of_settings(settings: Settings) -> Form:
    """
    Return the form of an endpoint that is described by its operator.

    Raises:
        Unreadable: The settings contradict each other.
    """
    names = {ours: settings.inputs.get(ours, usual[0]) for ours, usual in _usual(settings).items()}
    properties: dict[str, Schema] = {names[ours]: _COMMON.get(ours, {"type": "string"}) for ours in names}
    properties |= {name.partition(".")[0]: {} for name in names.values() if "." in name}
    properties |= settings.options | {name: {} for name in settings.fixed}
    return read_form(
        properties,
        required={name for name, schema in settings.options.items() if schema.get("required") is True},
        components={},
        usual=_usual(settings),
        inputs=settings.inputs,
        fixed=settings.fixed,
    )


def form_of_document(document: Any, settings: Settings) -> Form:
    """
    Return the form of an endpoint that its OpenAPI document describes.

    Raises:
        Unreadable: Nobody could be told what the endpoint takes, or it takes no prompt.
    """
    components = _table(_table(document).get("components")).get("schemas")
    schemas = {name: schema for name, schema in _table(components).items() if isinstance(schema, Mapping)}
    taken, _ = resolved(_body(_table(_table(document).get("paths")), settings.endpoint), schemas)
    properties = {name: prop for name, prop in _table(taken.get("properties")).items() if isinstance(prop, Mapping)}
    if not properties:
        raise Unreadable(f"The document at schema_url does not say what '{settings.endpoint}' takes.")
    return read_form(
        dict(_with_places(properties, schemas)),
        required=taken.get("required") or (),
        components=schemas,
        usual=_usual(settings),
        inputs=settings.inputs,
        fixed=settings.fixed,
    )


def _usual(settings: Settings) -> dict[str, tuple[str, ...]]:
    return {ours: names for ours, names in USUAL.items() if ours in {"prompt", *settings.params, *settings.inputs}}


def _body(paths: Mapping[str, Any], endpoint: str) -> Schema:
    """Return the schema of what is posted to the endpoint, which is the only thing that is posted at all."""
    for path in sorted(paths, key=lambda path: path.strip("/") != endpoint):
        content = _table(_table(_table(_table(paths[path]).get("post")).get("requestBody")).get("content"))
        if schema := _table(_table(content.get("application/json")).get("schema")):
            return schema
    return {}


def _with_places(properties: Mapping[str, Schema], schemas: Mapping[str, Schema]) -> Iterator[tuple[str, Schema]]:
    """Yield the properties, and the places in them that a common parameter may stand for: a side of a size, the first of a list."""
    for name, prop in properties.items():
        yield name, prop
        found, _ = resolved(prop, schemas)
        choices = [part for part in found.get("anyOf") or found.get("oneOf") or () if isinstance(part, Mapping)]
        for choice in (resolved(part, schemas)[0] for part in (found, *choices)):
            inner = _table(choice.get("properties"))
            if {"width", "height"} <= set(inner):
                yield from ((f"{name}.{side}", _without_default(inner[side], schemas)) for side in ("width", "height"))
            elif choice.get("type") == "array" and isinstance(choice.get("items"), Mapping):
                yield f"{name}.0", choice["items"]


def _without_default(prop: Any, schemas: Mapping[str, Schema]) -> Schema:
    """A side's default is that of a size of which half was given; where none is given, the endpoint has another."""
    found, _ = resolved(_table(prop), schemas)
    return {key: value for key, value in found.items() if key != "default"}


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
