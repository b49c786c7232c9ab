"""What authors of provider plugins import in their tests; everything here is public and keeps its shape."""

import sys

if "pytest" in sys.modules:  # so that a law that is broken shows its values, as an author's own tests do
    sys.modules["pytest"].register_assert_rewrite("safelight.testing.conformance")

from safelight.testing.conformance import CannotHappen, ProviderLaws, Situation, Stage
from safelight.testing.opening import admitted, open_provider
from safelight.testing.service import Service, open_service
from safelight.testing.upstream import Call, FakeUpstream
from safelight.testing.weather import Answers, Breaks, Drips, Halves, Hangs, NeverEnds, Resets, Weather, Wraps

__all__ = [
    "Answers",
    "Breaks",
    "Call",
    "CannotHappen",
    "Drips",
    "FakeUpstream",
    "Halves",
    "Hangs",
    "NeverEnds",
    "ProviderLaws",
    "Resets",
    "Service",
    "Situation",
    "Stage",
    "Weather",
    "Wraps",
    "admitted",
    "open_provider",
    "open_service",
]
