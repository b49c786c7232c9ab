"""Figures in words, the same on the terminal and on the page."""

from __future__ import annotations

from typing import Any

from bench.measuring.spread import Spread


def number(value: float) -> str:
    """Return a number with three digits that count, and thousands apart; a whole one as it is."""
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def spread(values: Spread) -> str:
    """Return the middle, and in brackets from where to where if the rounds stray."""
    middle, least, most = map(number, (values.median, values.least, values.most))
    return middle if least == most else f"{middle} ({least}–{most})"


def verdict(said: dict[str, Any]) -> str:
    """Return what became of a goal, in one line."""
    got = Spread(**said["got"])
    sign = "≥" if said["is_least"] else "≤"
    word = "met" if said["is_met"] else "MISSED"
    return f"{word}: {said['goal']} · {said['case']}: {spread(got)} {said['unit']}, wanted {sign} {number(said['bound'])}"
