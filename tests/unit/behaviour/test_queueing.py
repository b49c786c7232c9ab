"""A generation that waits for its turn: nothing is handed in, nothing is intended, and every way out of the queue is open."""

import asyncio

import pytest

from safelight.errors import NotPausable
from safelight.providers import Cancel, Charged, Failed, Job, Produced, ProviderRateLimited, Started, Succeeded
from safelight.records import Step
from safelight.runner import INTERRUPTED, Attempts
from safelight.status import Outcome, Phase, State
from safelight.supervisor import Supervisor

pytestmark = pytest.mark.looptime

ID = "0" * 32


@pytest.fixture
async def crowded(world):
    """A world whose one slot somebody else has."""
    world.at_once = 1
    world.handed_in = []

    async def submit():
        world.handed_in.append(world.now)
        return Job("j1")

    async def poll():
        return [Produced(b"x"), Succeeded(charged=Charged.YES)]

    async def cancel():
        return Cancel.CONFIRMED

    world.provider = world.remote(submit=submit, poll=poll, cancel=cancel)
    world.route(world.provider)
    world.other = world.slots["lighthouse"].take("somebody else")
    return world


async def queued(world, **bounds):
    await world.start(world.provider, **bounds)
    await asyncio.sleep(5)
    assert world.handed_in == []
    assert await world.steps() == [("queued", None)]


async def test_it_is_shown_with_its_place_and_handed_in_when_its_turn_comes(crowded):
    await queued(crowded)
    first = crowded.shown[0]
    assert (first.phase, first.state, first.queue.position, first.queue.size) == (Phase.QUEUED, State.STARTED, 0, 1)
    crowded.other.leave()
    end = await crowded.end()
    assert end.outcome is Outcome.SUCCEEDED
    assert crowded.handed_in == [5.0]
    assert await crowded.steps() == [("queued", None), ("intent", None), ("accepted", None), ("outcome", "succeeded")]
    assert all(status.queue is None for status in crowded.shown if status.phase is not Phase.QUEUED)


async def test_it_gives_its_slot_to_the_next_when_it_ends(crowded):
    crowded.other.leave()
    await crowded.start(crowded.provider)
    waiting = crowded.slots["lighthouse"].take("ben")
    assert not waiting.is_ready
    await crowded.end()
    assert waiting.is_ready


async def test_places_are_shown_as_they_change(crowded):
    before = crowded.slots["lighthouse"].take("ben")
    await crowded.start(crowded.provider)
    assert crowded.shown[-1].queue.position == 1
    before.leave()
    await asyncio.sleep(2)
    assert (crowded.shown[-1].queue.position, crowded.shown[-1].queue.size) == (0, 1)
    await crowded.runner.cancel()
    await crowded.end()


async def test_a_cancel_takes_it_out_of_the_queue_and_costs_nothing(crowded):
    await queued(crowded)
    await crowded.runner.cancel()
    end = await crowded.end()
    assert (end.outcome, end.charged, end.cancel) == (Outcome.CANCELED, Charged.NO, Cancel.CONFIRMED)
    assert await crowded.steps() == [("queued", None), ("outcome", "not_sent")]
    assert crowded.slots["lighthouse"].queued == 0


async def test_the_queue_deadline_ends_it_and_it_was_never_sent(crowded):
    await crowded.start(crowded.provider, queue_seconds=60)
    end = await crowded.end()
    assert (end.outcome, end.code, end.charged) == (Outcome.EXPIRED, "deadline_exceeded", Charged.NO)
    assert crowded.now == pytest.approx(60, abs=1)
    assert crowded.handed_in == []


async def test_held_still_it_lets_others_pass_and_queues_again(crowded):
    await queued(crowded)
    await crowded.runner.hold(still=True)
    assert crowded.shown[-1].phase is Phase.PAUSED
    crowded.other.leave()
    await asyncio.sleep(5)
    assert crowded.handed_in == []
    assert crowded.slots["lighthouse"].working == 0, "its turn was somebody else's"
    await crowded.runner.hold(still=False)
    assert (await crowded.end()).outcome is Outcome.SUCCEEDED


async def test_going_on_before_its_turn_it_has_kept_its_place(crowded):
    await queued(crowded)
    await crowded.runner.hold(still=True)
    crowded.slots["lighthouse"].take("anna")
    await crowded.runner.hold(still=False)
    await asyncio.sleep(2)
    assert (crowded.shown[-1].phase, crowded.shown[-1].queue.position) == (Phase.QUEUED, 0)
    await crowded.runner.cancel()
    await crowded.end()
    with pytest.raises(NotPausable):
        await crowded.runner.hold(still=True)


