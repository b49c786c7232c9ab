"""One generation from intent to end."""

from safelight.runner.attempts import NEVER_SENT, Attempts, intent
from safelight.runner.endings import INTERNAL, INTERRUPTED
from safelight.runner.owing import owing
from safelight.runner.retrying import Candidate, Route, attempts_at_most, named, still_there
from safelight.runner.runner import Runner
from safelight.runner.standing import wait_of
from safelight.runner.tools import Tools

__all__ = [
    "INTERNAL",
    "INTERRUPTED",
    "NEVER_SENT",
    "Attempts",
    "Candidate",
    "Route",
    "Runner",
    "Tools",
    "attempts_at_most",
    "intent",
    "named",
    "owing",
    "still_there",
    "wait_of",
]
