"""What a channel promises its viewers, whenever the loop gets a turn in between."""

import weakref
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safelight.channel import SLICE, Channel, Subscription
from safelight.frames import form_of
from safelight.rows import Row, Shortcut
from safelight.status import Outcome, Phase, State, Status
from safelight.versions import Version
from safelight.viewer import Viewer

FIRST = Status(
    generation="a",
    provider="lighthouse",
    version=Version(1, 1),
    state=State.STARTED,
    phase=Phase.SUBMITTING,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)
FORM = form_of(has_ids=True, is_chunked=True)
NOTHING = Version(-1, 0)
BEAT = b": hb"


def status(seq):
    return attrs.evolve(FIRST, version=Version(1, seq), state=State.PROCESSING, phase=Phase.RUNNING)


def end(seq):
    return attrs.evolve(status(seq), state=State.FAILED, outcome=Outcome.FAILED, error="No.", code="internal")


class Reader(Viewer):
    """
    A viewer that takes frames itself, or has them written past it; `seen` has them all, as they came.

    One that is paused says so in one of three ways when a frame is written past it: it takes nothing, it refuses, or it takes
    a part and has to be given the rest before anything else.
    """

    def __init__(self, channel, *, is_direct, seen=NOTHING, refusal="nothing"):
        self.channel = channel
        self.is_direct = is_direct
        self.refusal = refusal
        self.joined_at = channel.frame.version.seq
        self.paused = self.is_stuck = False
        self.seen = []
        self.halved = None
        self.place = Subscription(channel, self, seen)
        channel.join(self.place)
        self.place.catch_up()

    @property
    def is_paused(self):
        return self.paused

    @property
    def shortcut(self):
        return Shortcut(FORM, Reader.take, self) if self.is_direct and self.halved is None else None

    def show(self, frame):
        assert self.halved is None, "an event in the middle of another"
        self.seen.append(frame.version.seq)

    def take(self, payload):
        assert self.halved is None, "an event in the middle of another"
        if payload is BEAT:
            return 3 if self.paused or self.is_stuck else len(BEAT)
        assert payload is self.channel.frame.payload(FORM), "only the newest is ever written"
        if self.paused:
            if self.refusal == "error":
                raise BlockingIOError
            if self.refusal == "nothing":
                return 0
            self.halved = payload[7:]
            self.seen.append(self.channel.frame.version.seq)
            return 7
        self.seen.append(self.channel.frame.version.seq)
        return len(payload)

    def resume(self, rest):
        assert rest in {self.halved, BEAT[3:]}
        self.halved = None

    def lag(self):
        """Be skipped."""

    def go_on(self):
        self.paused = False
        self.place.catch_up()

    def cut(self, reason):
        raise AssertionError(reason)


class Play:
    """A channel, who looks at it, and what may happen between two slices."""

    def __init__(self):
        self.channel = Channel(FIRST, "anna")
        self.present = []
        self.seq = 1

    def join(self, is_direct, has_seen_all, refusal):
        seen = self.channel.frame.version if has_seen_all else NOTHING
        self.present.append(Reader(self.channel, is_direct=is_direct, seen=seen, refusal=refusal))
        assert self.present[-1].seen == ([] if has_seen_all else [self.seq])

    def leave(self, number):
        if self.present:
            self.present.pop(number % len(self.present)).place.close()

    def pause(self, number):
        if self.present:
            self.present[number % len(self.present)].paused = True

    def resume(self, number):
        if self.present:
            self.present[number % len(self.present)].go_on()

    def beat(self):
        for party in tuple(self.channel.crowd):
            if isinstance(party, Row):
                party.say(BEAT, BEAT, 0.0)

    def hold_back(self, number):
        """Have something stay with somebody's transport, as a line of a log may."""
        if self.present:
            place = self.present[number % len(self.present)].place
            place.detour()
            place.catch_up()

    def post(self, make=status):
        self.seq += 1
        self.channel.renew(make(self.seq))

    def turn(self, count):
        self.channel.serve(count)


