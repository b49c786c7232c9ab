"""Where a reader takes up again: the cursor it brings, never trusted, against where the generation stands."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from aiohttp import hdrs, web

from safelight.hub import NOTHING_SEEN
from safelight.status import Status
from safelight.versions import Version


@attrs.frozen(kw_only=True)
class Resume:
    """
    A reader's wish.

    Attributes:
        cursor: What the reader says it saw last, None without a well-formed word of it.
        wants_journal: Whether it asks for every step after that instead of the newest snapshot.
    """

    cursor: Version | None
    wants_journal: bool

    @classmethod
    def of(cls, request: web.Request) -> Resume:
        """Read `Last-Event-ID`, else `?last_event_id=` or what a polyfill of browsers' calls it, else the id in `?from=`."""
        query: Mapping[str, str] = request.query if request.query_string else {}
        start = query.get("from")
        said = request.headers.get(hdrs.LAST_EVENT_ID) or query.get("last_event_id") or query.get("lastEventId")
        return cls(cursor=Version.parse(said) or Version.parse(start), wants_journal=start is not None)

    def has_seen_end(self, status: Status) -> bool:
        """Whether there is nothing left to tell."""
        return status.is_terminal and self.cursor == status.version

    def seen(self, status: Status) -> Version:
        """Return the version after which frames are news; a cursor from nowhere counts as none."""
        if self.cursor is None or self.cursor > status.version or self.cursor.seq > status.version.seq:
            return NOTHING_SEEN  # seq has no gaps across epochs: one ahead of us was never ours, whatever its epoch
        return self.cursor
