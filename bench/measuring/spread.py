"""What came of several rounds: the middle, and how far it strays."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import attrs


@attrs.frozen
class Spread:
    """The least, the middle and the most of some values."""

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """
        Return the spread of values.

        Raises:
            ValueError: There are none.
        """
        if not values:
            raise ValueError("a spread needs values")
        return cls(min(values), statistics.median(values), max(values))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, ...]:
    """
    Return the ratio of each round: what both did within a minute of each other, on the machine as it was then.

    Raises:
        ValueError: They are not of the same rounds, or one of theirs is nothing.
    """
    if len(ours) != len(theirs) or not ours:
        raise ValueError(f"rounds do not match: {len(ours)} of ours, {len(theirs)} of theirs")
    if any(value <= 0 for value in theirs):
        raise ValueError("a ratio to nothing")
    return tuple(own / other for own, other in zip(ours, theirs, strict=True))
