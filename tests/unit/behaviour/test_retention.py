"""How long things stay: an ended generation, its outputs, its tombstone."""

import asyncio
from datetime import timedelta

import attrs
import pytest
import structlog

from safelight.errors import Conflict, Gone, JournalError
from safelight.records import StatusRecord
from safelight.retention import Retention
from safelight.status import Outcome, Phase, State
from safelight.supervisor import Supervisor

WEEK = 7 * 86_400.0
FIRST, SECOND = "1" * 32, "2" * 32

pytestmark = pytest.mark.looptime


@pytest.fixture
async def journal(world):
    async with world.journal:
        yield world.journal


@pytest.fixture
def cleared(world, monkeypatch):
    """The ids whose outputs were deleted; whose id is in `fails` first fails once."""
    done, fails = [], []

    async def purge(generation_id):
        if generation_id in fails:
            fails.remove(generation_id)
            raise PermissionError("read-only")
        done.append(generation_id)

    monkeypatch.setattr(world.outputs, "purge", purge)
    return done, fails


@pytest.fixture
def retention(world, journal):
    return Retention(world.tools, Supervisor(world.tools, "me"), seconds=WEEK)


async def end(world, id_):
    """A generation that ended now."""
    provider = world.local(lambda _: None)
    _, first, _ = await world.create(provider, id_=id_)
    facts = {"state": State.FAILED, "phase": Phase.FINISHED, "outcome": Outcome.FAILED}
    ended = attrs.evolve(first, version=first.version.next(1), ended_at=world.clock.now(), **facts)
    await world.journal.append(id_, 1, StatusRecord(status=ended), durable=True)
    await world.hub.publish(ended)


async def test_what_ended_stays_for_the_retention_and_its_tombstone_for_as_long_again(world, journal, retention, cleared):
    await end(world, FIRST)
    await asyncio.sleep(WEEK)
    await retention.take_turn()
    assert await journal.find(FIRST) is not None
    await asyncio.sleep(1)
    await retention.take_turn()
    assert await journal.find(FIRST) is None
    assert cleared[0] == [FIRST]
    await asyncio.sleep(WEEK)
    await retention.take_turn()
    assert await journal.tombstone(FIRST) is not None
    await asyncio.sleep(1)
    await retention.take_turn()
    assert await journal.tombstone(FIRST) is None


async def test_the_journal_forgets_before_the_outputs_are_touched(world, journal, retention, cleared, monkeypatch):
    await end(world, FIRST)
    monkeypatch.setattr(world.outputs, "purge", None)
    await retention.forget(FIRST)
    assert await journal.find(FIRST) is None
    assert await journal.unswept() == [FIRST]
    with pytest.raises(Gone):
        await retention.forget(FIRST)
    assert cleared[0] == []


async def test_what_runs_keeps_its_outputs(world, journal, retention, cleared):
    await world.create(world.local(lambda _: None), id_=FIRST)
    with pytest.raises(Conflict):
        await retention.forget(FIRST)
    await asyncio.sleep(3 * WEEK)
    await retention.take_turn()
    assert await journal.find(FIRST) is not None
    assert cleared[0] == []


async def test_one_whose_outputs_cannot_be_deleted_costs_its_neighbours_nothing(world, journal, retention, cleared):
    done, fails = cleared
    fails.append(FIRST)
    for id_ in (FIRST, SECOND):
        await end(world, id_)
    await asyncio.sleep(WEEK + 1)
    with structlog.testing.capture_logs() as logged:
        await retention.take_turn()
    assert [entry["generation"] for entry in logged if entry["event"] == "outputs_left_behind"] == [FIRST]
    assert (done, await journal.unswept()) == ([SECOND], [FIRST])
    await retention.take_turn()
    assert (done, await journal.unswept()) == ([SECOND, FIRST], [])


async def test_a_tombstone_is_not_lost_before_its_outputs_are(world, journal, retention, cleared):
    done, fails = cleared
    fails += [FIRST] * 2
    await end(world, FIRST)
    await retention.forget(FIRST)
    await asyncio.sleep(2 * WEEK)
    await retention.take_turn()
    assert await journal.tombstone(FIRST) is not None
    await retention.take_turn()
    assert await journal.tombstone(FIRST) is None
    assert done == [FIRST]


async def test_what_is_forgotten_leaves_memory_too(world, retention, cleared):
    await end(world, FIRST)
    assert world.hub.newest(FIRST) is not None
    await retention.forget(FIRST)
    assert world.hub.newest(FIRST) is None


async def test_a_turn_that_fails_is_logged_and_the_next_one_is_taken(world, journal, retention, cleared, monkeypatch):
    await end(world, FIRST)
    await asyncio.sleep(WEEK + 1)
    calls = []
    unswept = journal.unswept

    async def fails_once():
        calls.append(world.now)
        if len(calls) == 1:
            raise JournalError("not now")
        return await unswept()

    monkeypatch.setattr(journal, "unswept", fails_once)
    with structlog.testing.capture_logs() as logged:
        running = asyncio.create_task(retention.run())
        await world.until(lambda: cleared[0])
        running.cancel()
    assert next(entry["event"] for entry in logged) == "purge_failed"
    assert timedelta(seconds=calls[1] - calls[0]) == timedelta(minutes=1)
