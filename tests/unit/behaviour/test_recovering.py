"""A process died: what its successor makes of what it left."""

import asyncio
from datetime import timedelta

import attrs
import pytest

from safelight.errors import JournalFull
from safelight.providers import Cancel, Charged, Durability, Job, Produced, Progressed, Started, Succeeded
from safelight.records import StatusRecord
from safelight.runner import Attempts
from safelight.status import Outcome, Phase
from safelight.supervisor import Supervisor

pytestmark = pytest.mark.looptime

ID = "0" * 32


class Successor:
    """A supervisor that opens on what another process wrote."""

    def __init__(self, world):
        self.world = world
        self.supervisor = Supervisor(world.tools, "successor")

    async def left(self, provider, *steps, **facts):
        """Journal what a process got to before it died: the intent, then these steps."""
        await self.world.journal.__aenter__()
        generation, _, intent = await self.world.create(provider, **facts)
        attempts = Attempts([intent])
        for step in steps:
            record = step(attempts)
            await self.world.journal.append(generation.id, 1, record, durable=True)
        self.world.hub.subscribe(ID, self.world.reader).catch_up()

    async def recover(self, *providers):
        return await self.supervisor.recover(lambda _: self.world.route(*providers))

    async def ended(self):
        while (runner := self.supervisor.find(ID)) is not None:
            await runner.ended.wait()
            await asyncio.sleep(30)  # late listening
        return (await self.world.journal.find(ID))[1]


@pytest.fixture
def successor(world):
    return Successor(world)


def accepted(attempts):
    return attempts.accept(Job("j9", {"region": "eu"}), attempts.newest.at)


def not_sent(attempts):
    return attempts.end("not_sent", attempts.newest.at, said=None, detail="Refused.")


def remote(world, *, submit=None, jobs=None):
    async def never():
        raise AssertionError("it must not be submitted again")

    provider = world.remote(submit=submit or never)

    async def watch(self, job):
        (jobs if jobs is not None else []).append(job)
        yield Started()
        yield Produced(b"picture")
        yield Succeeded()

    type(provider).watch = watch
    return provider


async def test_a_job_that_lives_upstream_is_watched_on_under_a_higher_epoch(world, successor):
    jobs = []
    provider = remote(world, jobs=jobs)
    await successor.left(provider, accepted)
    recovered = await successor.recover(provider)
    assert (recovered.resumed, recovered.interrupted) == (1, 0)
    end = await successor.ended()
    assert (end.outcome, jobs) == (Outcome.SUCCEEDED, [Job("j9", {"region": "eu"})])
    assert end.version.epoch > 1
    statuses = await world.journal.read(ID)
    assert [status.version.seq for status in statuses] == list(range(1, len(statuses) + 1))


async def test_a_submission_of_unknown_fate_is_looked_up_and_never_repeated_blindly(world, successor):
    provider = remote(world)
    await successor.left(provider)
    await successor.recover(provider)
    end = await successor.ended()
    assert (end.outcome, end.code, end.charged) == (Outcome.UNKNOWN, "outcome_unknown", Charged.UNKNOWN)


async def test_a_submission_that_arrived_is_found_and_watched(world, successor):
    jobs = []
    provider = remote(world, jobs=jobs)

    async def find(self, key):
        return Job(key)

    type(provider).find = find
    await successor.left(provider)
    await successor.recover(provider)
    assert (await successor.ended()).outcome is Outcome.SUCCEEDED
    assert jobs == [Job("f" * 32)]


async def test_a_submission_that_surely_never_arrived_is_made_again(world, successor):
    submitted = []

    async def submit():
        submitted.append(1)
        return Job("j2")

    provider = remote(world, submit=submit)

    async def find(self, key):
        return None

    type(provider).find = find
    await successor.left(provider, attempts=3)
    await successor.recover(provider)
    assert (await successor.ended()).outcome is Outcome.SUCCEEDED
    assert submitted == [1]


