import asyncio

import pytest

from safelight.providers import (
    Cancel,
    Charged,
    Failed,
    Job,
    Noted,
    Produced,
    Progressed,
    ProviderUnavailable,
    Rejected,
    Started,
    Succeeded,
)
from safelight.runner import INTERRUPTED
from safelight.status import Outcome, State

pytestmark = pytest.mark.looptime


async def forever():
    await asyncio.Event().wait()


async def paint(control):
    yield Started()
    yield Progressed(0.5)
    yield Produced(b"png")


async def hang(control):
    yield Progressed(0.5)
    await forever()


def watching(*said, then=forever):
    async def watch():
        for update in said:
            yield update
        await then()

    return watch


# Deadlines


async def test_silence_ends_in_time_and_the_upstream_is_asked_to_stop_first(world):
    asked = []

    async def cancel():
        asked.append(world.shown[-1].is_terminal)
        return Cancel.CONFIRMED

    end = await world.run(world.remote(watch=watching(Progressed(0.5)), cancel=cancel), stall_seconds=120)
    assert (end.outcome, end.code) == (Outcome.EXPIRED, "stalled")
    assert "120 s" in end.error
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(120, abs=0.1)
    assert asked == [False]


async def test_a_successful_poll_is_a_sign_of_life(world):
    async def poll():
        return [Produced(b"png"), Succeeded()] if world.now > 600 else []

    end = await world.run(world.remote(poll=poll, poll_seconds=30), stall_seconds=60)
    assert end.state is State.SUCCEEDED


async def test_failing_polls_are_no_sign_of_life(world):
    async def poll():
        raise ProviderUnavailable("Down.")

    end = await world.run(world.remote(poll=poll, poll_seconds=1), stall_seconds=60)
    assert end.code == "stalled"


async def test_our_own_slow_saving_is_no_silence_of_the_provider(world):
    world.outputs.seconds = [500]
    assert (await world.run(world.local(paint), stall_seconds=60)).state is State.SUCCEEDED


async def test_the_total_deadline_ends_even_what_never_stops_talking(world):
    async def generate(control):
        while True:
            yield Noted("Soon.")
            await asyncio.sleep(1)

    end = await world.run(world.local(generate), total_seconds=280)
    assert (end.outcome, end.code) == (Outcome.EXPIRED, "deadline_exceeded")
    assert "280 s" in end.error
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(280)


async def test_a_deadline_while_saving_does_not_forget_the_bill(world):
    world.outputs.seconds = [1000]
    said = Produced(b"png"), Succeeded(charged=Charged.YES)
    end = await world.run(world.remote(watch=watching(*said)), total_seconds=100)
    assert (end.outcome, end.charged) == (Outcome.EXPIRED, Charged.YES)


async def test_an_upstream_that_hangs_in_the_cancel_does_not_hold_up_the_end(world):
    end = await world.run(world.remote(watch=watching(), cancel=forever), stall_seconds=60, cancel_seconds=10)
    assert end.code == "stalled"
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(70)


async def test_the_service_itself_may_end_it(world):
    await world.start(world.local(hang))
    await world.until(lambda: world.shown[-1].progress == 50)
    world.runner.end(INTERRUPTED)
    end = await world.end()
    assert (end.outcome, end.code, end.charged) == (Outcome.INTERRUPTED, "interrupted", Charged.NO)


# A submission that is under way when time is over


def handed_in(seconds, *, error=None):
    """An upstream that takes so long to answer a submission."""

    async def submit():
        await asyncio.sleep(seconds)
        if error is not None:
            raise error
        return Job("j1")

    return submit


async def test_a_job_that_turns_out_to_be_taken_after_the_deadline_is_asked_to_stop(world):
    asked = []

    async def cancel():
        asked.append(world.now)
        return Cancel.CONFIRMED

    provider = world.remote(submit=handed_in(25), watch=watching(Started()), cancel=cancel)
    end = await world.run(provider, total_seconds=20, cancel_seconds=10)
    assert (end.outcome, end.code, end.charged) == (Outcome.EXPIRED, "deadline_exceeded", Charged.UNKNOWN)
    assert asked == [pytest.approx(25, abs=0.1)]
    assert await world.steps() == [("intent", None), ("accepted", None), ("outcome", "expired")]


