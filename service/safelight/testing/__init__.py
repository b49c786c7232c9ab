"""What authors of provider plugins import in their tests; everything here is public and keeps its shape."""

from safelight.testing.opening import admitted, open_provider
from safelight.testing.service import Service, open_service
from safelight.testing.upstream import Call, FakeUpstream
from safelight.testing.weather import Answers, Breaks, Drips, Halves, Hangs, NeverEnds, Resets, Weather, Wraps

__all__ = [
    "Answers",
    "Breaks",
    "Call",
    "Drips",
    "FakeUpstream",
    "Halves",
    "Hangs",
    "NeverEnds",
    "Resets",
    "Service",
    "Weather",
    "Wraps",
    "admitted",
    "open_provider",
    "open_service",
]