async def test_an_attempt_that_was_waited_for_is_made(world, successor):
    submitted = []

    async def submit():
        submitted.append(1)
        return Job("j2")

    provider = remote(world, submit=submit)
    await successor.left(provider, not_sent, attempts=3)
    await successor.recover(provider)
    end = await successor.ended()
    assert (end.outcome, end.attempt.n, submitted) == (Outcome.SUCCEEDED, 2, [1])


async def test_a_cancel_that_was_asked_for_is_asked_of_the_upstream_again(world, successor):
    async def forever(self, job):
        yield Progressed(0.5)
        await asyncio.Event().wait()

    async def cancel(self, job):
        return Cancel.CONFIRMED

    provider = remote(world)
    type(provider).watch, type(provider).cancel = forever, cancel
    await world.journal.__aenter__()
    _, first, intent = await world.create(provider)
    wish = attrs.evolve(first, cancel=Cancel.REQUESTED, version=first.version.next(1))
    await world.journal.append(ID, 1, StatusRecord(status=wish), accepted(Attempts([intent])), durable=True)
    await successor.recover(provider)
    end = await successor.ended()
    assert (end.outcome, end.cancel) == (Outcome.CANCELED, Cancel.CONFIRMED)


@pytest.mark.parametrize(("durability", "charged"), [(Durability.PROCESS, Charged.NO), (Durability.CONNECTION, Charged.UNKNOWN)])
async def test_what_could_not_outlive_the_process_is_interrupted_before_anybody_is_served(world, successor, durability, charged):
    async def generate(control):
        yield Produced(b"picture")

    provider = world.local(generate, durability=durability)
    await successor.left(provider, accepted)
    recovered = await successor.recover(provider)
    end = (await world.journal.find(ID))[1]
    assert (recovered.interrupted, end.outcome, end.charged, end.retryable) == (1, Outcome.INTERRUPTED, charged, True)
    assert end.error == "The service stopped while this was running."


async def test_what_cost_nothing_is_run_again_where_the_operator_allows_it(world, successor):
    async def generate(control):
        yield Produced(b"picture")

    provider = world.local(generate)
    await successor.left(provider, accepted, attempts=2)
    world.rerun_interrupted = True
    recovered = await successor.recover(provider)
    end = await successor.ended()
    assert (recovered.resumed, end.outcome, end.attempt.n) == (1, Outcome.SUCCEEDED, 2)


async def test_a_provider_that_is_no_longer_there_leaves_an_honest_end(world, successor):
    provider = remote(world)
    await successor.left(provider, accepted)
    recovered = await successor.recover()
    end = (await world.journal.find(ID))[1]
    assert (recovered.interrupted, end.outcome, end.charged) == (1, Outcome.INTERRUPTED, Charged.UNKNOWN)
    assert end.error.endswith("and its provider 'lighthouse' is not available any more.")


async def test_what_is_left_of_the_deadline_is_what_counts(world, successor):
    async def forever(self, job):
        yield Progressed(0.5)
        await asyncio.Event().wait()

    provider = remote(world)
    type(provider).watch = forever
    await successor.left(provider, accepted, total_seconds=100)
    await asyncio.sleep(90)
    await successor.recover(provider)
    began = world.now
    assert (await successor.ended()).code == "deadline_exceeded"
    assert world.now - began < 60


async def test_a_story_told_again_from_the_start_shows_no_picture_twice(world, successor):
    provider = world.remote(submit=None)

    async def watch(self, job):
        yield Produced(b"one")
        yield Produced(b"two")
        yield Succeeded()

    type(provider).watch = watch
    await world.journal.__aenter__()
    _, first, intent = await world.create(provider)
    kept = await world.outputs.keep(ID, b"one", claimed_type=None, seed=None)
    begun = attrs.evolve(first, outputs=(kept,), version=first.version.next(1))
    await world.journal.append(ID, 1, StatusRecord(status=begun), accepted(Attempts([intent])), durable=True)
    await successor.recover(provider)
    end = await successor.ended()
    assert [output.sha256 for output in end.outputs] == [kept.sha256, end.outputs[1].sha256]
    assert len(end.outputs) == 2


