"""The wall clock may be set while something runs; it moves no deadline, no order and no end before its beginning."""

import asyncio
from datetime import timedelta

import pytest

from safelight.providers import Job, NotSent, Produced, Progressed, Started, Succeeded
from safelight.runner import Attempts
from safelight.status import Outcome
from safelight.supervisor import Supervisor

pytestmark = [
    pytest.mark.looptime,
    pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)], ids=["ahead", "back"]),
]
ID = "0" * 32


class Jumping:
    """The world's clock, and by how much somebody has set it."""

    def __init__(self, clock):
        self.offset = timedelta(0)
        self._clock = clock

    def now(self):
        return self._clock.now() + self.offset


@pytest.fixture
def clock(world):
    world.clock = world.journal._clock = Jumping(world.clock)
    return world.clock


async def silent():
    yield Progressed(0.5)
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("bounds", "seconds", "code"),
    [
        ({"total_seconds": 100}, 100, "deadline_exceeded"),
        ({"stall_seconds": 20}, 20, "stalled"),
    ],
)
async def test_a_clock_that_is_set_moves_no_deadline(world, clock, jump, bounds, seconds, code):
    await world.start(world.remote(watch=silent), **bounds)
    await world.until(lambda: world.shown[-1].progress)
    clock.offset = jump
    end = await world.end()
    assert end.code == code
    assert world.reader.seen[-1][0] == pytest.approx(seconds, abs=1)


async def test_nothing_ends_before_it_began_and_the_order_stays(world, clock, jump):
    async def watch():
        yield Progressed(0.5)
        await asyncio.sleep(5)
        yield Started()
        yield Produced(b"png")
        yield Succeeded()

    await world.start(world.remote(watch=watch))
    await world.until(lambda: world.shown[-1].progress)
    clock.offset = jump
    end = await world.end()
    assert end.created_at <= end.started_at <= end.ended_at
    assert [status.version for status in world.shown] == sorted(status.version for status in world.shown)


async def test_a_planned_attempt_does_not_wait_for_a_day_when_the_clock_was_set_between_two_lives(world, clock, jump):
    submitted = []

    async def submit():
        submitted.append(world.now)
        return Job("j1")

    async def watch():
        yield Produced(b"png")
        yield Succeeded()

    provider = world.remote(submit=submit, watch=watch)
    await world.journal.__aenter__()
    _, _, intent = await world.create(provider, attempts=3)
    attempts, at = Attempts([intent]), clock.now()
    planned = attempts.end(
        "not_sent", at, said=None, detail="No.", next_provider="lighthouse", next_at=at + timedelta(seconds=30)
    )
    await world.journal.append(ID, 1, planned, durable=True)
    clock.offset = jump
    supervisor = Supervisor(world.tools, "successor")
    await supervisor.recover(lambda _: world.route(provider))
    await supervisor.find(ID).ended.wait()
    end = (await world.journal.find(ID))[1]
    assert end.outcome is Outcome.SUCCEEDED
    assert submitted[0] <= 31
    await supervisor.leave(grace_seconds=0)


async def test_each_life_has_a_higher_epoch_than_the_one_before(world, clock, jump):
    await world.journal.__aenter__()
    await world.create(world.remote(watch=silent))
    epochs = [await world.journal.claim(ID, "one")]
    clock.offset = jump
    epochs.append(await world.journal.claim(ID, "two"))
    clock.offset = -jump
    epochs.append(await world.journal.claim(ID, "three"))
    assert epochs[0] < epochs[1] < epochs[2]


async def test_a_wait_between_two_attempts_is_as_long_as_it_was_to_be(world, clock, jump):
    calls = []

    async def submit():
        calls.append(world.now)
        if len(calls) == 1:
            clock.offset = jump
            raise NotSent("No.", retry_after_seconds=20)
        return Job("j1")

    async def watch():
        yield Produced(b"png")
        yield Succeeded()

    end = await world.run(world.remote(submit=submit, watch=watch), attempts=3)
    assert end.outcome is Outcome.SUCCEEDED
    assert calls[1] - calls[0] == pytest.approx(20, abs=1)
