"""What is left of a run, from what earlier ones took, how far it has come, and who stands before it."""

from __future__ import annotations

import math

import attrs

from safelight.estimates.durations import Durations, Weighted, quantile
from safelight.status import Eta

_NINTH_DECILE = 1.2816
"""Standard deviations from the middle of a normal distribution to its 90th percentile."""


@attrs.frozen(kw_only=True)
class Live:
    """
    How far a run has come.

    Attributes:
        elapsed: Seconds since it began.
        fraction: Work done, 0.0 to 1.0; None where the provider does not say.
    """

    elapsed: float = 0.0
    fraction: float | None = None


@attrs.frozen(kw_only=True)
class Wait:
    """
    What stands before a run.

    Attributes:
        ahead: How many are to end before it begins.
        at_once: How many run side by side.
        seconds: What one of those takes.
    """

    ahead: int
    at_once: int
    seconds: Durations


def forecast(history: Durations, live: Live, wait: Wait | None = None) -> Eta | None:
    """
    Return the seconds to the end, None where nothing honest can be said.

    Runs that were over by now are left out of account. With progress each of the others is drawn towards the length
    that the progress points to, the more so the further it has come: so the interval closes as the end comes near.
    """
    if not history.is_known:
        return None
    longer = [run for run in history.weighted() if run.seconds > live.elapsed]
    if not longer:
        return None  # it has taken longer than any before: there is nothing to go by
    left = [Weighted(_drawn(run.seconds, live) - live.elapsed, run.weight) for run in longer]
    p50, p90 = quantile(left, 0.5), quantile(left, history.level)
    if wait is None or wait.ahead < 1:
        return Eta(p50=_tidy(p50), p90=_tidy(max(p50, p90)), basis="history", samples=len(history.seconds))
    if not wait.seconds.is_known:
        return None
    middle, spread = _queued(wait)
    p50, p90 = p50 + middle, p50 + middle + math.hypot(spread, p90 - p50)
    return Eta(p50=_tidy(p50), p90=_tidy(p90), basis="queue", samples=len(wait.seconds.seconds))


def _drawn(seconds: float, live: Live) -> float:
    """Move a past length towards `elapsed / fraction`, on a scale where half as long is as far as twice as long."""
    if not live.fraction or live.elapsed <= 0:
        return seconds
    fraction = min(1.0, live.fraction)
    return math.exp((1 - fraction) * math.log(seconds) + fraction * math.log(live.elapsed / fraction))


def _queued(wait: Wait) -> tuple[float, float]:
    """Return the expected wait and how far its 90th percentile lies above: of independent runs, spreads grow as the root."""
    runs = wait.seconds.weighted()
    weight = sum(run.weight for run in runs)
    mean = sum(run.seconds * run.weight for run in runs) / weight
    variance = sum((run.seconds - mean) ** 2 * run.weight for run in runs) / weight
    return mean * wait.ahead / wait.at_once, _NINTH_DECILE * math.sqrt(variance * wait.ahead) / wait.at_once


def _tidy(seconds: float) -> float:
    """Three digits say all there is to say."""
    return round(max(0.0, seconds), 1 if seconds < 100 else 0)
