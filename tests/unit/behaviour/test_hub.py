import asyncio
from datetime import UTC, datetime

import attrs
import pytest

from safelight.hub import Hub
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
CROWD = 600
"""More than one turn of a fan-out."""


def status(seq):
    return attrs.evolve(FIRST, version=Version(1, seq), state=State.PROCESSING, phase=Phase.RUNNING)


def end(seq):
    return attrs.evolve(status(seq), state=State.FAILED, outcome=Outcome.FAILED, error="No.", code="internal")


class Reader(Viewer):
    """A viewer that notes what it was shown; `then` runs at each frame."""

    def __init__(self, then=None):
        self.seen = []
        self.lags = 0
        self.reasons = []
        self.paused = False
        self.then = then

    @property
    def is_paused(self):
        return self.paused

    def show(self, frame):
        self.seen.append(frame.version.seq)
        if self.then:
            self.then(frame)

    def lag(self):
        self.lags += 1

    def cut(self, reason):
        self.reasons.append(reason)


@pytest.fixture
def hub():
    hub = Hub(linger_seconds=60)
    hub.open(FIRST, "anna")
    return hub


def join(hub, reader, seen=None):
    subscription = hub.subscribe("a", reader, *([seen] if seen else []))
    subscription.catch_up()
    return subscription


@pytest.mark.looptime
async def test_a_viewer_sees_every_status_once_and_in_order(hub):
    reader = Reader()
    subscription = join(hub, reader)
    subscription.catch_up()
    for seq in range(2, 5):
        await hub.publish(status(seq))
    assert reader.seen == [1, 2, 3, 4]


@pytest.mark.looptime
async def test_a_viewer_that_has_seen_the_newest_is_shown_nothing_until_there_is_news(hub):
    reader = Reader()
    join(hub, reader, Version(1, 1))
    assert reader.seen == []
    await hub.publish(status(2))
    assert reader.seen == [2]


@pytest.mark.looptime
async def test_a_laggard_gets_the_newest_status_only(hub):
    slow, quick = Reader(), Reader()
    place = join(hub, slow)
    join(hub, quick)
    slow.paused = True
    for seq in range(2, 8):
        await hub.publish(status(seq))
    assert (slow.seen, slow.lags, place.skipped) == ([1], 6, 6)
    slow.paused = False
    place.catch_up()
    assert slow.seen == [1, 7]
    assert quick.seen == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.looptime
async def test_the_end_reaches_everybody_who_stays_laggards_included(hub):
    readers = [Reader() for _ in range(CROWD)]
    places = [join(hub, reader) for reader in readers]
    for reader in readers[::3]:
        reader.paused = True
    await hub.publish(status(2))
    await hub.publish(end(3))
    assert not places[0].is_done
    for reader, place in zip(readers[::3], places[::3], strict=True):
        reader.paused = False
        place.catch_up()
    assert {reader.seen[-1] for reader in readers} == {3}
    assert all(place.is_done for place in places)


@pytest.mark.looptime
async def test_a_laggard_gets_the_end_even_after_the_channel_has_left_memory(hub):
    slow = Reader()
    place = join(hub, slow)
    slow.paused = True
    await hub.publish(end(2))
    await asyncio.sleep(61)
    assert hub.newest("a") is None
    slow.paused = False
    place.catch_up()
    assert slow.seen == [1, 2]


@pytest.mark.looptime
async def test_whoever_comes_after_the_end_gets_it_while_it_lingers(hub):
    await hub.publish(end(2))
    await asyncio.sleep(59)
    reader = Reader()
    assert join(hub, reader).is_done
    assert reader.seen == [2]
    await asyncio.sleep(2)
    assert hub.subscribe("a", Reader()) is None


@pytest.mark.looptime
async def test_whoever_comes_in_the_middle_of_a_fan_out_has_neither_a_gap_nor_a_double(hub):
    for _ in range(CROWD):
        join(hub, Reader())
    fan_out = asyncio.create_task(hub.publish(status(2)))
    await asyncio.sleep(0)
    assert not fan_out.done()
    fresh, resumed, ahead = Reader(), Reader(), Reader()
    join(hub, fresh)
    join(hub, resumed, Version(1, 1))
    join(hub, ahead, Version(1, 2))
    await fan_out
    await hub.publish(status(3))
    assert (fresh.seen, resumed.seen, ahead.seen) == ([2, 3], [2, 3], [3])


@pytest.mark.looptime
async def test_whoever_leaves_in_the_middle_of_a_fan_out_is_shown_nothing_more(hub):
    for _ in range(CROWD):
        join(hub, Reader())
    leaver = Reader()
    place = join(hub, leaver)
    fan_out = asyncio.create_task(hub.publish(status(2)))
    await asyncio.sleep(0)
    place.close()
    place.close()
    await fan_out
    assert leaver.seen == [1]


@pytest.mark.looptime
async def test_a_newer_status_overtakes_a_fan_out_that_is_under_way(hub):
    readers = [Reader() for _ in range(CROWD)]
    for reader in readers:
        join(hub, reader)
    slow = Reader()
    place = join(hub, slow)
    slow.paused = True
    older = asyncio.create_task(hub.publish(status(2)))
    await asyncio.sleep(0)
    await hub.publish(status(3))
    await older
    assert {reader.seen[-1] for reader in readers} == {3}
    assert all(reader.seen == sorted(set(reader.seen)) for reader in readers)
    assert place.skipped == 1


@pytest.mark.looptime
async def test_one_snapshot_is_encoded_once_for_everybody(hub):
    frames = []
    for _ in range(3):
        join(hub, Reader(frames.append))
    assert len({id(frame.event) for frame in frames}) == 1


@pytest.mark.looptime
async def test_a_cut_reaches_the_viewers_of_that_generation_alone(hub):
    hub.open(attrs.evolve(FIRST, generation="b"), "anna")
    mine, other = Reader(), Reader()
    join(hub, mine)
    hub.subscribe("b", other)
    hub.cut("a", "error")
    hub.cut("nobody", "error")
    assert (mine.reasons, other.reasons) == (["error"], [])


@pytest.mark.looptime
async def test_new_generations_are_announced_to_their_owner_until_parting(hub):
    heard = []
    hub.greet("anna", heard.append)
    hub.open(attrs.evolve(FIRST, generation="b"), "anna")
    hub.open(attrs.evolve(FIRST, generation="c"), "berta")
    hub.part(heard.append)
    hub.part(heard.append)
    hub.open(attrs.evolve(FIRST, generation="d"), "anna")
    assert heard == ["b"]


@pytest.mark.looptime
async def test_only_what_has_not_ended_counts_as_running(hub):
    hub.open(attrs.evolve(FIRST, generation="b"), "anna")
    await hub.publish(end(2))
    assert hub.running("anna") == ["b"]
    assert hub.newest("a").is_terminal
