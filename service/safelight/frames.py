"""A status encoded once for all who look: as a server-sent event, plain and chunked, with and without an id."""

from __future__ import annotations

from functools import cached_property

from safelight.codec import encode_status
from safelight.status import Status
from safelight.versions import Version

HEARTBEAT = b": hb\n\n"


class Frame:
    """
    One snapshot as bytes for streams; each form is made when first asked for and then shared by every viewer.

    Attributes:
        status: What it shows.
        version: Where it stands.
    """

    def __init__(self, status: Status) -> None:
        self.status = status
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


def chunk(payload: bytes) -> bytes:
    """Wrap bytes as one HTTP/1.1 chunk."""
    return b"%x\r\n%s\r\n" % (len(payload), payload)
