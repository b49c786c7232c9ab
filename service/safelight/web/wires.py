"""One connection's way out: what goes onto it in which form, plain or gzip."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from operator import call
from socket import socket
from typing import Any, Protocol
from zlib import crc32

from safelight.frames import Form, Payload, chunk
from safelight.packing import HEAD, Packed, stored, tail
from safelight.rows import Shortcut
from safelight.web.transports import bare_socket

Opener = Callable[[bytes], Awaitable[None]]
"""Sends the headers, and together with them bytes as they go onto the wire."""


class Gate(Protocol):
    """What tells whether a way is open, in the word that aiohttp's protocol has for it."""

    @property
    def writing_paused(self) -> bool:
        """Whether nothing can be taken now."""


class Wire:
    """
    A connection that takes plain bytes.

    Attributes:
        form: The form in which it takes events.
        transport: Where they go.
        protocol: Tells whether its reader keeps up.
    """

    __slots__ = ("_batch", "_opener", "form", "protocol", "transport")

    def __init__(self, transport: asyncio.Transport, protocol: Gate, form: Form) -> None:
        self.transport = transport
        self.protocol = protocol
        self.form = form
        self._batch: list[Any] | None = None
        self._opener: Opener | None = None

    @property
    def shortcut(self) -> Shortcut | None:
        """How events reach it from now on with nothing asked; None while something is held back that must not be overtaken."""
        if self.could_be_overtaken:
            return None
        sock = bare_socket(self.transport) if self.form.is_shared else None
        return Shortcut(self.form, call, self.take) if sock is None else Shortcut(self.form, socket.send, sock)

    @property
    def could_be_overtaken(self) -> bool:
        """Whether something is held back here while events may go past."""
        return self.form.is_shared and (bool(self._batch) or self.transport.get_write_buffer_size() > 0)

    @property
    def is_shut(self) -> bool:
        """Whether nothing can be taken: its reader does not keep up, or is gone."""
        return self.protocol.writing_paused or self.transport.is_closing()

    def begin(self, words: bytes, opener: Opener) -> None:
        """Hold the first words until `send`, by which they leave with the headers."""
        self._opener = opener
        self._batch = [self.framed(self._first(words))]

    async def send(self) -> None:
        """Send what was collected, the first time with the headers."""
        opener, self._opener = self._opener, None
        if opener is None:
            self.flush()
        elif not self.transport.is_closing():
            await opener(self._collected())

    def say(self, words: bytes) -> None:
        """Send what is no event of a channel: a comment, a farewell."""
        self.flush()
        self._send(self.framed(words))

    def end(self) -> None:
        """Send what belongs to the end of a body that ends in order."""
        self.flush()

    def flush(self) -> None:
        """Send what was collected, as one write."""
        if self._batch:
            self._send(self._collected())

    def _collected(self) -> bytes:
        batch, self._batch = self._batch or (), []
        return b"".join(map(self._taken, batch))

    def take(self, payload: Payload) -> int:
        """Take an event if the reader keeps up; return how much of it was taken, which is all or nothing."""
        if self.is_shut:
            return 0
        self.put(payload)
        return len(payload)

    def put(self, payload: Payload) -> None:
        """Take an event: at once, or at the end of this turn of the loop together with what else is due then."""
        if self._batch or not self.form.has_ids:
            self.collect(payload)
        else:
            self.transport.write(self._taken(payload))

    def resume(self, rest: bytes) -> None:
        """Take what is left of an event that went past this wire."""
        self.transport.write(rest)

    def collect(self, payload: Any) -> None:
        """Take an event that goes out with the next `flush`, at the end of this turn of the loop unless before."""
        if self._batch is None:
            self._batch = []
        if not self._batch:
            asyncio.get_running_loop().call_soon(self.flush)
        self._batch.append(payload)

    def _first(self, words: bytes) -> bytes:
        return words

    def _taken(self, payload: Any) -> bytes:
        return payload  # type: ignore[no-any-return]  # plain wires are given bytes

    def framed(self, words: bytes) -> bytes:
        """Words as they go onto the wire."""
        return chunk(words) if self.form.is_chunked else words

    def _send(self, piece: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(piece)


class PackedWire(Wire):
    """A connection that takes one gzip stream, made of pieces that all such connections share."""

    __slots__ = ("_checksum", "_last", "_length")

    def __init__(self, transport: asyncio.Transport, protocol: Gate, form: Form) -> None:
        super().__init__(transport, protocol, form)
        self._checksum = 0
        self._length = 0
        self._last = -1

    def say(self, words: bytes) -> None:
        """Send what is no event of a channel, as it is."""
        self.flush()
        self._send(self.framed(self._stored(words)))

    def end(self) -> None:
        """Send the end of the gzip stream."""
        self.flush()
        self._send(self.framed(tail(self._checksum, self._length)))

    def _first(self, words: bytes) -> bytes:
        return HEAD + self._stored(words)

    def _taken(self, payload: Packed | bytes) -> bytes:
        if isinstance(payload, bytes):
            return payload  # the first words
        plain = payload.plain
        self._checksum = crc32(plain, self._checksum)
        self._length += len(plain)
        piece = payload.step if self._last == payload.before else payload.whole
        self._last = payload.number
        return piece

    def _stored(self, words: bytes) -> bytes:
        self._checksum = crc32(words, self._checksum)
        self._length += len(words)
        self._last = -1
        return stored(words)


def make_wire(transport: asyncio.Transport, protocol: Gate, form: Form) -> Wire:
    """Return the wire for a form."""
    return (Wire if form.packs_from is None else PackedWire)(transport, protocol, form)
