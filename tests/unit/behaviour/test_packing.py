"""Gzip made once: whatever a stream is given of the pieces, it unpacks to what was said."""

import gzip
import subprocess
import zlib

from hypothesis import given, settings
from hypothesis import strategies as st

from safelight.packing import HEAD, Packed, deflated, stored, tail

EVENTS = st.lists(
    st.binary(max_size=600) | st.integers(1, 40).map(lambda n: b"data: %s\n\n" % (b'{"progress":42},' * n)), max_size=12
)


def packed(events, at_least=0):
    made, past = [], None
    for event in events:
        past = Packed(event, past, at_least=at_least, wrap=bytes)
        made.append(past)
    return made


@settings(deadline=None)
@given(EVENTS, st.integers(0, 12), st.integers(0, 300))
def test_a_reader_may_join_at_any_event_and_follow_step_by_step(events, start, at_least):
    pieces = packed(events, at_least)[start:]
    stream = HEAD + b"".join(piece.step if number else piece.whole for number, piece in enumerate(pieces))
    plain = b"".join(events[start:])
    assert gzip.decompress(stream + tail(zlib.crc32(plain), len(plain))) == plain


@settings(deadline=None)
@given(EVENTS)
def test_each_piece_can_be_read_as_soon_as_it_is_there(events):
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert unpack.decompress(HEAD) == b""
    for number, piece in enumerate(packed(events)):
        assert unpack.decompress(piece.step if number else piece.whole) == piece.plain


def test_what_has_not_changed_is_only_pointed_at():
    snapshot = b'data: {"message":"painting","progress":%d,"url":"' + bytes(range(97, 123)) * 8 + b'"}\n\n'
    first, second = packed([snapshot % 41, snapshot % 42])
    assert len(second.step) < len(second.whole) / 3
    assert (second.before, first.before) == (first.number, 0)


def test_a_short_event_stands_as_it_is_and_so_does_one_that_packing_makes_longer():
    noise = bytes((n * n * 37 + n // 7) % 256 for n in range(400))
    (short, jumble) = packed([b"data: " + b"x" * 60, zlib.compress(noise)], at_least=100)
    assert short.whole == stored(short.plain)
    assert jumble.whole == stored(jumble.plain)


def test_what_is_longer_than_a_block_is_stored_in_several():
    plain = bytes(200_000)
    assert zlib.decompress(stored(plain) + b"\x03\x00", -zlib.MAX_WBITS) == plain


def test_events_of_the_largest_size_find_the_whole_of_the_one_before():
    first = b"".join(b"%d " % (number * 7919) for number in range(2500))[:16_000]
    second = first.replace(b"7919 ", b"7920 ", 1)
    assert len(deflated(second, first)) < len(deflated(second)) / 20


def test_gzip_accepts_a_finished_stream():
    plain = b"data: {}\n\n" * 30
    (piece,) = packed([plain])
    stream = HEAD + piece.whole + tail(zlib.crc32(plain), len(plain))
    subprocess.run(["gzip", "-t"], input=stream, check=True)