@pytest.mark.looptime
@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("join"), st.booleans(), st.booleans(), st.sampled_from(["nothing", "error", "a part"])),
            st.tuples(st.sampled_from(["leave", "pause", "resume", "hold_back"]), st.integers(0, 99)),
            st.tuples(st.sampled_from(["post", "beat"])),
            st.tuples(st.just("turn"), st.integers(1, 12)),
        ),
        max_size=120,
    ),
    st.booleans(),
)
async def test_whatever_happens_between_two_slices_nobody_has_a_gap_a_double_or_a_step_back(script, ends):
    play = Play()
    for do, *what in script:
        getattr(play, do)(*what)
    if ends:
        play.post(end)
    while play.channel.crowd.is_due:
        play.turn(7)
    for reader in play.present:
        if reader.paused:
            reader.go_on()
        assert reader.seen == sorted(set(reader.seen)), "a double or a step back"
        assert play.seq in {*reader.seen, reader.joined_at}, "the newest, the end above all, reaches everybody who stays"
        assert reader.place.is_done == ends
    assert sorted(map(id, play.channel.subscriptions)) == sorted(id(reader.place) for reader in play.present)
    assert len(play.channel.subscriptions) == len(play.present)


@pytest.mark.looptime
@settings(deadline=None, max_examples=100)
@given(
    st.integers(2, 80) | st.integers(101, 350),
    st.lists(st.tuples(st.integers(1, 150), st.integers(0, 9)), min_size=1, max_size=60),
    st.booleans(),
)
async def test_in_a_flood_everybody_who_stays_gets_as_much_as_anybody(size, slices, is_direct):
    channel = Channel(FIRST, "anna")
    readers = [Reader(channel, is_direct=is_direct) for _ in range(size)]
    for seq, (count, leaving) in enumerate(slices, 2):
        channel.renew(status(seq))
        channel.serve(count)
        for _ in range(min(leaving, len(readers) - 1)):
            readers.pop(seq % len(readers)).place.close()
        got = [len(reader.seen) for reader in readers]
        assert max(got) - min(got) <= 1


@pytest.mark.looptime
async def test_who_joins_a_round_that_has_not_come_round_takes_nobodys_turn():
    channel = Channel(FIRST, "anna")
    readers = [Reader(channel, is_direct=True) for _ in range(5)]
    channel.renew(status(2))
    channel.serve(3)
    channel.renew(status(3))
    late = Reader(channel, is_direct=True)
    while channel.crowd.is_due:
        channel.serve(2)
    assert [reader.seen[-1] for reader in readers] == [3] * 5
    assert late.seen == [3]


@pytest.mark.looptime
@pytest.mark.parametrize("is_direct", [True, False])
async def test_who_left_while_others_are_served_is_shown_nothing_more(is_direct):
    channel = Channel(FIRST, "anna")
    first = Reader(channel, is_direct=False)
    leavers = [Reader(channel, is_direct=is_direct) for _ in range(3)]

    def show(_):
        for leaver in leavers:
            leaver.place.close()

    first.show = show
    for leaver in leavers:
        leaver.lag = lambda: pytest.fail("it has left")
    channel.renew(status(2))
    channel.serve(9)
    assert [leaver.seen for leaver in leavers] == [[1]] * 3
    assert len(channel.subscriptions) == 1


@pytest.mark.looptime
async def test_those_who_keep_up_stand_in_as_few_rows_as_hold_them():
    channel = Channel(FIRST, "anna")
    readers = [Reader(channel, is_direct=True) for _ in range(3 * SLICE - 1)]
    assert [len(row) for row in channel.crowd] == [SLICE, SLICE, SLICE - 1]
    for reader in readers[10:20]:
        reader.place.close()
    for _ in range(10):
        Reader(channel, is_direct=True)
    assert sorted(len(row) for row in channel.crowd) == [SLICE - 1, SLICE, SLICE]


@pytest.mark.looptime
async def test_a_row_that_everybody_has_left_is_gone():
    channel = Channel(FIRST, "anna")
    readers = [Reader(channel, is_direct=True) for _ in range(SLICE + 1)]
    for reader in readers:
        reader.place.close()
    assert [*channel.crowd] == []
    assert channel.subscriptions == []
    Reader(channel, is_direct=True)
    assert [len(row) for row in channel.crowd] == [1]