def failed(next_provider, seconds=0.0):
    """An outcome whose follow-up was planned, but not begun."""

    def step(attempts):
        at = attempts.newest.at
        due = at + timedelta(seconds=seconds)
        return attempts.end("failed", at, said=Charged.YES, detail="Out of memory.", next_provider=next_provider, next_at=due)

    return step


async def test_who_was_to_take_over_does_and_who_has_failed_is_not_paid_again(world, successor):
    first = remote(world)
    second = remote(world, submit=lambda: asyncio.sleep(0, Job("j2")))
    await successor.left(first, accepted, failed("lighthouse-2"))
    await successor.recover(first, second)
    end = await successor.ended()
    assert (end.outcome, end.attempt.provider, end.charged) == (Outcome.SUCCEEDED, "lighthouse-2", Charged.YES)


def begun(candidate):
    """The intent of a later attempt, with this candidate."""
    return lambda attempts: attempts.intend(candidate.instance, attempts.newest.at)


async def test_a_job_of_a_later_provider_is_watched_on_though_an_earlier_one_is_gone(world, successor):
    jobs = []
    first, second = remote(world), remote(world, jobs=jobs)
    route = world.route(first, second)
    await successor.left(first, failed("lighthouse-2"), begun(route[1]), accepted, attempts=2)
    recovered = await successor.supervisor.recover(lambda _: route[1:])
    end = await successor.ended()
    assert (recovered.resumed, end.outcome, jobs) == (1, Outcome.SUCCEEDED, [Job("j9", {"region": "eu"})])


async def test_a_job_is_watched_on_though_its_provider_takes_what_was_asked_for_no_longer(world, successor):
    jobs = []
    (candidate,) = world.route(remote(world, jobs=jobs))
    await successor.left(candidate.instance.provider, accepted)
    await successor.supervisor.recover(lambda _: [attrs.evolve(candidate, is_watched_only=True)])
    assert (await successor.ended()).outcome is Outcome.SUCCEEDED
    assert len(jobs) == 1


async def test_where_the_next_provider_is_gone_the_one_after_it_takes_over(world, successor):
    third = remote(world, submit=lambda: asyncio.sleep(0, Job("j3")))
    route = world.route(remote(world), remote(world), third)
    names = tuple(candidate.instance.name for candidate in route)
    await successor.left(route[0].instance.provider, accepted, failed("lighthouse-2"), route=names)
    await successor.supervisor.recover(lambda _: [route[0], route[2]])
    end = await successor.ended()
    assert (end.outcome, end.attempt.provider) == (Outcome.SUCCEEDED, "lighthouse-3")


async def test_where_nobody_is_left_to_take_over_it_ends(world, successor):
    route = world.route(remote(world), remote(world))
    names = tuple(candidate.instance.name for candidate in route)
    await successor.left(route[0].instance.provider, accepted, failed("lighthouse-2"), route=names)
    recovered = await successor.supervisor.recover(lambda _: route[:1])
    end = (await world.journal.find(ID))[1]
    assert (recovered.interrupted, end.outcome) == (1, Outcome.INTERRUPTED)
    assert "'lighthouse-2'" in end.error


async def test_an_upstream_that_wants_us_back_later_is_left_alone_till_then_by_the_successor_too(world, successor):
    submitted = []

    async def submit():
        submitted.append(world.now)
        return Job("j2")

    provider = remote(world, submit=submit)
    await successor.left(provider, failed("lighthouse", seconds=600.0), attempts=3)
    await asyncio.sleep(200)
    await successor.recover(provider)
    assert (await successor.ended()).outcome is Outcome.SUCCEEDED
    assert submitted == [pytest.approx(600.0, abs=1)]


