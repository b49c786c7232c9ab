"""What Cog and Replicate have in common: how a model is described, and what a prediction holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from safelight.providers.toolbox.forms import Form, Unreadable, read_form
from safelight.updates import Failed

_ADDRESS = re.compile(r"(?:data:|https?://)", re.IGNORECASE)
_BLOCKED = re.compile(r"\bnsfw\b|safety (?:checker|filter)|content policy|flagged as sensitive", re.IGNORECASE)
_WRAPPING = re.compile(r"^(?:Prediction failed: )+")

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


def read_document(document: Any, *, inputs: Mapping[str, str], fixed: Mapping[str, Any]) -> Described:
    """
    Read a model's OpenAPI document.

    Args:
        inputs: Which property takes what is ours, where the operator says so.
        fixed: What the operator has settled.

    Raises:
        Unreadable: Nobody could be told what the model takes, or it takes no prompt.
    """
    components = _table(_table(document).get("components")).get("schemas")
    schemas = {name: schema for name, schema in _table(components).items() if isinstance(schema, Mapping)}
    taken = schemas.get("Input", {})
    properties = {name: prop for name, prop in _table(taken.get("properties")).items() if isinstance(prop, Mapping)}
    if not properties or taken.get("type", "object") != "object":
        raise Unreadable("It is not said what the model takes (no Input in its OpenAPI document).")
    form = read_form(
        properties,
        required=taken.get("required") or (),
        components=schemas,
        usual=USUAL,
        inputs=inputs,
        fixed=fixed,
    )
    post = _table(_table(_table(_table(document).get("paths")).get("/predictions")).get("post"))
    return Described(
        input=form,
        is_streaming=post.get("x-cog-streaming") is True,
        is_concatenated=schemas.get("Output", {}).get("x-cog-array-display") == "concatenate",
    )


def items_of(output: Any) -> list[Any]:
    """Return the single outputs of a prediction."""
    if output is None:
        return []
    return output if isinstance(output, list) else [output]


def files_of(item: Any) -> Iterator[str]:
    """Yield the files in an output, as URLs and `data:` URLs; it may be an object that holds some."""
    if isinstance(item, str):
        if _ADDRESS.match(item):
            yield item
    elif isinstance(item, dict | list):
        for part in item.values() if isinstance(item, dict) else item:
            yield from files_of(part)


def texts_of(output: Any, *, is_concatenated: bool) -> list[str]:
    """Return the outputs that hold something, but no file; they are whole only at the end."""
    others = [item for item in items_of(output) if item not in (None, "") and not any(files_of(item))]
    texts = [item if isinstance(item, str) else json.dumps(item) for item in others]
    return ["".join(texts)] if texts and is_concatenated else texts


def failure_of(error: Any) -> Failed:
    """Return how a model failed, by its own words."""
    sentence = _WRAPPING.sub("", str(error or "The model failed without a reason."))
    return Failed(sentence, code="content_policy" if _BLOCKED.search(sentence) else "provider_rejected")


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
