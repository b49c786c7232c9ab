"""What an attempt waits for before it is handed in, as far as that can be reckoned."""

from __future__ import annotations

from safelight.estimates import Durations, Estimates, Wait
from safelight.slots import Seat


def wait_of(seat: Seat | None, estimates: Estimates, provider: str) -> Wait | None:
    """Return who stands before a seat, None where nobody does; of a queue for an upstream's own limits nothing is known."""
    if seat is None or seat.place is None:
        return None
    if not seat.at_once:
        return Wait(ahead=1, at_once=1, seconds=Durations())
    ahead = seat.place.position + 1  # those in the queue, and whoever has to give the slot back
    return Wait(ahead=ahead, at_once=seat.at_once, seconds=estimates.of_provider("work", provider))
