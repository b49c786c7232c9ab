"""What the last runs of one kind took, as quantiles in which older runs count less."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import attrs

KEPT = 128
"""Runs remembered; those before count for less than a thirtieth of the newest."""
HALF_LIFE = 24.0
"""After so many newer runs one counts half: a provider that got faster is believed within some dozens."""
ENOUGH = 3
"""Fewer runs than this tell nothing."""
COVERED = 0.9
_GAIN = 0.04
"""How far one miss moves the level; small enough that luck does not, large enough that a change of regime does."""
_LOWEST, _HIGHEST = 0.6, 0.995


@attrs.frozen
class Weighted:
    """A duration and how much it counts."""

    seconds: float
    weight: float


@attrs.define
class Durations:
    """
    The durations of one kind of run, in seconds, the newest last.

    The upper bound is kept honest by its own record (adaptive conformal inference, Gibbs and Candès 2021): every run
    that took longer than was said raises the level at which the next bound is read, every other lowers it by a ninth.

    Attributes:
        level: The quantile that is told as the 90th percentile.
    """

    seconds: list[float] = attrs.Factory(list)
    level: float = COVERED

    def learn(self, took: float) -> None:
        """Take in what one more run took, after judging what would have been said of it."""
        if self.is_known:
            is_missed = took > self.quantile(self.level)
            self.level = min(_HIGHEST, max(_LOWEST, self.level + _GAIN * (is_missed - (1 - COVERED))))
        self.seconds.append(took)
        del self.seconds[:-KEPT]

    @property
    def is_known(self) -> bool:
        """Whether there are enough runs to say anything."""
        return len(self.seconds) >= ENOUGH

    def weighted(self) -> list[Weighted]:
        """Return the runs, each with what it counts."""
        newest = len(self.seconds) - 1
        return [Weighted(took, 0.5 ** ((newest - place) / HALF_LIFE)) for place, took in enumerate(self.seconds)]

    def quantile(self, level: float) -> float:
        """Return the duration that a share of `level` stays within."""
        return quantile(self.weighted(), level)

    def dump(self) -> list[float]:
        """Return what is to be kept of it: the level, then the durations to the millisecond."""
        return [round(self.level, 4), *(round(took, 3) for took in self.seconds)]

    @classmethod
    def load(cls, kept: Iterable[float]) -> Self:
        """
        Return what `dump` gave.

        Raises:
            ValueError: It is nothing that `dump` gives.
        """
        level, *seconds = map(float, kept)
        if not _LOWEST <= level <= _HIGHEST or not all(0 <= took < float("inf") for took in seconds):
            raise ValueError("these are no durations")
        return cls(seconds=seconds[-KEPT:], level=level)


def quantile(runs: Sequence[Weighted], level: float) -> float:
    """
    Return the smallest duration that a share of `level` stays within; there must be one at least.

    The run that is yet to come counts as one more, longer than all: with few runs the answer leans to the long side.
    """
    ordered = sorted(runs, key=lambda run: run.seconds)
    wanted = level * (sum(run.weight for run in ordered) + 1.0) if level > 0.5 else level * sum(run.weight for run in ordered)
    reached = 0.0
    for run in ordered:
        reached += run.weight
        if reached >= wanted:
            return run.seconds
    return ordered[-1].seconds