async def test_a_wish_to_cancel_keeps_the_attempt_that_was_waited_for_from_being_made(world, successor):
    provider = remote(world)
    await world.journal.__aenter__()
    _, first, intent = await world.create(provider, attempts=3)
    wish = attrs.evolve(first, cancel=Cancel.REQUESTED, version=first.version.next(1))
    await world.journal.append(ID, 1, StatusRecord(status=wish), not_sent(Attempts([intent])), durable=True)
    await successor.recover(provider)
    end = await successor.ended()
    assert (end.outcome, end.cancel, end.charged) == (Outcome.CANCELED, Cancel.CONFIRMED, Charged.NO)


async def test_an_attempt_that_was_not_sent_costs_nothing_even_if_its_provider_is_gone(world, successor):
    provider = remote(world)
    await successor.left(provider, not_sent)
    await successor.recover()
    end = (await world.journal.find(ID))[1]
    assert (end.outcome, end.charged) == (Outcome.INTERRUPTED, Charged.NO)
    assert [record.step.value for record in await world.journal.attempts(ID)] == ["intent", "outcome"]


async def test_what_may_be_run_again_is_not_run_more_often_than_tried(world, successor):
    """It may be what kills the service."""

    async def generate(control):
        yield Produced(b"picture")

    provider = world.local(generate)
    again = [lambda attempts: attempts.intend(world.route(provider)[0].instance, attempts.newest.at)] * 2
    await successor.left(provider, *again, attempts=3)
    world.rerun_interrupted = True
    recovered = await successor.recover(provider)
    end = (await world.journal.find(ID))[1]
    assert (recovered.interrupted, end.outcome, end.charged) == (1, Outcome.INTERRUPTED, Charged.NO)


async def test_what_is_held_still_stays_so_and_has_not_stalled(world, successor):
    async def silent(self, job):
        await asyncio.Event().wait()
        yield

    async def resume(self, job):
        pass  # it says that it does, and stays as silent as before

    provider = remote(world)
    type(provider).watch, type(provider).resume = silent, resume
    await world.journal.__aenter__()
    _, first, intent = await world.create(provider, stall_seconds=60.0, max_pause_seconds=600.0)
    held = attrs.evolve(first, phase=Phase.PAUSED, version=first.version.next(1))
    await world.journal.append(ID, 1, StatusRecord(status=held), accepted(Attempts([intent])), durable=True)
    await successor.recover(provider)
    end = await successor.ended()
    assert end.code == "stalled"
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(660.0, abs=1)


async def test_what_waited_for_a_provider_that_was_left_alone_is_handed_in(world, successor):
    submitted = []

    async def submit():
        submitted.append(1)
        return Job("j1")

    await successor.left(world.remote(), lambda attempts: attempts.put_back(attempts.newest.at))
    assert (await successor.recover(remote(world, submit=submit))).resumed == 1
    end = await successor.ended()
    assert (end.outcome, submitted) == (Outcome.SUCCEEDED, [1])


async def test_nobody_waits_for_webhooks_of_an_attempt_that_an_earlier_process_made(world, successor):
    async def submit():
        return Job("j1")

    def planned(attempts):
        at = attempts.newest.at
        return attempts.end("not_sent", at, said=None, detail="Refused.", next_provider="lighthouse", next_at=at)

    await successor.left(world.remote(), planned, attempts=3)
    await successor.recover(remote(world, submit=submit))
    assert (await successor.ended()).outcome is Outcome.SUCCEEDED
    for attempt in await world.journal.attempts(ID):
        assert world.pokes.find(attempt.key) is None


async def test_a_recovery_that_fails_half_way_leaves_nothing_running(world, successor, monkeypatch):
    jobs = []
    await successor.left(world.remote(), accepted)
    await world.create(world.remote(), "1" * 32)
    claim = world.journal.claim

    async def full(generation_id, owner):
        if generation_id != ID:
            await world.until(lambda: jobs)
            raise JournalFull("No room.")
        return await claim(generation_id, owner)

    async def watch():
        jobs.append(1)
        await asyncio.Event().wait()
        yield Started()

    monkeypatch.setattr(world.journal, "claim", full)
    with pytest.raises(JournalFull):
        await successor.recover(world.remote(watch=watch))
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert len(await world.journal.unfinished()) == 2
