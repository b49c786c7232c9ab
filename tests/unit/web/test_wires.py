"""A connection's way out, on a transport that keeps what it was given, write by write."""

import asyncio
import gzip
import zlib
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safelight.frames import HEARTBEAT, Frame, form_of
from safelight.status import Phase, State, Status
from safelight.versions import Version
from safelight.web.wires import make_wire

FIRST = Status(
    generation="a",
    provider="lighthouse",
    version=Version(1, 1),
    state=State.STARTED,
    phase=Phase.SUBMITTING,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


class Kept(asyncio.Transport):
    """A transport that keeps its writes."""

    def __init__(self):
        super().__init__()
        self.writes = []

    def write(self, data):
        self.writes.append(data)

    def is_closing(self):
        return False

    def get_write_buffer_size(self):
        return 0

    @property
    def writing_paused(self):
        return False


def status(seq):
    return attrs.evolve(FIRST, version=Version(1, seq), state=State.PROCESSING, phase=Phase.RUNNING, message=f"step {seq} " * 20)


def frames(count):
    made, before = [], None
    for seq in range(1, count + 1):
        before = Frame(status(seq), before=before)
        made.append(before)
    return made


def wired(**form):
    """A wire that has begun, whose headers are written as nothing at all."""
    transport = Kept()
    wire = make_wire(transport, transport, form_of(**form))

    async def opener(framed):
        transport.writes.append(framed)

    wire.begin(b": ok\n\n", opener)
    return wire, transport


def unchunked(raw):
    plain = b""
    while raw:
        size, _, rest = raw.partition(b"\r\n")
        plain, raw = plain + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return plain


@pytest.mark.looptime
@settings(deadline=None)
@given(
    st.lists(st.integers(0, 7) | st.just("turn"), max_size=5),
    st.lists(st.integers(0, 7) | st.just("beat") | st.just("turn"), max_size=30),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0, 200, 10_000]),
)
async def test_whatever_a_packed_stream_is_given_it_unpacks_to_what_was_said(held, script, has_ids, is_chunked, packs_from):
    wire, transport = wired(has_ids=has_ids, is_chunked=is_chunked, packs_from=packs_from)
    shown = frames(8)
    said = b": ok\n\n"
    for what in (*held, "headers", *script):
        if what == "headers":
            assert transport.writes == []
            await wire.send()
            assert len(transport.writes) == 1
        elif what == "turn":
            await asyncio.sleep(0)
        elif what == "beat":
            wire.say(HEARTBEAT)
            said += HEARTBEAT
        else:
            wire.put(shown[what].payload(wire.form))
            said += shown[what].event if has_ids else shown[what].bare
    wire.end()
    raw = b"".join(transport.writes)
    assert gzip.decompress(unchunked(raw) if is_chunked else raw) == said


@pytest.mark.looptime
async def test_readers_that_came_at_different_times_are_given_the_same_bytes():
    early, late = (wired(has_ids=True, is_chunked=True, packs_from=0) for _ in range(2))
    one, two, three = frames(3)
    for wire, transport in (early, late):
        await wire.send()
        transport.writes.clear()
    early[0].take(one.payload(early[0].form))
    for wire, _ in (early, late):
        wire.take(two.payload(wire.form))
        wire.take(three.payload(wire.form))
    assert early[1].writes[-1] is late[1].writes[-1]
    assert len(early[1].writes[1]) < len(late[1].writes[0]) / 2, "a step is shorter than the whole"


@pytest.mark.looptime
@pytest.mark.parametrize("packs_from", [None, 0])
async def test_what_is_due_in_one_turn_goes_out_as_one_write(packs_from):
    wire, transport = wired(has_ids=False, is_chunked=True, packs_from=packs_from)
    await wire.send()
    for frame in frames(100):
        wire.take(frame.payload(wire.form))
    assert len(transport.writes) == 1
    await asyncio.sleep(0)
    assert len(transport.writes) == 2
    plain = unchunked(b"".join(transport.writes))
    plain = plain if packs_from is None else zlib.decompressobj(31).decompress(plain)
    assert plain == b": ok\n\n" + b"".join(frame.bare for frame in frames(100))
    await asyncio.sleep(0)
    assert len(transport.writes) == 2


@pytest.mark.parametrize("packs_from", [None, 0])
async def test_headers_the_first_words_and_what_is_shown_first_go_out_as_one_write_and_nothing_before(packs_from):
    wire, transport = wired(has_ids=True, is_chunked=True, packs_from=packs_from)
    (frame,) = frames(1)
    wire.put(frame.payload(wire.form))
    assert wire.could_be_overtaken == (packs_from is None)
    await asyncio.sleep(0)
    assert transport.writes == []
    await wire.send()
    plain = unchunked(*transport.writes)
    plain = plain if packs_from is None else zlib.decompressobj(31).decompress(plain)
    assert plain == b": ok\n\n" + frame.event
