"""What the last runs of one kind took, as quantiles in which older runs count less."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
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
_STALE = 16
"""Runs are put in order again once a sixteenth of them is new: who learns a thousand a second sorts seldom."""
_WEIGHTS = tuple(0.5 ** (age / HALF_LIFE) for age in range(KEPT))


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
    _ordered: list[float] = attrs.field(factory=list, init=False, repr=False, eq=False)
    _weights: list[float] = attrs.field(factory=list, init=False, repr=False, eq=False)
    _news: int = attrs.field(default=0, init=False, repr=False, eq=False)

    def learn(self, took: float) -> None:
        """Take in what one more run took, after judging what would have been said of it."""
        if self.is_known:
            is_missed = took > (self.quantile(self.level) or 0.0)
            self.level = min(_HIGHEST, max(_LOWEST, self.level + _GAIN * (is_missed - (1 - COVERED))))
        self.seconds.append(took)
        del self.seconds[:-KEPT]
        self._news += 1

    @property
    def is_known(self) -> bool:
        """Whether there are enough runs to say anything."""
        return len(self.seconds) >= ENOUGH

    def quantile(self, level: float, over: float = -1.0) -> float | None:
        """
        Return the smallest duration that a share of `level` of the runs longer than `over` stays within; None without any.

        Above the middle, the run that is yet to come counts as one more, longer than all: with few runs the answer
        leans to the long side.
        """
        self._sort()
        first = bisect_right(self._ordered, over)
        if first == len(self._ordered):
            return None
        before = self._weights[first - 1] if first else 0.0
        whole = self._weights[-1] - before
        place = bisect_left(self._weights, before + level * (whole + (level > 0.5)), first)
        return self._ordered[min(place, len(self._ordered) - 1)]

    def moments(self) -> tuple[float, float]:
        """Return the mean and the variance."""
        weights = _WEIGHTS[: len(self.seconds)][::-1]
        whole = sum(weights)
        mean = sum(took * weight for took, weight in zip(self.seconds, weights, strict=True)) / whole
        return mean, sum((took - mean) ** 2 * weight for took, weight in zip(self.seconds, weights, strict=True)) / whole

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

    def _sort(self) -> None:
        """Put the runs in order, with the weight of each and all before it, unless that was done not long ago."""
        if self._ordered and self._news * _STALE <= len(self.seconds):
            return
        if self._ordered and not self._news:
            return
        pairs = sorted(zip(self.seconds, _WEIGHTS[: len(self.seconds)][::-1], strict=True))
        self._ordered = [took for took, _ in pairs]
        self._weights = list(accumulate(weight for _, weight in pairs))
        self._news = 0
