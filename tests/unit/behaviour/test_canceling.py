import asyncio

import pytest
from structlog.testing import capture_logs

from safelight.errors import NotPausable, StorageFull
from safelight.providers import (
    Cancel,
    Canceled,
    Charged,
    Job,
    Produced,
    Progressed,
    ProviderUnavailable,
    Started,
    Succeeded,
)
from safelight.status import Outcome, Phase, State

pytestmark = pytest.mark.looptime


async def forever():
    await asyncio.Event().wait()


async def deaf(control):
    yield Progressed(0.5)
    for _ in range(3):
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            continue


def watching(*said, then=forever):
    async def watch():
        for update in said:
            yield update
        await then()

    return watch


async def test_a_cancel_stops_the_work_and_is_confirmed(world):
    cleaned = asyncio.Event()

    async def generate(control):
        try:
            yield Progressed(0.5)
            await forever()
        finally:
            assert control.is_canceled
            cleaned.set()

    await world.start(world.local(generate))
    await world.until(lambda: world.shown[-1].progress == 50)
    await world.runner.cancel()
    assert world.shown[-1].cancel is Cancel.REQUESTED
    await world.runner.cancel()
    end = await world.end()
    assert (end.state, end.outcome, end.error, end.cancel) == (State.FAILED, Outcome.CANCELED, "Canceled", Cancel.CONFIRMED)
    assert cleaned.is_set()
    assert await world.steps() == [("intent", None), ("accepted", None), ("outcome", "canceled")]


async def test_an_upstream_that_says_what_came_of_a_cancel_is_no_warning(world):
    stopped = asyncio.Event()

    async def cancel():
        stopped.set()
        return Cancel.CONFIRMED

    async def poll():
        return [Canceled()] if stopped.is_set() else [Started()]

    with capture_logs() as logs:
        await world.start(world.remote(poll=poll, cancel=cancel))
        await world.until(lambda: world.shown[-1].phase is Phase.RUNNING)
        await world.runner.cancel()
        assert (await world.end()).outcome is Outcome.CANCELED
    assert [kind for kind, _ in world.late] == ["Canceled"]
    assert [line["log_level"] for line in logs if line["event"] == "provider_late"] == ["info"]


async def test_a_cancel_before_the_job_is_known_reaches_the_upstream_as_soon_as_it_is(world):
    async def submit():
        await asyncio.sleep(5)
        return Job("j1")

    async def cancel():
        return Cancel.CONFIRMED

    await world.start(world.remote(submit=submit, watch=watching(), cancel=cancel))
    await world.runner.cancel()
    end = await world.end()
    assert end.outcome is Outcome.CANCELED
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(5)


async def test_a_cancel_after_the_end_returns_and_changes_nothing(world):
    async def generate(control):
        yield Produced(b"png")

    await world.start(world.local(generate))
    await world.runner.ended.wait()
    await world.runner.cancel()
    assert (await world.end()).cancel is None


@pytest.mark.parametrize("wish", ["cancel", "hold"])
async def test_a_wish_that_the_end_overtakes_is_answered_then_and_not_when_all_that_comes_late_was_heard(world, wish):
    async def watch():
        yield Started()
        await asyncio.Event().wait()

    async def cancel():
        await asyncio.sleep(3)
        return Cancel.REQUESTED

    await world.start(world.remote(watch=watch, cancel=cancel), stall_seconds=20, cancel_seconds=10)
    await asyncio.sleep(21)  # it has stalled, and the upstream is asked to stop
    if wish == "cancel":
        await world.runner.cancel()
    else:
        with pytest.raises(NotPausable):
            await world.runner.hold(still=True)
    assert world.now < 23.1
    assert world.shown[-1].code == "stalled"
    await world.end()


async def test_a_deaf_provider_is_left_behind_and_named_and_its_generation_ends_in_time(world):
    await world.start(world.local(deaf), cancel_seconds=10)
    await world.until(lambda: world.shown[-1].progress == 50)
    with capture_logs() as logs:
        await world.runner.cancel()
        await world.runner.ended.wait()
        ended = world.now
        await world.task
    end = world.shown[-1]
    assert (end.outcome, end.cancel) == (Outcome.CANCELED, Cancel.REQUESTED)
    assert ended == pytest.approx(12, abs=1)
    assert "provider_task_left_behind" in {line["event"] for line in logs}


async def test_a_provider_that_cannot_cancel_goes_on_and_says_so(world):
    go_on = asyncio.Event()

    async def watch():
        yield Progressed(0.5)
        await go_on.wait()
        yield Produced(b"png")
        yield Succeeded()

    await world.start(world.remote(watch=watch))
    await world.until(lambda: world.shown[-1].progress == 50)
    await world.runner.cancel()
    await world.until(lambda: world.shown[-1].cancel is Cancel.UNSUPPORTED)
    go_on.set()
    end = await world.end()
    assert (end.state, end.cancel) == (State.SUCCEEDED, Cancel.UNSUPPORTED)


@pytest.mark.parametrize("answer", ["requested", "perhaps", None, ProviderUnavailable("Down."), ValueError("x")])
async def test_a_cancel_that_is_not_confirmed_ends_when_patience_does(world, answer):
    async def cancel():
        if isinstance(answer, Exception):
            raise answer
        return answer

    await world.start(world.remote(watch=watching(Progressed(0.5)), cancel=cancel), cancel_seconds=10)
    await world.until(lambda: world.shown[-1].progress == 50)
    await world.runner.cancel()
    end = await world.end()
    assert (end.outcome, end.cancel, end.charged) == (Outcome.CANCELED, Cancel.REQUESTED, Charged.UNKNOWN)
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("answer", [Cancel.CONFIRMED, Cancel.REQUESTED])
async def test_a_cancel_while_the_result_is_being_saved_comes_too_late(world, answer):
    world.outputs.seconds = [60]

    async def cancel():
        return answer

    said = Produced(b"png"), Succeeded(charged=Charged.YES)
    await world.start(world.remote(watch=watching(*said), cancel=cancel), cancel_seconds=10)
    await world.until(lambda: world.shown[-1].phase is Phase.SAVING)
    await world.runner.cancel()
    end = await world.end()
    assert (end.state, end.cancel, end.charged) == (State.SUCCEEDED, Cancel.TOO_LATE, Charged.YES)


async def half_way(control):
    yield Progressed(0.5)
    await forever()


async def test_a_cancel_is_answered_at_once_while_the_journal_takes_nothing_and_heeded_when_it_does(world):
    await world.start(world.local(half_way))
    await world.until(lambda: world.shown[-1].progress == 50)
    world.journal.fails = set(range(world.journal.appends + 1, world.journal.appends + 5))
    for _ in range(3):
        with pytest.raises(StorageFull):
            await world.runner.cancel()
    assert (await world.end()).outcome is Outcome.CANCELED
