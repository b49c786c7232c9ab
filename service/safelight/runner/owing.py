"""What a status owes to the caller's webhook."""

from __future__ import annotations

from datetime import datetime

from safelight.generation import Occasion, Webhook
from safelight.ports import Delivery
from safelight.status import State, Status


def owing(webhook: Webhook | None, before: Status, status: Status, at: datetime) -> Delivery | None:
    """
    Return the delivery that a status causes, None where the caller did not ask to hear of it.

    Args:
        before: The status that was shown last.
        at: The present, when the delivery is due.
    """
    if webhook is None:
        return None
    happened = {
        Occasion.PROCESSING: status.state is State.PROCESSING and before.state is not State.PROCESSING,
        Occasion.OUTPUT: len(status.outputs) > len(before.outputs),
        Occasion.ENDED: status.is_terminal,
    }
    if not any(happened[occasion] for occasion in webhook.events):
        return None
    return Delivery(generation=status.generation, version=status.version, due_at=at)
