"""The common parameters a simulated model takes, and what they come to for one run."""

from __future__ import annotations

from random import Random
from typing import Any

import attrs
from attrs.validators import and_, ge, le, max_len, optional

from safelight.providers import MAX_COUNT, Request

MAX_SIDE = 2048
_SIDE = and_(ge(16), le(MAX_SIDE))


@attrs.frozen(kw_only=True)
class Params:
    """What the simulated model takes; size, count, steps and seed show, the rest is accepted as a real model would."""

    width: int = attrs.field(default=512, validator=_SIDE, metadata={"description": "Width of the picture in pixels."})
    height: int = attrs.field(default=512, validator=_SIDE, metadata={"description": "Height of the picture in pixels."})
    steps: int = attrs.field(
        default=8,
        validator=and_(ge(1), le(150)),
        metadata={"description": "Sampling steps; the scenarios report progress once for each."},
    )
    seed: int | None = attrs.field(
        default=None,
        validator=optional(and_(ge(0), le(2**53 - 1))),
        metadata={"description": "Same seed, same pictures and same jitter; the prompt's own unless given."},
    )
    count: int = attrs.field(
        default=1, validator=and_(ge(1), le(MAX_COUNT)), metadata={"description": "How many pictures a scenario produces."}
    )
    negative_prompt: str | None = attrs.field(
        default=None, validator=optional(max_len(10_000)), metadata={"description": "What not to paint; changes nothing here."}
    )
    guidance: float | None = attrs.field(
        default=None,
        validator=optional(and_(ge(0.0), le(50.0))),
        metadata={"description": "How closely to follow the prompt; changes nothing here."},
    )
    strength: float | None = attrs.field(
        default=None,
        validator=optional(and_(ge(0.0), le(1.0))),
        metadata={"description": "How far from a given image; changes nothing here."},
    )


@attrs.frozen
class Scene:
    """What every picture of one run has in common: pixels, and the seed the colours come from."""

    width: int
    height: int
    seed: int


def scene_of(request: Request[Params, Any]) -> Scene:
    """Return the scene of a request; without a seed of its own the prompt decides."""
    params = request.params
    # neither a secret nor a lottery: the same prompt has to give the same pictures
    seed = Random(request.prompt).getrandbits(32) if params.seed is None else params.seed  # noqa: S311
    return Scene(params.width, params.height, seed)