async def test_between_two_attempts_it_has_no_slot_and_is_shown_in_the_queue_again(world):
    world.at_once = 1
    tries = []

    async def poll():
        tries.append(world.now)
        if len(tries) == 1:
            return [Started(), Failed("Come again.", code="provider_unavailable", retryable=True, charged=Charged.NO)]
        return [Produced(b"x"), Succeeded()]

    await world.start(world.remote(poll=poll), attempts=2)
    await world.until(lambda: tries)
    other = world.slots["lighthouse"].take("ben", is_admitted=True)
    assert other.is_ready
    await asyncio.sleep(5)
    assert (world.shown[-1].phase, world.shown[-1].state) == (Phase.QUEUED, State.PROCESSING)
    other.leave()
    assert (await world.end()).outcome is Outcome.SUCCEEDED
    assert [step for step, _ in await world.steps()] == ["intent", "accepted", "outcome", "intent", "accepted", "outcome"]


async def test_whoever_was_refused_for_too_many_has_the_others_handed_in_one_by_one(world):
    answers, handed_in, done = asyncio.Queue(), [], asyncio.Event()

    async def submit():
        handed_in.append(world.now)
        if len(handed_in) == 1:
            raise ProviderRateLimited("Too many.", retry_after_seconds=10)
        return await answers.get()

    async def poll():
        return [Produced(b"x"), Succeeded(charged=Charged.YES)] if done.is_set() else []

    await world.start(world.remote(submit=submit, poll=poll), attempts=2)
    slots = world.slots["lighthouse"]
    await asyncio.sleep(1)
    first, second = (slots.take("anna") for _ in range(2))
    await asyncio.sleep(15)
    assert (first.is_ready, second.is_ready) == (True, False), "the first of them has no answer yet"
    first.answered()
    await asyncio.sleep(1)
    assert len(handed_in) == 2, "and then whoever was refused before"
    assert not second.is_ready
    answers.put_nowait(Job("j2"))
    await asyncio.sleep(1)
    assert second.is_ready, "while it works, for it was taken"
    done.set()
    assert (await world.end()).outcome is Outcome.SUCCEEDED


async def test_a_crash_costs_nobody_its_place_in_the_queue(crowded):
    await crowded.journal.__aenter__()
    await crowded.create(crowded.provider, place=crowded.slots["lighthouse"].take("ben").place)
    crowded.hub.forget(ID)
    supervisor = Supervisor(crowded.tools, "successor")
    recovered = await supervisor.recover(lambda _: crowded.route(crowded.provider))
    assert (recovered.resumed, recovered.interrupted) == (1, 0)
    await asyncio.sleep(5)
    assert crowded.handed_in == []
    crowded.slots["lighthouse"].free(crowded.other)
    await supervisor.find(ID).ended.wait()
    assert crowded.handed_in == [], "somebody stands before it still"


async def test_after_a_crash_it_is_handed_in_at_its_turn(crowded):
    await crowded.journal.__aenter__()
    generation, _, _ = await crowded.create(crowded.provider, place=crowded.slots["lighthouse"].take("x").place)
    crowded.hub.forget(ID)
    crowded.slots.clear()
    supervisor = Supervisor(crowded.tools, "successor")
    await supervisor.recover(lambda _: crowded.route(crowded.provider))
    runner = supervisor.find(generation.id)
    await runner.ended.wait()
    assert len(crowded.handed_in) == 1
    steps = [record.step for record in await crowded.journal.attempts(ID)]
    assert steps == [Step.QUEUED, Step.INTENT, Step.ACCEPTED, Step.OUTCOME]


async def test_after_a_crash_jobs_at_work_upstream_have_their_slots_before_anybody_gets_a_turn(crowded):
    crowded.slots.clear()
    await crowded.journal.__aenter__()
    place = crowded.slots.setdefault("x", crowded.make_slots(crowded.route(crowded.provider)[0].instance))
    crowded.slots.pop("x")
    place.take("a")
    await crowded.create(crowded.provider, place=place.take("b").place)
    at_work, _, intent = await crowded.create(crowded.provider, "1" * 32)
    accepted = Attempts([intent]).accept(Job("j9"), intent.at)
    await crowded.journal.append(at_work.id, 1, accepted, durable=True)
    crowded.hub.forget(ID)
    crowded.hub.forget(at_work.id)

    async def poll():
        return []

    type(crowded.provider).poll = lambda self, job: poll()
    supervisor = Supervisor(crowded.tools, "successor")
    await supervisor.recover(lambda _: crowded.route(crowded.provider))
    await asyncio.sleep(5)
    assert crowded.handed_in == []
    assert crowded.slots["lighthouse"].working == 1
    await supervisor.leave(grace_seconds=0)


async def test_a_service_that_leaves_parks_what_waits_for_its_turn(crowded):
    await queued(crowded)
    assert crowded.runner.is_lasting
    crowded.runner.end(INTERRUPTED)
    assert (await crowded.end()).charged is Charged.NO
