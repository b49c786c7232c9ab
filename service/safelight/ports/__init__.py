"""What behaviour needs of the outside: a journal, a place for bytes, a clock. Engines implement these, `core` picks them."""

from safelight.ports.clock import Clock, SystemClock
from safelight.ports.journal import EVERY_STATE, Journal, Keyed, Page, Place, Tombstone, Unfinished, first_status
from safelight.ports.outputs import Kept, Outputs

__all__ = [
    "EVERY_STATE",
    "Clock",
    "Journal",
    "Kept",
    "Keyed",
    "Outputs",
    "Page",
    "Place",
    "SystemClock",
    "Tombstone",
    "Unfinished",
    "first_status",
]
