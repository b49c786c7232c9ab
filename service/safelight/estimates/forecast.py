"""What is left of a run, from what earlier ones took, how far it has come, and who stands before it."""

from __future__ import annotations

import math

import attrs

from safelight.estimates.durations import Durations
from safelight.status import Eta

_NINTH_DECILE = 1.2816
"""Standard deviations from the middle of a normal distribution to its 90th percentile."""

_LEAST = 0.01
"""With less done than this, progress points nowhere."""


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
    middle, most = history.quantile(0.5, live.elapsed), history.quantile(history.level, live.elapsed)
    if middle is None or most is None:
        return None  # it has taken longer than any before: there is nothing to go by
    p50, p90 = _drawn(middle, live) - live.elapsed, _drawn(max(middle, most), live) - live.elapsed
    if wait is None or wait.ahead < 1:
        return Eta(p50=_tidy(p50), p90=_tidy(p90), basis="history", samples=len(history.seconds))
    if not wait.seconds.is_known:
        return None
    mean, variance = wait.seconds.moments()
    queued = mean * wait.ahead / wait.at_once
    spread = _NINTH_DECILE * math.sqrt(variance * wait.ahead) / wait.at_once  # of independent runs, spreads grow as the root
    p50, p90 = p50 + queued, p50 + queued + math.hypot(spread, p90 - p50)
    return Eta(p50=_tidy(p50), p90=_tidy(p90), basis="queue", samples=len(wait.seconds.seconds))


def _drawn(seconds: float, live: Live) -> float:
    """Move a past length towards `elapsed / fraction`, on a scale where half as long is as far as twice as long."""
    if live.fraction is None or live.fraction < _LEAST or live.elapsed <= 0:
        return seconds
    fraction = min(1.0, live.fraction)
    return math.exp((1 - fraction) * math.log(seconds) + fraction * math.log(live.elapsed / fraction))


def _tidy(seconds: float) -> float:
    """Three digits say all there is to say."""
    return round(max(0.0, seconds), 1 if seconds < 100 else 0)
