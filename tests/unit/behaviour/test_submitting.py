import asyncio

import pytest

from safelight.providers import (
    Charged,
    Durability,
    Job,
    NotSent,
    Produced,
    Rejected,
    Succeeded,
)
from safelight.status import Outcome, State

pytestmark = pytest.mark.looptime


async def forever():
    await asyncio.Event().wait()


def watching(*said, then=forever):
    async def watch():
        for update in said:
            yield update
        await then()

    return watch


@pytest.mark.parametrize(
    ("error", "result", "outcome", "code", "charged"),
    [
        (NotSent("No route."), "not_sent", Outcome.FAILED, "provider_unavailable", Charged.NO),
        (Rejected("Not that."), "rejected", Outcome.REJECTED, "provider_rejected", Charged.NO),
        (Rejected("Paid.", charged=Charged.YES), "rejected", Outcome.REJECTED, "provider_rejected", Charged.YES),
        (ConnectionResetError(), "unknown", Outcome.UNKNOWN, "outcome_unknown", Charged.UNKNOWN),
        (SystemExit(1), "unknown", Outcome.UNKNOWN, "outcome_unknown", Charged.UNKNOWN),
    ],
)
async def test_a_failed_submission_says_honestly_whether_it_may_have_cost_money(world, error, result, outcome, code, charged):
    async def submit():
        raise error

    end = await world.run(world.remote(submit=submit, watch=watching()))
    assert (end.outcome, end.code, end.charged) == (outcome, code, charged)
    assert await world.steps() == [("intent", None), ("outcome", result)]


async def test_a_submission_that_hangs_is_an_unknown_outcome_in_time(world):
    end = await world.run(world.remote(submit=forever, watch=watching()), submit_seconds=30)
    assert (end.outcome, end.code, end.charged) == (Outcome.UNKNOWN, "outcome_unknown", Charged.UNKNOWN)
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(30)


async def test_a_submission_that_cancels_its_own_task_is_an_unknown_outcome_at_once(world):
    async def submit():
        asyncio.current_task().cancel()
        return Job("j1")

    end = await world.run(world.remote(submit=submit, watch=watching()))
    assert end.outcome is Outcome.UNKNOWN
    assert world.now < 1


@pytest.mark.parametrize("job", [None, "j1", Job("\ud800"), Job("j1", {"at": object()}), Job("j1", {"log": "x" * 17_000})])
async def test_a_job_that_cannot_be_written_down_is_an_unknown_outcome(world, job):
    async def submit():
        return job

    end = await world.run(world.remote(submit=submit, watch=watching()))
    assert (end.outcome, end.charged) == (Outcome.UNKNOWN, Charged.UNKNOWN)
    assert await world.steps() == [("intent", None), ("outcome", "unknown")]


async def test_a_job_is_journalled_with_what_is_needed_to_watch_it_again(world):
    async def submit():
        return Job("j1", {"region": "eu"})

    await world.run(world.remote(submit=submit, watch=watching(Produced(b"png"), Succeeded())))
    assert (await world.journal.attempts("0" * 32))[1].job == {"id": "j1", "data": {"region": "eu"}}


@pytest.mark.parametrize(("is_submitting", "error", "outcome"), [
    (True, ConnectionResetError(), Outcome.UNKNOWN),
    (True, NotSent("No route."), Outcome.FAILED),
    (False, Rejected("Not that."), Outcome.REJECTED),
])  # fmt: skip
async def test_an_error_of_a_paid_call_inside_generate_is_unknown_unless_it_says_more(world, is_submitting, error, outcome):
    async def generate(control):
        if is_submitting:
            await control.submitting()
        raise error
        yield

    assert (await world.run(world.local(generate, durability=Durability.CONNECTION))).outcome is outcome


async def test_a_paid_call_inside_generate_goes_on_only_when_its_job_is_durable(world):
    async def generate(control):
        await control.submitting()
        await control.accepted(Job("j7"))
        assert (await world.journal.attempts("0" * 32))[-1].job == {"id": "j7", "data": {}}
        yield Produced(b"png")

    assert (await world.run(world.local(generate, durability=Durability.CONNECTION))).state is State.SUCCEEDED
