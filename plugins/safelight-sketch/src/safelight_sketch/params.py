"""What may be asked of the sketcher, and what an operator sets; forms and JSON Schema are built from these."""

from __future__ import annotations

import attrs
from attrs.validators import and_, ge, in_, le, optional

from safelight.providers import MAX_COUNT

_SIDE = and_(ge(64), le(1024))


@attrs.frozen(kw_only=True)
class Params:
    """The common parameters it takes."""

    width: int = attrs.field(default=512, validator=_SIDE, metadata={"description": "Width in pixels."})
    height: int = attrs.field(default=512, validator=_SIDE, metadata={"description": "Height in pixels."})
    steps: int = attrs.field(
        default=12, validator=and_(ge(1), le(50)), metadata={"description": "In how many steps each picture develops."}
    )
    seed: int | None = attrs.field(
        default=None,
        validator=optional(and_(ge(0), le(2**53 - 1))),
        metadata={"description": "The same prompt and seed give the same picture; chosen at random and reported when left out."},
    )
    count: int = attrs.field(
        default=1,
        validator=and_(ge(1), le(MAX_COUNT)),
        metadata={"description": "How many pictures; each takes the seed after the one before."},
    )


@attrs.frozen(kw_only=True)
class Options:
    """What only this provider takes."""

    seconds: float = attrs.field(
        default=2.5,
        validator=and_(ge(0.0), le(60.0)),
        metadata={"description": "How long developing takes in all, at least; 0 is as fast as it goes."},
    )
    format: str = attrs.field(
        default="png", validator=in_(("png", "jpeg", "webp")), metadata={"description": "The form of the finished picture."}
    )


@attrs.frozen(kw_only=True)
class Settings:
    """The keys of its `[providers.<name>]` table."""

    max_parallel: int = attrs.field(
        default=2,
        validator=and_(ge(1), le(64)),
        metadata={"description": "How many generations are painted at once; the others wait in line."},
    )
