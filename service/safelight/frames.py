"""A status, or a line of a log, encoded once for all who look: as a server-sent event, plain and chunked."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from safelight.codec import encode, encode_status, instant
from safelight.status import Status
from safelight.versions import Version

HEARTBEAT = b": hb\n\n"
MAX_LINE = 2000


class Frame:
    """
    One snapshot as bytes for streams; each form is made when first asked for and then shared by every viewer.

    Args:
        snapshot: What `encode_status` made of it for the journal.

    Attributes:
        status: What it shows.
        version: Where it stands.
    """

    def __init__(self, status: Status, snapshot: bytes | None = None) -> None:
        self.status = status
        if snapshot is not None:
            self.data = snapshot
        self.version: Version = status.version

    @cached_property
    def data(self) -> bytes:
        """The snapshot as one line of JSON."""
        return encode_status(self.status)

    @cached_property
    def event(self) -> bytes:
        """The event with its id, for the stream of one generation."""
        return b"id: %s\ndata: %s\n\n" % (str(self.version).encode(), self.data)

    @cached_property
    def bare(self) -> bytes:
        """The event without an id, for streams of many generations, where no single id says where one is."""
        return b"data: %s\n\n" % self.data

    @cached_property
    def chunked_event(self) -> bytes:
        """`event` as an HTTP/1.1 chunk."""
        return chunk(self.event)

    @cached_property
    def chunked_bare(self) -> bytes:
        """`bare` as an HTTP/1.1 chunk."""
        return chunk(self.bare)


class LogLine:
    """A line of an upstream's log as bytes for streams; it has no id, since it is never shown again."""

    def __init__(self, generation: str, at: datetime, line: str) -> None:
        self._said = {"sessionId": generation, "at": instant(at), "line": line[:MAX_LINE]}

    @cached_property
    def event(self) -> bytes:
        """The event, named so that it is never taken for a snapshot."""
        return b"event: log\ndata: %s\n\n" % encode(self._said)

    @cached_property
    def chunked(self) -> bytes:
        """`event` as an HTTP/1.1 chunk."""
        return chunk(self.event)


def chunk(payload: bytes) -> bytes:
    """Wrap bytes as one HTTP/1.1 chunk."""
    return b"%x\r\n%s\r\n" % (len(payload), payload)
