"""What every runner works with."""

from __future__ import annotations

import attrs

from safelight.hub import Hub
from safelight.ports import Clock, Journal, Outputs


@attrs.frozen(kw_only=True)
class Tools:
    """
    The service as a runner sees it.

    Attributes:
        progress_seconds: Progress alone is journalled and shown at most this often.
    """

    journal: Journal
    outputs: Outputs
    hub: Hub
    clock: Clock
    progress_seconds: float
