"""What is owed to a caller's webhook."""

from __future__ import annotations

from datetime import datetime

import attrs

from safelight.versions import Version


@attrs.frozen(kw_only=True)
class Delivery:
    """
    A status that a caller's webhook has not taken yet.

    Attributes:
        generation: Whose status it is.
        version: Which of its statuses.
        due_at: When it is tried next.
        tries: How often it was tried.
        is_dead: Whether it was given up: it waits for somebody to have it sent again.
        detail: Why it was not taken, a scrubbed sentence.
    """

    generation: str
    version: Version
    due_at: datetime
    tries: int = 0
    is_dead: bool = False
    detail: str | None = None

    @property
    def id(self) -> str:
        """What names it on the wire, the same however often it is sent."""
        return f"{self.generation}_{self.version}"
