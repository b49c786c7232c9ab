"""What a channel promises its viewers, whenever the loop gets a turn in between."""

import weakref
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safelight.channel import Channel, Subscription, Viewer
from safelight.frames import form_of
from safelight.status import Outcome, Phase, State, Status
from safelight.versions import Version

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


def status(seq):
    return attrs.evolve(FIRST, version=Version(1, seq), state=State.PROCESSING, phase=Phase.RUNNING)


def end(seq):
    return attrs.evolve(status(seq), state=State.FAILED, outcome=Outcome.FAILED, error="No.", code="internal")


class Reader(Viewer):
    """A viewer that takes frames itself, or has them written past it; `seen` has them all, as they came."""

    def __init__(self, channel, *, is_direct, seen=NOTHING):
        self.channel = channel
        self.joined_at = channel.frame.version.seq
        self.paused = False
        self.seen = []
        self.place = Subscription(channel, self, seen)
        channel.join(self.place)
        self.place.catch_up()
        if is_direct:
            self.place.shortcut(FORM, self.take, self)

    @property
    def is_paused(self):
        return self.paused

    def show(self, frame):
        self.seen.append(frame.version.seq)

    def take(self, payload):
        assert payload is self.channel.frame.payload(FORM), "only the newest is ever written"
        self.seen.append(self.channel.frame.version.seq)

    def lag(self):
        """Be skipped."""

    def resume(self):
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

    def join(self, is_direct, has_seen_all):
        seen = self.channel.frame.version if has_seen_all else NOTHING
        self.present.append(Reader(self.channel, is_direct=is_direct, seen=seen))
        assert self.present[-1].seen == ([] if has_seen_all else [self.seq])

    def leave(self, number):
        if self.present:
            self.present.pop(number % len(self.present)).place.close()

    def pause(self, number):
        if self.present:
            self.present[number % len(self.present)].paused = True

    def resume(self, number):
        if self.present:
            self.present[number % len(self.present)].resume()

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
            st.tuples(st.just("join"), st.booleans(), st.booleans()),
            st.tuples(st.sampled_from(["leave", "pause", "resume"]), st.integers(0, 99)),
            st.tuples(st.just("post")),
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
    while play.channel.subscriptions.is_due:
        play.turn(7)
    for reader in play.present:
        if reader.paused:
            reader.resume()
        assert reader.seen == sorted(set(reader.seen)), "a double or a step back"
        assert play.seq in {*reader.seen, reader.joined_at}, "the newest, the end above all, reaches everybody who stays"
        assert reader.place.is_done == ends
    assert {*play.channel.subscriptions} == {reader.place for reader in play.present}


@pytest.mark.looptime
@settings(deadline=None, max_examples=100)
@given(st.integers(2, 80), st.lists(st.tuples(st.integers(1, 20), st.integers(0, 9)), min_size=1, max_size=60))
async def test_in_a_flood_everybody_who_stays_gets_as_much_as_anybody(size, slices):
    channel = Channel(FIRST, "anna")
    readers = [Reader(channel, is_direct=True) for _ in range(size)]
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
    while channel.subscriptions.is_due:
        channel.serve(2)
    assert [reader.seen[-1] for reader in readers] == [3] * 5
    assert late.seen == [3]


@pytest.mark.looptime
async def test_who_left_while_its_slice_is_served_is_shown_nothing_more():
    channel = Channel(FIRST, "anna")
    first = Reader(channel, is_direct=True)
    leavers = [Reader(channel, is_direct=True), Reader(channel, is_direct=False)]

    def take(_):
        for leaver in leavers:
            leaver.place.close()

    first.place.shortcut(FORM, take, first)
    for leaver in leavers:
        leaver.paused = True  # what has left counts as shut, and is not told that it lags
        leaver.lag = lambda: pytest.fail("it has left")
    channel.renew(status(2))
    channel.serve(9)
    assert [leaver.seen for leaver in leavers] == [[1], [1]]


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
    assert (place.events, place.bytes, place.skipped) == (4, sum(lengths), 1)


@pytest.mark.looptime
async def test_what_a_viewer_is_shown_itself_is_not_counted_twice():
    channel = Channel(FIRST, "anna")
    reader = Reader(channel, is_direct=True)
    channel.renew(status(2))
    channel.serve(9)
    reader.paused = True
    channel.renew(status(3))
    channel.serve(9)
    reader.resume()
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
