"""One generation from intent to end."""

from safelight.runner.endings import INTERRUPTED
from safelight.runner.runner import Runner
from safelight.runner.tools import Tools

__all__ = ["INTERRUPTED", "Runner", "Tools"]
