"""Crowds take turns: none keeps the loop, or another's viewers, waiting."""

import asyncio
from datetime import UTC, datetime

import attrs
import pytest

from safelight.channel import SLICE
from safelight.hub import Hub
from safelight.status import Outcome, Phase, State, Status
from safelight.versions import Version
from safelight.viewer import Viewer

FIRST = Status(
    generation="",
    provider="lighthouse",
    version=Version(1, 1),
    state=State.STARTED,
    phase=Phase.SUBMITTING,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)
CROWD = 8 * SLICE


class Reader(Viewer):
    is_paused = False

    def __init__(self, shown):
        self.shown = shown

    def show(self, frame):
        self.shown.append((frame.status.generation, frame.version.seq))

    def lag(self):
        raise AssertionError("nobody is slow here")

    def cut(self, reason):
        raise AssertionError(reason)


def status(generation, seq):
    return attrs.evolve(FIRST, generation=generation, version=Version(1, seq), state=State.PROCESSING, phase=Phase.RUNNING)


def end(generation, seq):
    return attrs.evolve(status(generation, seq), state=State.FAILED, outcome=Outcome.FAILED, error="No.", code="internal")


@pytest.fixture
def shown():
    """Generation and seq of everything that was shown, in order."""
    return []


@pytest.fixture
def fill(shown):
    """Open a generation with so many viewers."""
    hub = Hub(linger_seconds=60)

    def fill(generation, viewers):
        hub.open(attrs.evolve(FIRST, generation=generation), "anna")
        for _ in range(viewers):
            hub.subscribe(generation, Reader(shown))
        return hub

    return fill


@pytest.mark.looptime
async def test_a_quiet_generation_does_not_wait_for_a_crowd_that_is_being_served(fill, shown):
    hub = fill("crowd", CROWD)
    fill("quiet", 1)
    hub.post(status("crowd", 2))
    await asyncio.sleep(0)
    before = len(shown)
    hub.post(status("quiet", 2))
    assert shown[before:] == [("quiet", 2)], "before the loop turns even once"
    assert len(shown) < CROWD


@pytest.mark.looptime
async def test_crowds_share_each_turn_of_the_loop(fill, shown):
    hub = fill("one", CROWD)
    fill("two", CROWD)
    hub.post(status("one", 2))
    hub.post(status("two", 2))
    at_once = len(shown)
    turns = 0
    while len(shown) < 2 * CROWD:
        before = len(shown)
        await asyncio.sleep(0)
        turns += 1
        assert len(shown) - before <= SLICE
        counts = [sum(generation == name for generation, _ in shown) for name in ("one", "two")]
        assert abs(counts[0] - counts[1]) <= SLICE
    assert turns >= (2 * CROWD - at_once) / SLICE


@pytest.mark.looptime
async def test_whoever_publishes_an_end_may_close_what_it_was_shown_on(fill, shown):
    hub = fill("crowd", CROWD)
    hub.post(status("crowd", 2))
    await hub.publish(end("crowd", 3))
    assert shown.count(("crowd", 3)) == CROWD


@pytest.mark.looptime
async def test_a_flood_is_conflated_and_its_end_reaches_everybody(fill, shown):
    hub = fill("crowd", CROWD)
    for seq in range(2, 50):
        hub.post(status("crowd", seq))
        await asyncio.sleep(0)
    await hub.publish(end("crowd", 50))
    assert len(shown) < 10 * CROWD
    assert shown.count(("crowd", 50)) == CROWD


@pytest.mark.looptime
async def test_a_viewer_that_breaks_its_promise_does_not_stop_the_turns(fill, shown):
    hub = fill("crowd", CROWD)
    fill("other", CROWD)
    faults = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))

    class Broken(Reader):
        def show(self, frame):
            raise RuntimeError("broken")

    hub.subscribe("crowd", Broken(shown))
    for _ in range(SLICE):
        hub.subscribe("crowd", Reader(shown))
    hub.post(status("crowd", 2))
    hub.post(status("other", 2))
    for _ in range(3 * CROWD // SLICE):
        await asyncio.sleep(0)
    assert shown.count(("other", 2)) == CROWD
    assert shown.count(("crowd", 2)) == CROWD + SLICE, "those behind it have their turn"
    assert [str(fault) for fault in faults] == ["broken"]
