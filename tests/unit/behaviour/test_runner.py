import asyncio
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from safelight.providers import (
    Charged,
    ContentPolicy,
    Durability,
    Logged,
    Noted,
    Produced,
    Progressed,
    ProviderUnavailable,
    Queued,
    Started,
    Succeeded,
    Update,
)
from safelight.records import AttemptRecord, Step
from safelight.status import Outcome, Phase, State

pytestmark = pytest.mark.looptime


async def forever():
    await asyncio.Event().wait()


async def paint(control):
    yield Started()
    yield Progressed(0.5)
    yield Produced(b"png")


# Success and failure


async def test_a_success_is_intent_accepted_outcome_and_every_step_is_shown(world):
    end = await world.run(world.local(paint))
    assert (end.state, end.outcome, end.progress, end.charged) == (State.SUCCEEDED, Outcome.SUCCEEDED, 100, Charged.NO)
    assert [output.url for output in end.outputs] == ["/o/1"]
    assert await world.steps() == [("intent", None), ("accepted", None), ("outcome", "succeeded")]
    phases = list(dict.fromkeys(status.phase for status in world.shown))
    assert phases == [Phase.SUBMITTING, Phase.WAITING, Phase.RUNNING, Phase.SAVING, Phase.FINISHED]


async def test_what_matters_is_durable_and_progress_alone_is_not(world):
    world.progress_seconds = 0

    async def generate(control):
        yield Progressed(0.1)
        yield Progressed(0.2)
        yield Produced(b"png")

    await world.run(world.local(generate))
    written = [(record.status, durable) for record, durable in world.journal.durable if hasattr(record, "status")]
    assert all(durable for status, durable in written if status.phase is Phase.FINISHED or status.outputs)
    assert [
        durable for status, durable in written if status.progress == 20 and status.phase is Phase.RUNNING and not status.outputs
    ] == [False]


@pytest.mark.parametrize(("durability", "must_last"), [("process", False), ("connection", True)])
async def test_an_acceptance_is_durable_unless_the_run_is_gone_with_the_process_anyway(world, durability, must_last):
    await world.run(world.local(paint, durability=Durability(durability)))
    durable = {record.step: durable for record, durable in world.journal.durable if isinstance(record, AttemptRecord)}
    assert durable == {Step.ACCEPTED: must_last, Step.OUTCOME: True}


async def test_the_outputs_stand_in_the_order_they_were_produced_however_long_each_takes(world):
    world.outputs.seconds = [9, 1, 5]

    async def generate(control):
        for content in (b"a", b"b", b"c"):
            yield Produced(content)

    end = await world.run(world.local(generate))
    assert world.outputs.kept == [b"a", b"b", b"c"]
    assert [output.url for output in end.outputs] == ["/o/1", "/o/2", "/o/3"]


async def test_a_provider_that_returns_without_an_output_has_failed(world):
    async def generate(control):
        yield Progressed(1.0)

    end = await world.run(world.local(generate))
    assert (end.state, end.code, end.progress) == (State.FAILED, "empty_output", 99)


@pytest.mark.parametrize(
    ("error", "outcome", "code", "is_retryable"),
    [
        (ProviderUnavailable("Down."), Outcome.FAILED, "provider_unavailable", True),
        (ContentPolicy("Not that."), Outcome.REJECTED, "content_policy", False),
        (SystemExit(1), Outcome.FAILED, "provider_crashed", False),
        (KeyboardInterrupt(), Outcome.FAILED, "provider_crashed", False),
        (asyncio.CancelledError(), Outcome.FAILED, "provider_crashed", False),
    ],
)
async def test_whatever_a_provider_raises_is_an_end_with_a_reason(world, error, outcome, code, is_retryable):
    async def generate(control):
        yield Progressed(0.5)
        raise error

    end = await world.run(world.local(generate))
    assert (end.state, end.outcome, end.code, end.retryable) == (State.FAILED, outcome, code, is_retryable)
    assert end.error


@pytest.mark.parametrize("said", [None, "done", 0.5])
async def test_garbage_is_an_end_with_a_reason(world, said):
    async def generate(control):
        yield said

    assert (await world.run(world.local(generate))).code == "provider_protocol"


async def test_an_update_of_an_unknown_kind_changes_nothing_and_is_counted(world):
    class Danced(Update):
        pass

    async def generate(control):
        yield Danced()
        yield Logged("la la")
        yield Produced(b"png")

    with capture_logs() as logs:
        end = await world.run(world.local(generate))
    assert end.state is State.SUCCEEDED
    assert next(line for line in logs if line["event"] == "generation_ended")["ignored"] == 1


async def test_a_flood_of_updates_is_taken_at_the_runners_own_pace(world):
    async def generate(control):
        for step in range(5000):
            yield Progressed(step / 5000)
        yield Produced(b"png")

    assert (await world.run(world.local(generate))).state is State.SUCCEEDED
    assert len(world.shown) < 20


# The pace


async def test_progress_alone_is_shown_at_most_once_in_its_time_and_the_last_of_it_is_not_lost(world):
    async def generate(control):
        for step in range(100):
            yield Progressed(step / 100)
            await asyncio.sleep(0.01)
        await asyncio.sleep(5)
        yield Produced(b"png")

    await world.run(world.local(generate))
    times = [at for at, status in world.reader.seen if status.progress not in {None, 100} and not status.outputs]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) == pytest.approx(11, abs=2)
    assert min(gaps) >= 0.1 - 1e-6
    assert 99 in [status.progress for status in world.shown]


async def test_a_change_of_phase_is_shown_at_once(world):
    async def watch():
        yield Queued(3)
        await asyncio.sleep(0.01)
        yield Started()
        await asyncio.sleep(0.01)
        yield Produced(b"png")
        yield Succeeded()

    await world.run(world.remote(watch=watch))
    assert world.now < 0.05
    assert list(dict.fromkeys(status.phase for status in world.shown))[2:4] == [Phase.QUEUED, Phase.RUNNING]


# Helpers


async def test_the_failure_of_a_helper_is_the_runs(world):
    async def help_out():
        await asyncio.sleep(1)
        raise ProviderUnavailable("The socket closed.")

    async def generate(control):
        control.spawn(help_out(), name="ears")
        yield Progressed(0.5)
        await forever()

    end = await world.run(world.local(generate))
    assert (end.code, end.error) == ("provider_unavailable", "The socket closed.")


async def test_what_is_said_after_a_helper_has_failed_neither_counts_nor_holds_the_loop(world):
    said = []

    async def help_out():
        raise ProviderUnavailable("The socket closed.")

    async def generate(control):
        control.spawn(help_out(), name="ears")
        yield Noted("before")
        while len(said) < 1000:  # never awaiting anything of its own
            said.append(len(said))
            yield Noted(f"after {len(said)}")

    end = await world.run(world.local(generate))
    assert (end.code, end.error) == ("provider_unavailable", "The socket closed.")
    assert len(said) <= 1
    assert not any("after" in (status.message or "") for status in world.shown)


async def test_helpers_end_with_the_run(world):
    stopped = asyncio.Event()

    async def help_out():
        try:
            await forever()
        finally:
            stopped.set()

    async def generate(control):
        control.spawn(help_out(), name="ears")
        await asyncio.sleep(1)
        yield Produced(b"png")

    assert (await world.run(world.local(generate))).state is State.SUCCEEDED
    assert stopped.is_set()
