"""A status, or a line of a log, encoded once for all who look: in each form that streams take."""

from __future__ import annotations

from datetime import datetime
from functools import cache, cached_property

import attrs

from safelight.codec import encode, encode_status, instant
from safelight.packing import Packed
from safelight.status import Status
from safelight.versions import Version

HEARTBEAT = b": hb\n\n"
MAX_LINE = 2000

Payload = bytes | Packed


@attrs.frozen(eq=False, kw_only=True)
class Form:
    """
    What a stream takes; `form_of` gives one object for each, so that forms are compared by identity.

    Attributes:
        has_ids: Events carry ids; those of streams of many generations do not, where no single id says where one is.
        is_chunked: As HTTP/1.1 chunks.
        packs_from: Gzipped, events shorter than so many bytes as they are; None for a stream that is not gzip.
        is_packed: Whether streams that take it are gzip.
        is_shared: Whether each stream that takes it is given the same bytes, one write an event.
    """

    has_ids: bool
    is_chunked: bool
    packs_from: int | None
    is_packed: bool = attrs.field(init=False)
    is_shared: bool = attrs.field(init=False)

    @is_packed.default
    def _packs(self) -> bool:
        return self.packs_from is not None

    @is_shared.default
    def _shares(self) -> bool:
        return self.has_ids and not self.is_packed


@cache
def form_of(*, has_ids: bool, is_chunked: bool, packs_from: int | None = None) -> Form:
    """Return the one form of its kind."""
    return Form(has_ids=has_ids, is_chunked=is_chunked, packs_from=packs_from)


class Frame:
    """
    One snapshot as bytes for streams; each form is made when first asked for and then shared by every viewer.

    Args:
        snapshot: What `encode_status` made of it for the journal.
        before: The frame before it on the same channel, which streams that have just shown it build on.

    Attributes:
        status: What it shows.
        version: Where it stands.
    """

    def __init__(self, status: Status, snapshot: bytes | None = None, *, before: Frame | None = None) -> None:
        self.status = status
        if snapshot is not None:
            self.data = snapshot
        self.version: Version = status.version
        self._before = before
        self._made: dict[Form, Payload] = {}

    @cached_property
    def data(self) -> bytes:
        """The snapshot as one line of JSON."""
        return encode_status(self.status)

    @property
    def event(self) -> bytes:
        """The event with its id, for the stream of one generation."""
        return b"id: %s\ndata: %s\n\n" % (str(self.version).encode(), self.data)

    @property
    def bare(self) -> bytes:
        """The event without an id, for streams of many generations."""
        return b"data: %s\n\n" % self.data

    def payload(self, form: Form) -> Payload:
        """The event in one form."""
        made = self._made.get(form)
        if made is None:
            made = self._made[form] = self._make(form)
        return made

    def made(self, form: Form) -> Payload | None:
        """The event in one form if anybody has asked for it."""
        return self._made.get(form)

    def outdate(self) -> None:
        """Let go of the frame before it: a newer one is there, and nobody builds on this one's past any more."""
        self._before = None

    def _make(self, form: Form) -> Payload:
        before = None if self._before is None or form.packs_from is None else self._before.made(form)
        return _payload(self.event if form.has_ids else self.bare, form, before)


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

    def payload(self, form: Form) -> Payload:
        """The event in one form."""
        return self.chunked if form.is_chunked and form.packs_from is None else _payload(self.event, form)


def _payload(event: bytes, form: Form, before: Payload | None = None) -> Payload:
    if form.packs_from is None:
        return chunk(event) if form.is_chunked else event
    past = before if isinstance(before, Packed) else None
    return Packed(event, past, at_least=form.packs_from, wrap=chunk if form.is_chunked else bytes)


def chunk(payload: bytes) -> bytes:
    """Wrap bytes as one HTTP/1.1 chunk."""
    return b"%x\r\n%s\r\n" % (len(payload), payload)
