"""
Gzip made once for many streams.

A gzip stream is a head, deflate blocks and a tail. Here every event is a piece that begins and ends on a byte boundary, so that one
piece serves every stream and a reader may join at any of them. A stream's own are only the tail's checksum and length.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import cached_property
from itertools import count

HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""Deflate, no name, no time, no particular system: the same for all."""
_LAST = b"\x03\x00"
"""An empty block that says it is the last."""
_LONGEST = 0xFFFF
_REACH = 262
"""Deflate looks back so much less far than its window is long."""
_SMALL_WINDOW = 12
_MEMORY = 5
"""An event is small: tables of a tenth of the usual size pack it as well, and are made ten times as fast."""
_numbers = count(1)


class Packed:
    """
    One event as pieces of a gzip stream, each made when first asked for.

    Args:
        past: The event before it.
        at_least: An event shorter than this stands as it is.
        wrap: What is done to a finished piece.

    Attributes:
        plain: What it unpacks to.
        number: Its name, so that a stream need not hold what it said last.
        before: The number of the event before it; 0 if there is none.
    """

    def __init__(self, plain: bytes, past: Packed | None, *, at_least: int, wrap: Callable[[bytes], bytes]) -> None:
        self.plain = plain
        self.number = next(_numbers)
        self.before = 0 if past is None else past.number
        self._past = b"" if past is None else past.plain
        self._at_least = at_least
        self._wrap = wrap

    def __len__(self) -> int:
        return len(self.plain)

    @cached_property
    def whole(self) -> bytes:
        """The piece that stands alone."""
        return self._wrap(self._packed(b""))

    @cached_property
    def step(self) -> bytes:
        """The piece for a stream that said the event before it last: what has not changed is only pointed at."""
        return self._wrap(self._packed(self._past))

    def _packed(self, past: bytes) -> bytes:
        is_long = len(self.plain) >= self._at_least
        return min(deflated(self.plain, past), stored(self.plain), key=len) if is_long else stored(self.plain)


def stored(plain: bytes) -> bytes:
    """Return a piece that says something as it is, for five bytes more."""
    blocks = (plain[start : start + _LONGEST] for start in range(0, len(plain), _LONGEST))
    return b"".join(struct.pack("<BHH", 0, len(block), len(block) ^ _LONGEST) + block for block in blocks)


def deflated(plain: bytes, past: bytes = b"") -> bytes:
    """Return a packed piece, for streams that said `past` just before it."""
    is_small = len(past) + len(plain) <= (1 << _SMALL_WINDOW) - _REACH
    bits = _SMALL_WINDOW if is_small else zlib.MAX_WBITS
    packer = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -bits, _MEMORY, zlib.Z_DEFAULT_STRATEGY, past)
    return packer.compress(plain) + packer.flush(zlib.Z_FULL_FLUSH)


def tail(checksum: int, length: int) -> bytes:
    """Return what ends a stream that unpacks to so many bytes."""
    return _LAST + struct.pack("<II", checksum, length & 0xFFFFFFFF)
