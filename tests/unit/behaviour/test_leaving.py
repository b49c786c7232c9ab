"""What becomes of what runs when the service leaves: it depends on what the job depends on."""

import asyncio
from types import SimpleNamespace

import pytest

from safelight.providers import Cancel, Charged, Durability, Previewed, Produced, Progressed, Succeeded
from safelight.runner import Attempts
from safelight.runner.custody import Custody
from safelight.status import Outcome, State
from safelight.supervisor import Supervisor

pytestmark = pytest.mark.looptime

IDS = [f"{number:032x}" for number in range(3)]


class House:
    """A supervisor, and the generations it was given."""

    def __init__(self, world):
        self.world = world
        self.supervisor = Supervisor(world.tools, "here")

    async def start(self, provider, number=0):
        """Create a generation and run it until it is half done."""
        generation, first, intent = await self.world.create(provider, IDS[number])
        self.supervisor.start(generation, first, Attempts([intent]), self.world.route(provider), epoch=1)
        await self.world.until(lambda: self.newest(number).progress == 50)

    def newest(self, number=0):
        return self.world.hub.newest(IDS[number])

    async def leave(self, grace_seconds=0.0):
        """Leave; return how long it took. Whoever leaves leaves no task."""
        began = self.world.now
        await self.supervisor.leave(grace_seconds=grace_seconds)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others
        assert all(self.supervisor.find(id_) is None for id_ in IDS)
        return self.world.now - began

    async def unfinished(self):
        return [left.generation.id for left in await self.world.journal.unfinished()]

    async def steps(self, number=0):
        return [(record.step.value, record.result) for record in await self.world.journal.attempts(IDS[number])]


@pytest.fixture
async def house(world):
    async with world.journal:
        yield House(world)


async def for_ever(control):
    yield Progressed(0.5)
    await asyncio.Event().wait()


async def ten_seconds(control):
    yield Progressed(0.5)
    await asyncio.sleep(10)
    yield Produced(b"png")


class Far:
    """What happens at an upstream that outlives us."""

    def __init__(self):
        self.cancels = 0

    async def watch(self):
        yield Progressed(0.5)
        await asyncio.sleep(100)
        yield Produced(b"png")
        yield Succeeded()

    async def cancel(self):
        self.cancels += 1
        return Cancel.CONFIRMED


@pytest.mark.parametrize(("durability", "charged"), [(Durability.PROCESS, Charged.NO), (Durability.CONNECTION, Charged.UNKNOWN)])
async def test_what_cannot_outlive_the_process_ends_with_it_and_says_what_may_be_paid(house, world, durability, charged):
    stopped = []

    async def generate(control):
        try:
            async for update in for_ever(control):
                yield update
        finally:
            stopped.append(control.is_canceled)

    await house.start(world.local(generate, durability=durability))
    assert await house.leave() < 3
    end = house.newest()
    assert (end.state, end.outcome, end.code, end.charged) == (State.FAILED, Outcome.INTERRUPTED, "interrupted", charged)
    assert end.retryable is True
    assert await house.steps() == [("intent", None), ("accepted", None), ("outcome", "interrupted")]
    assert await house.unfinished() == []
    assert stopped == [True]


async def test_a_job_that_dies_with_our_connection_is_canceled_upstream(house, world):
    far = Far()
    await house.start(world.remote(watch=far.watch, cancel=far.cancel, durability=Durability.CONNECTION))
    await house.leave()
    assert (house.newest().outcome, far.cancels) == (Outcome.INTERRUPTED, 1)


async def test_a_job_that_lives_upstream_is_parked_and_left_alone(house, world):
    far = Far()
    await house.start(world.remote(watch=far.watch, cancel=far.cancel))
    before = house.newest()
    assert await house.leave() < 3
    assert house.newest() == before
    assert (await world.journal.read(IDS[0]))[-1] == before
    assert await house.steps() == [("intent", None), ("accepted", None)]
    assert await house.unfinished() == [IDS[0]]
    assert far.cancels == 0


async def test_work_that_may_be_run_again_is_parked_for_the_next_process(house, world):
    world.rerun_interrupted = True
    await house.start(world.local(for_ever, durability=Durability.PROCESS))
    await house.leave()
    assert (house.newest().is_terminal, await house.unfinished()) == (False, [IDS[0]])


async def test_each_kind_of_job_goes_its_own_way_at_once(house, world):
    await house.start(world.local(for_ever), 0)
    await house.start(world.local(for_ever, durability=Durability.CONNECTION), 1)
    await house.start(world.remote(watch=Far().watch), 2)
    assert await house.leave() < 3
    assert [house.newest(number).outcome for number in range(3)] == [Outcome.INTERRUPTED, Outcome.INTERRUPTED, None]
    assert await house.unfinished() == [IDS[2]]


@pytest.mark.parametrize("durability", [Durability.PROCESS, Durability.CONNECTION, Durability.REMOTE])
async def test_what_ends_within_the_grace_ends_by_itself_and_no_longer_is_waited_for(house, world, durability):
    await house.start(world.local(ten_seconds, durability=durability))
    assert await house.leave(grace_seconds=60.0) == pytest.approx(10, abs=0.1)
    assert house.newest().outcome is Outcome.SUCCEEDED


async def test_the_grace_is_given_whole_and_no_more_than_that(house, world):
    await house.start(world.local(for_ever))
    assert await house.leave(grace_seconds=60.0) == pytest.approx(60, abs=3)
    assert house.newest().outcome is Outcome.INTERRUPTED
    assert (house.newest().ended_at - house.newest().created_at).total_seconds() == pytest.approx(60, abs=0.1)


async def test_a_provider_that_is_deaf_does_not_hold_up_the_leaving(house, world):
    released = asyncio.Event()

    async def generate(control):
        yield Progressed(0.5)
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    await house.start(world.local(generate))
    began = world.now
    await house.supervisor.leave(grace_seconds=0.0)
    took, end = world.now - began, house.newest()
    released.set()
    assert took < 10
    assert end.outcome is Outcome.INTERRUPTED
    await world.until(lambda: asyncio.all_tasks() == {asyncio.current_task()})


async def test_a_journal_that_takes_nothing_does_not_hold_up_the_leaving_and_says_nothing_untrue(house, world):
    await house.start(world.local(for_ever))
    before = house.newest()
    world.journal.fails = set(range(1, 1000))
    assert await house.leave() < 10
    assert house.newest() == before
    assert await house.unfinished() == [IDS[0]]


async def test_who_has_nothing_to_wait_for_leaves_at_once(house):
    assert await house.leave(grace_seconds=60.0) == 0


async def test_one_whose_create_was_under_way_is_parked_with_the_others(world, house):
    async def watch():
        yield Progressed(0.5)
        try:
            await asyncio.Event().wait()
        finally:
            generation, first, intent = await world.create(late, IDS[1])
            house.supervisor.start(generation, first, Attempts([intent]), world.route(late), epoch=1)

    late = world.remote(watch=lambda: for_ever(None))
    await house.start(world.remote(watch=watch))
    await house.leave()
    assert await house.unfinished() == IDS[:2]


async def test_what_is_being_kept_has_stopped_when_custody_is_closed_although_that_is_canceled():
    class Slow:
        async def preview(self, *_, **__):
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(1)

    custody = Custody("a", Slow(), [].append)
    custody.preview(Previewed(b"picture"), SimpleNamespace(session=None))
    await asyncio.sleep(0)
    closing = asyncio.create_task(custody.close())
    await asyncio.sleep(0.5)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert asyncio.all_tasks() == {asyncio.current_task()}
