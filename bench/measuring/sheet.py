"""The sheet of a row: every figure of every round, and what they say about its goals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from bench.measuring.spread import Spread, ratios


class Wrong(Exception):
    """A round did not do what it measures: a figure from it would be worth nothing."""


@attrs.frozen(kw_only=True)
class Figure:
    """What one server came to in one case, round by round."""

    unit: str
    case: str
    who: str
    values: tuple[float, ...]

    @property
    def spread(self) -> Spread:
        """The middle of the rounds, and how far they stray."""
        return Spread.of(self.values)


@attrs.frozen(kw_only=True)
class Verdict:
    """
    A goal against what was measured; the median decides.

    Attributes:
        goal: What is wanted, in words.
        unit: Of `got` and `bound`.
        is_least: Whether the bound is the least that is wanted, and not the most.
    """

    goal: str
    case: str
    unit: str
    got: Spread
    bound: float
    is_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the median keeps to the bound."""
        return self.got.median >= self.bound if self.is_least else self.got.median <= self.bound


class Sheet:
    """
    What a row has found so far.

    Attributes:
        verdicts: One for each goal and case.
        untried: Goals that could not be judged, and why.
        remarks: What has to be known with the figures.
    """

    def __init__(self) -> None:
        self.verdicts: list[Verdict] = []
        self.untried: list[str] = []
        self.remarks: list[str] = []
        self._values: dict[tuple[str, str, str], list[float]] = {}

    def note(self, unit: str, case: str, who: str, value: float) -> None:
        """Write down one round."""
        self._values.setdefault((unit, case, who), []).append(value)

    def remark(self, sentence: str) -> None:
        """Say something about the figures, once."""
        if sentence not in self.remarks:
            self.remarks.append(sentence)

    @property
    def figures(self) -> list[Figure]:
        """Everything noted, in the order it first came."""
        return [Figure(unit=unit, case=case, who=who, values=tuple(values)) for (unit, case, who), values in self._values.items()]

    def values(self, unit: str, case: str, who: str) -> Sequence[float]:
        """Return the rounds of one figure; nothing if there were none."""
        return self._values.get((unit, case, who), ())

    def compare(self, goal: str, unit: str, case: str, other: str, bound: float, *, who: str = "safelight") -> None:
        """Judge the ratio to another server in the same case; one that is not at hand leaves the goal untried, and says so."""
        theirs = self.values(unit, case, other)
        if not theirs:
            self.untried.append(f"{goal}, {case}: {other} was not at hand")
            return
        self.judge(goal, case, "×", ratios(self.values(unit, case, who), theirs), bound)

    def judge(self, goal: str, case: str, unit: str, values: Sequence[float], bound: float, *, is_least: bool = False) -> None:
        """Judge values against a bound."""
        self.verdicts.append(
            Verdict(goal=goal, case=case, unit=unit, got=Spread.of(values), bound=bound, is_least=is_least),
        )


def as_plain(sheet: Sheet) -> dict[str, Any]:
    """Return a sheet as it is kept in a file of results."""
    return {
        "figures": [attrs.asdict(figure) for figure in sheet.figures],
        "verdicts": [attrs.asdict(verdict) | {"is_met": verdict.is_met} for verdict in sheet.verdicts],
        "untried": sheet.untried,
        "remarks": sheet.remarks,
    }
