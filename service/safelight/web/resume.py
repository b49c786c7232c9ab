"""Where a reader takes up again: the cursor it brings, never trusted, against where the generation stands."""

from __future__ import annotations

import attrs
from aiohttp import hdrs, web

from safelight.hub import NOTHING_SEEN
from safelight.status import Status
from safelight.versions import Version

BEGINNING = Version(0, 0)


@attrs.frozen(kw_only=True)
class Resume:
    """
    A reader's wish.

    Attributes:
        cursor: What the reader says it saw last, None without a well-formed one.
        replay_after: Where the journal is to be replayed from, None for the newest snapshot only.
    """

    cursor: Version | None
    replay_after: Version | None

    @classmethod
    def of(cls, request: web.Request) -> Resume:
        """Read `Last-Event-ID`, `?last_event_id=` and `?from=`."""
        said = request.headers.get(hdrs.LAST_EVENT_ID) or request.query.get("last_event_id")
        cursor = Version.parse(said)
        start = request.query.get("from")
        replay_after = None if start is None else cursor or (BEGINNING if start == "start" else Version.parse(start) or BEGINNING)
        return cls(cursor=cursor, replay_after=replay_after)

    def has_seen_end(self, status: Status) -> bool:
        """Whether there is nothing left to tell."""
        return status.is_terminal and self.cursor == status.version

    def seen(self, status: Status) -> Version:
        """Return the version after which frames are news; a cursor from nowhere counts as none."""
        return NOTHING_SEEN if self.cursor is None or self.cursor > status.version else self.cursor
