"""What every runner works with."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import attrs

from safelight.breaker import Breaker
from safelight.estimates import Estimates
from safelight.hub import Hub
from safelight.pokes import Pokes
from safelight.ports import Clock, Journal, Outputs
from safelight.slots import Slots


@attrs.frozen(kw_only=True)
class Tools:
    """
    The service as a runner sees it.

    Attributes:
        breakers: One for each provider instance, by its name.
        slots: Those of each provider instance, by its name.
        estimates: What runs took so far.
        progress_seconds: Progress alone is journalled and shown at most this often.
        pokes: Who can be woken by a webhook.
        owed: Set when something new is owed to a caller's webhook.
    """

    journal: Journal
    outputs: Outputs
    hub: Hub
    clock: Clock
    breakers: Mapping[str, Breaker]
    slots: Mapping[str, Slots]
    progress_seconds: float
    estimates: Estimates = attrs.field(factory=Estimates)
    pokes: Pokes = attrs.field(factory=Pokes)
    owed: asyncio.Event = attrs.field(factory=asyncio.Event)
