"""Who watches, and what becomes of what nobody watches any more."""

import asyncio

import pytest
from structlog.testing import capture_logs

from safelight.generation import Patience
from safelight.providers import Cancel, Produced, Progressed, Succeeded
from safelight.reaper import Reaper
from safelight.runner import Attempts
from safelight.status import Outcome
from safelight.supervisor import Supervisor
from safelight.viewer import Viewer

pytestmark = pytest.mark.looptime

ID = "0" * 32
CANCEL = Patience.parse("cancel")


class Watcher(Viewer):
    """A tab that is open."""

    is_paused = False

    def show(self, frame):
        pass

    def lag(self):
        raise AssertionError("never paused, so never behind")

    def cut(self, reason):
        pass


class House:
    """A running generation of a minute, its reaper, and who watches."""

    def __init__(self, world):
        self.world = world
        self.supervisor = Supervisor(world.tools, "here")
        self.reaper = Reaper(world.hub, self.supervisor)

    async def start(self, patience, *, is_back=False, provider=None):
        provider = provider or self.world.local(a_minute)
        generation, first, intent = await self.world.create(provider, ID, patience=patience)
        self.supervisor.start(generation, first, Attempts([intent]), self.world.route(provider), epoch=1)
        self.reaper.mind(generation, is_back=is_back)

    def watch(self):
        """Open a tab; return what closes it."""
        return self.world.hub.subscribe(ID, Watcher()).close

    async def end(self):
        """Wait for the end; return how it ended and when. Nothing may stay behind."""
        began = self.world.now
        if (runner := self.supervisor.find(ID)) is not None:
            await runner.ended.wait()
        at = self.world.now
        await self.reaper.close()
        await self.supervisor.leave(grace_seconds=0.0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert at - began < 100
        return self.world.hub.newest(ID).outcome, round(at, 2)


async def a_minute(control):
    yield Progressed(0.5)
    await asyncio.sleep(60)
    yield Produced(b"png")


@pytest.fixture
async def house(world):
    async with world.journal:
        yield House(world)


async def test_it_runs_to_its_end_with_nobody_watching_unless_more_was_said(house):
    await house.start(Patience.parse("continue"))
    leave = house.watch()
    await asyncio.sleep(1)
    leave()
    assert await house.end() == (Outcome.SUCCEEDED, 60)


async def test_it_is_canceled_five_seconds_after_its_last_viewer_left(house):
    await house.start(CANCEL)
    first, last = house.watch(), house.watch()
    await asyncio.sleep(10)
    first()
    await asyncio.sleep(10)
    last()
    with capture_logs() as lines:
        assert await house.end() == (Outcome.CANCELED, 25)
    assert {"event": "generation_abandoned", "log_level": "info", "generation": ID, "unwatched_seconds": 5.0} in lines


async def test_a_viewer_who_reconnects_never_left(house):
    await house.start(CANCEL)
    for _ in range(10):
        leave = house.watch()
        await asyncio.sleep(1)
        leave()
        await asyncio.sleep(4.9)
    house.watch()
    assert await house.end() == (Outcome.SUCCEEDED, 60)


async def test_leaving_twice_is_leaving_once(house):
    await house.start(CANCEL)
    first, last = house.watch(), house.watch()
    first()
    first()
    await asyncio.sleep(10)
    last()
    assert await house.end() == (Outcome.CANCELED, 15)


async def test_cancel_waits_for_the_first_viewer_as_long_as_it_takes(house):
    await house.start(CANCEL)
    assert await house.end() == (Outcome.SUCCEEDED, 60)


@pytest.mark.parametrize(("said", "at"), [("cancel_after:0", 5), ("cancel_after:30", 30), ("cancel_after:59", 59)])
async def test_cancel_after_counts_from_the_beginning_while_nobody_has_come(house, said, at):
    await house.start(Patience.parse(said))
    assert await house.end() == (Outcome.CANCELED, at)


@pytest.mark.parametrize(("said", "at"), [("cancel_after:0", 3), ("cancel_after:2", 5), ("cancel_after:30", 33)])
async def test_cancel_after_counts_again_whenever_the_last_viewer_leaves(house, said, at):
    await house.start(Patience.parse(said))
    leave = house.watch()
    await asyncio.sleep(3)
    leave()
    assert await house.end() == (Outcome.CANCELED, at)


async def test_who_is_back_in_time_stops_the_counting(house):
    await house.start(Patience.parse("cancel_after:30"))
    await asyncio.sleep(29)
    leave = house.watch()
    leave()
    await asyncio.sleep(29)
    house.watch()
    assert await house.end() == (Outcome.SUCCEEDED, 60)


@pytest.mark.parametrize(("said", "at"), [("cancel_after:0", 20), ("cancel_after:30", 30)])
async def test_after_a_restart_everybody_has_time_to_come_back(house, said, at):
    await house.start(Patience.parse(said), is_back=True)
    assert await house.end() == (Outcome.CANCELED, at)


async def test_after_a_restart_cancel_waits_for_a_viewer_and_then_for_its_leaving(house):
    await house.start(CANCEL, is_back=True)
    await asyncio.sleep(30)
    house.watch()()
    assert await house.end() == (Outcome.CANCELED, 35)


async def test_viewers_who_are_sent_away_by_a_leaving_service_have_not_left(house):
    await house.start(Patience.parse("cancel_after:1"))
    leave = house.watch()
    house.reaper.rest()
    leave()
    assert await house.end() == (Outcome.SUCCEEDED, 60)


async def test_what_was_being_counted_is_dropped_when_the_service_leaves(house):
    await house.start(Patience.parse("cancel_after:10"))
    await asyncio.sleep(9)
    house.reaper.rest()
    assert await house.end() == (Outcome.SUCCEEDED, 60)


async def test_viewers_who_leave_after_the_end_start_no_counting(house, world):
    await house.start(Patience.parse("cancel_after:10"))
    leave = house.watch()
    await house.supervisor.find(ID).ended.wait()
    leave()
    assert house.reaper._timers == {}
    assert await house.end() == (Outcome.SUCCEEDED, 60)


async def test_an_upstream_that_cannot_be_stopped_is_asked_once_and_goes_on(house, world):
    asked = []

    async def cancel():
        asked.append(world.now)
        return Cancel.UNSUPPORTED

    async def watch():
        yield Progressed(0.5)
        await asyncio.sleep(60)
        yield Produced(b"png")
        yield Succeeded()

    await house.start(CANCEL, provider=world.remote(watch=watch, cancel=cancel))
    house.watch()()
    await asyncio.sleep(20)
    house.watch()()
    assert await house.end() == (Outcome.SUCCEEDED, 60)
    assert asked == [5]


async def test_a_cancel_that_cannot_be_journalled_is_logged_and_under_way(house, world):
    await house.start(Patience.parse("cancel_after:30"))
    await asyncio.sleep(1)
    world.journal.fails = {world.journal.appends + 1}
    with capture_logs() as lines:
        outcome, _ = await house.end()
    assert outcome is Outcome.CANCELED
    assert [line["code"] for line in lines if line["event"] == "abandoned_cancel_failed"] == ["storage_full"]


async def test_one_that_has_left_memory_before_it_is_minded_is_nobodys_any_more(house):
    generation, _, _ = await house.world.create(house.world.local(a_minute), ID, patience=CANCEL)
    house.world.hub.forget(ID)  # as one that a start took over, and that ended before the start did
    house.reaper.mind(generation, is_back=True)
    await house.reaper.close()
