"""The figures and the picture of `etas.md`: `python docs/explanation/etas.py` makes them anew, a test compares."""

from __future__ import annotations

import math
import random
import re
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from safelight.estimates import Durations, Live, forecast

HERE = Path(__file__).parent
RUNS = 600
SEEDS = range(5)
_PART = re.compile(r"(<!-- made by etas\.py -->\n).*?(<!-- end -->)", re.DOTALL)


def _steady(rng: random.Random, _: int) -> float:
    return rng.lognormvariate(math.log(8), 0.15)


def _drifting(rng: random.Random, place: int) -> float:
    return rng.lognormvariate(math.log(5 * (1 + 2 * place / RUNS)), 0.2)


def _cold_starts(rng: random.Random, _: int) -> float:
    return max(1.0, rng.gauss(35, 4)) if rng.random() < 0.2 else rng.lognormvariate(math.log(5), 0.15)


def _heavy_tailed(rng: random.Random, _: int) -> float:
    return 3 * rng.paretovariate(1.5)


def _changing(rng: random.Random, place: int) -> float:
    return rng.lognormvariate(math.log((4, 12, 2, 25)[place * 4 // RUNS]), 0.2)


MAKERS: dict[str, Callable[[random.Random, int], float]] = {
    "steady": _steady,
    "drift, to three times as long": _drifting,
    "cold starts, one in five": _cold_starts,
    "heavy tail": _heavy_tailed,
    "regime change, four": _changing,
}


def history(name: str, seed: int) -> list[float]:
    """Return the durations of one history, in seconds, the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - a history to be repeated
    return [MAKERS[name](rng, place) for place in range(RUNS)]


@attrs.frozen(kw_only=True)
class Score:
    """
    How good the forecasts of one history were.

    Attributes:
        coverage: The share of runs that ended within p90.
        error: The median error of p50, as a share of that of the running mean.
    """

    coverage: float
    error: float


def score(durations: Sequence[float], *, at: float = 0.0, progress: bool = False) -> Score:
    """
    Score forecasts, each before its run is learned from; runs that nothing was said of do not count.

    Args:
        at: The share of the run's own length that is over when it is asked.
        progress: Whether the run says how far it has come.
    """
    learned, total = Durations(), 0.0
    told: list[bool] = []
    ours: list[float] = []
    means: list[float] = []
    for count, took in enumerate(durations):
        elapsed = at * took
        eta = forecast(learned, Live(elapsed=elapsed, fraction=at if progress else None))
        if eta is not None and eta.p90 is not None:
            left = took - elapsed
            told.append(left <= eta.p90 + 0.05)  # it is told to a tenth of a second
            ours.append(abs(left - eta.p50))
            means.append(abs(left - max(0.0, total / count - elapsed)))
        learned.learn(took)
        total += took
    return Score(coverage=sum(told) / len(told), error=statistics.median(ours) / statistics.median(means))


def table() -> str:
    """Return the scores as a table, the worst and the best of the seeds where they differ."""
    lines = ["| history | within p90 | p50's error ÷ the mean's | in mid-run, with progress |", "|---|---|---|---|"]
    for name in MAKERS:
        scores = [score(history(name, seed)) for seed in SEEDS]
        half = [score(history(name, seed), at=0.5, progress=True) for seed in SEEDS]
        lines.append(
            f"| {name} | {_percents([one.coverage for one in scores])} | {_shares([one.error for one in scores])} "
            f"| {_shares([one.error for one in half])} |"
        )
    return "\n".join(lines)


def page(text: str) -> str:
    """Return the page with its table as it should be."""
    return _PART.sub(lambda part: f"{part[1]}\n{table()}\n\n{part[2]}", text)


def picture() -> str:
    """Return a drawing of one history with what was said before each run: the band from p50 to p90, and the runs as dots."""
    durations = history("regime change, four", 0)
    learned, low, high, dots = Durations(), [], [], []
    for place, took in enumerate(durations):
        x = 40 + place
        eta = forecast(learned, Live())
        if eta is not None and eta.p90 is not None:
            low.append(f"{x},{_height(eta.p50)}")
            high.append(f"{x},{_height(eta.p90)}")
        if place % 2 == 0:
            dots.append(f'<circle cx="{x}" cy="{_height(took)}" r="1.3"/>')
        learned.learn(took)
    band = " ".join([*low, *reversed(high)])
    ticks = "".join(
        f'<text x="34" y="{_height(seconds) + 4}" text-anchor="end">{seconds}</text>'
        f'<path d="M40 {_height(seconds)}H640" stroke="#8885"/>'
        for seconds in (1, 2, 5, 10, 20, 50)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 270" font-family="system-ui,sans-serif" font-size="11" fill="#888">'
        "<title>Seconds a run took, and what was said before it</title>"
        f'{ticks}<polygon points="{band}" fill="#e0524066"/><polyline points="{" ".join(low)}" fill="none" stroke="#e05240"/>'
        f'<g fill="#888">{"".join(dots)}</g><text x="40" y="262">dots: seconds each of {RUNS} runs took, on a scale of powers; '
        "band: from the p50 to the p90 said before it</text></svg>\n"
    )


def _height(seconds: float) -> float:
    return round(240 - 55 * math.log2(max(1.0, seconds)) * 0.72, 1)


def _percents(shares: Sequence[float]) -> str:
    return f"{min(shares):.1%} to {max(shares):.1%}"


def _shares(shares: Sequence[float]) -> str:
    return f"{min(shares):.2f} to {max(shares):.2f}"


if __name__ == "__main__":
    (HERE / "etas.svg").write_text(picture(), encoding="utf-8")
    (HERE / "etas.md").write_text(page((HERE / "etas.md").read_text(encoding="utf-8")), encoding="utf-8")
