"""What one model takes, read from its server's own OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from safelight.providers.toolbox import Form, Unreadable, read_form
from safelight_cog.settings import Settings

USUAL = {
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


@attrs.frozen(kw_only=True)
class Described:
    """
    What a model takes, and how it answers.

    Attributes:
        input: What it takes.
        is_streaming: Whether a prediction can be listened to over SSE.
        is_concatenated: Whether pieces of text in its output are one text.
    """

    input: Form
    is_streaming: bool
    is_concatenated: bool


def read_document(document: Any, settings: Settings) -> Described:
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
    form = read_form(
        properties,
        required=taken.get("required") or (),
        components=schemas,
        usual=USUAL,
        inputs=settings.inputs,
        fixed=settings.fixed,
    )
    post = _table(_table(_table(_table(document).get("paths")).get("/predictions")).get("post"))
    return Described(
        input=form,
        is_streaming=post.get("x-cog-streaming") is True,
        is_concatenated=schemas.get("Output", {}).get("x-cog-array-display") == "concatenate",
    )


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
