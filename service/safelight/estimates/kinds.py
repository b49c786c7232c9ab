"""Which runs can be compared: the same provider and model, about the same size, the same number of steps."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import attrs

from safelight.generation import Request

_MEGAPIXEL = 1024 * 1024
_MAX_WORD = 120


@attrs.frozen
class Kind:
    """
    What runs have in common.

    Attributes:
        size: Pixels in all pictures asked for, as half a power of two around a megapixel; None: the provider's own choice.
        steps: As asked for.
    """

    provider: str
    model: str | None = None
    size: int | None = None
    steps: int | None = None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What it is kept under: as it is, by its model, by its provider alone; the nearest first."""
        model = (self.model or "")[:_MAX_WORD]
        whole = f"{self.provider}|{model}|{_word(self.size)}|{_word(self.steps)}"
        return tuple(dict.fromkeys((whole, f"{self.provider}|{model}", self.provider)))


def kind_of(provider: str, request: Request[Any, Any]) -> Kind:
    """Return the kind of a request as one provider was given it."""
    width, height = _whole(request.params, "width"), _whole(request.params, "height")
    count = _whole(request.params, "count") or 1
    size = round(2 * math.log2(width * height * count / _MEGAPIXEL)) if width and height else None
    return Kind(provider, request.model, size, _whole(request.params, "steps"))


def _whole(params: Any, name: str) -> int | None:
    value = getattr(params, name, None)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _word(number: int | None) -> str:
    return "-" if number is None else str(number)
