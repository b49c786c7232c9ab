"""How long it may take yet: learned from what earlier runs of the same kind took, told with an interval, absent when not known."""

from safelight.estimates.durations import Durations
from safelight.estimates.forecast import Live, Wait, forecast
from safelight.estimates.kinds import Kind, kind_of
from safelight.estimates.learning import Estimates, Timing, open_estimates

__all__ = ["Durations", "Estimates", "Kind", "Live", "Timing", "Wait", "forecast", "kind_of", "open_estimates"]