@pytest.mark.looptime
@pytest.mark.parametrize("refusal", ["nothing", "error", "a part"])
async def test_who_falls_behind_leaves_the_row_and_is_back_once_it_keeps_up(refusal):
    channel = Channel(FIRST, "anna")
    readers = [Reader(channel, is_direct=True, refusal=refusal) for _ in range(3)]
    slow = readers[1]
    slow.paused = True
    channel.renew(status(2))
    channel.serve(9)
    assert [isinstance(party, Row) for party in channel.crowd] == [True, False]
    slow.go_on()
    channel.renew(status(3))
    channel.serve(9)
    assert sum(len(party) for party in channel.crowd if isinstance(party, Row)) == 3
    assert readers[0].seen == readers[2].seen == slow.seen == [1, 2, 3]
    for reader in readers:
        reader.place.close()
    assert [reader.place.events for reader in readers] == [2, 1, 2], "the other it was shown itself"


@pytest.mark.looptime
async def test_who_leaves_its_row_before_its_turn_is_shown_the_newest_at_once():
    channel = Channel(FIRST, "anna")
    stuck = Reader(channel, is_direct=True)
    alone = [Reader(channel, is_direct=False) for _ in range(2)]
    channel.renew(status(2))
    channel.serve(1)
    channel.renew(status(3))
    channel.serve(2)
    assert [reader.seen for reader in (stuck, *alone)] == [[1, 2], [1, 3], [1, 3]], "the row is next"
    stuck.is_stuck = True
    (row,) = (party for party in channel.crowd if isinstance(party, Row))
    row.say(BEAT, BEAT, 0.0)
    assert stuck.seen == [1, 2, 3]


@pytest.mark.looptime
async def test_rows_that_have_become_few_in_number_are_made_one():
    channel = Channel(FIRST, "anna")
    readers = [Reader(channel, is_direct=True) for _ in range(20 * SLICE)]
    for number, reader in enumerate(readers):
        if number % SLICE > 4:
            reader.place.close()
    present = [reader for number, reader in enumerate(readers) if number % SLICE <= 4]
    for seq in range(2, 5):
        channel.renew(status(seq))
        while channel.crowd.is_due:
            channel.serve(9)
    assert [len(row) for row in channel.crowd] == [len(present)]
    assert all(reader.seen == [1, 2, 3, 4] for reader in present)
    for reader in present:
        reader.place.close()
    assert {(reader.place.events, reader.place.bytes) for reader in present} == {(3, 3 * len(channel.frame.data))}


@pytest.mark.looptime
async def test_what_is_written_past_a_viewer_is_counted_whatever_was_left_out():
    channel = Channel(FIRST, "anna")
    reader = Reader(channel, is_direct=True)
    lengths = []
    for seq, is_served, is_paused in [
        (2, True, False),
        (3, True, False),
        (4, False, False),
        (5, True, False),
        (6, True, True),
        (7, True, False),
    ]:
        reader.paused = is_paused
        channel.renew(status(seq))
        if is_served:
            channel.serve(9)
        if is_served and not is_paused:
            lengths.append(len(channel.frame.data))
    place = reader.place
    place.close()
    assert reader.seen == [1, 2, 3, 5, 7]
    assert (place.events, place.bytes, place.skipped) == (3, sum(lengths[:-1]), 1), "the last it was shown itself"


@pytest.mark.looptime
async def test_what_a_viewer_is_shown_itself_is_not_counted_twice():
    channel = Channel(FIRST, "anna")
    reader = Reader(channel, is_direct=True)
    channel.renew(status(2))
    channel.serve(9)
    reader.paused = True
    channel.renew(status(3))
    channel.serve(9)
    reader.go_on()
    channel.renew(status(4))
    channel.serve(9)
    reader.place.close()
    assert reader.seen == [1, 2, 3, 4]
    assert reader.place.events == 2


@pytest.mark.looptime
async def test_a_frame_holds_nothing_of_its_past_once_there_is_a_newer_one():
    channel = Channel(FIRST, "anna")
    Reader(channel, is_direct=True)
    past = []
    for seq in range(2, 6):
        past.append(weakref.ref(channel.frame))
        channel.renew(status(seq))
        channel.serve(9)
    assert [frame() for frame in past[:-1]] == [None] * 3
