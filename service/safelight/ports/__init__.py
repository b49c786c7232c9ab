"""What behaviour needs of the outside: a journal, a place for bytes, a clock. Engines implement these, `core` picks them."""

from safelight.ports.clock import Clock, SystemClock
from safelight.ports.deliveries import Delivery
from safelight.ports.journal import (
    EVERY_STATE,
    Entry,
    Journal,
    Keyed,
    Page,
    Place,
    Story,
    Tombstone,
    Unfinished,
    first_status,
)
from safelight.ports.outputs import Kept, Outputs

__all__ = [
    "EVERY_STATE",
    "Clock",
    "Delivery",
    "Entry",
    "Journal",
    "Kept",
    "Keyed",
    "Outputs",
    "Page",
    "Place",
    "Story",
    "SystemClock",
    "Tombstone",
    "Unfinished",
    "first_status",
]