@pytest.mark.parametrize(("said", "charged"), [(None, Charged.YES), (Charged.NO, Charged.NO)])
async def test_a_job_that_is_done_before_it_can_be_stopped_says_what_it_cost(world, said, charged):
    async def cancel():
        return Cancel.TOO_LATE

    provider = world.remote(submit=handed_in(25), watch=watching(Succeeded(charged=said)), cancel=cancel)
    end = await world.run(provider, total_seconds=20, cancel_seconds=10)
    assert (end.outcome, end.charged) == (Outcome.EXPIRED, charged)


async def test_a_refusal_that_comes_after_the_deadline_is_known_to_be_free(world):
    provider = world.remote(submit=handed_in(25, error=Rejected("No.")), watch=watching())
    end = await world.run(provider, total_seconds=20, cancel_seconds=10, attempts=3)
    assert (end.outcome, end.charged) == (Outcome.EXPIRED, Charged.NO)
    assert await world.steps() == [("intent", None), ("outcome", "rejected")]


async def test_a_submission_that_is_never_answered_ends_within_the_bound_that_is_shown(world):
    provider = world.remote(submit=forever, watch=watching())
    end = await world.run(provider, total_seconds=20, cancel_seconds=10, submit_seconds=60)
    assert (end.outcome, end.charged) == (Outcome.EXPIRED, Charged.UNKNOWN)
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(30)


async def test_a_job_that_stalls_after_the_deadline_is_asked_to_stop_once(world):
    asked = []

    async def cancel():
        asked.append(world.now)
        await forever()

    provider = world.remote(submit=handed_in(22), watch=watching(), cancel=cancel)
    end = await world.run(provider, total_seconds=20, cancel_seconds=10, stall_seconds=1)
    assert (end.outcome, len(asked)) == (Outcome.EXPIRED, 1)
    assert world.now < 40, "what is heard on after the end included"
    assert (end.ended_at - end.created_at).total_seconds() <= 30


# What comes late


async def test_a_success_after_our_own_ending_is_journalled_and_its_output_kept(world):
    async def soon():
        await asyncio.sleep(105)

    async def watch():
        await soon()
        yield Progressed(0.9)
        yield Produced(b"png", seed=7)
        yield Succeeded(charged=Charged.YES)

    end = await world.run(world.remote(watch=watch), stall_seconds=100, cancel_seconds=10)
    assert end.code == "stalled"
    assert world.outputs.kept == [b"png"]
    facts = dict(world.late)
    assert facts["Produced"]["output"]["url"] == "/o/1"
    assert facts["Succeeded"] == {"charged": "yes"}
    assert len(world.late) == 2


async def test_a_failure_that_comes_late_is_journalled_too(world):
    async def watch():
        await asyncio.sleep(105)
        yield Failed("Out of paint.", charged=Charged.NO)

    await world.run(world.remote(watch=watch), stall_seconds=100)
    assert [kind for kind, _ in world.late] == ["Failed"]


async def test_an_upstream_that_never_stops_talking_is_not_listened_to_for_ever(world):
    async def watch():
        while True:
            await asyncio.sleep(1)
            yield Noted("Still here.")

    await world.run(world.remote(watch=watch), total_seconds=100, cancel_seconds=10)
    assert world.now == pytest.approx(110, abs=1)
    assert world.late == []


async def test_a_sign_of_life_that_waits_to_be_heard_when_the_stall_is_due_is_no_stall(world):
    """As when one plugin held the loop: the deadline and what its neighbours said meanwhile come up together."""

    async def watch():
        for step in range(5):
            yield Progressed(step / 10)
            await asyncio.sleep(5)
        yield Produced(b"picture")
        yield Succeeded()

    assert (await world.run(world.remote(watch=watch), stall_seconds=5)).outcome is Outcome.SUCCEEDED
