"""A delivery that was not taken yet, as its owner sees it."""

from __future__ import annotations

from datetime import datetime

import attrs

from safelight.ports import Delivery


@attrs.frozen(kw_only=True)
class Owed:
    """
    A delivery that was not taken yet.

    Attributes:
        id: The `webhook-id` it is sent under, the same at every try.
        session_id: The generation it tells of.
        dead: Whether it was given up, and waits to be sent again.
        tries: How often it was tried.
        due_at: When it is tried next, unless one before it of the same generation still waits.
        detail: Why it was not taken.
    """

    id: str
    session_id: str
    dead: bool
    tries: int
    due_at: datetime | None = None
    detail: str | None = None

    @classmethod
    def of(cls, delivery: Delivery) -> Owed:
        """Return a delivery as its owner sees it."""
        return cls(
            id=delivery.id,
            session_id=delivery.generation,
            dead=delivery.is_dead,
            tries=delivery.tries,
            due_at=None if delivery.is_dead else delivery.due_at,
            detail=delivery.detail,
        )
