"""A job that is lost from sight is asked to stop before anybody is told; what a cancel meets on its way in never ran."""

import asyncio

import attrs
import pytest

from safelight.providers import (
    Cancel,
    Charged,
    ContentPolicy,
    Job,
    NotSent,
    OutcomeUnknown,
    Produced,
    Progressed,
    ProviderAuth,
    ProviderProtocol,
    Rejected,
    Succeeded,
    Unsupported,
)
from safelight.status import Outcome

pytestmark = pytest.mark.looptime


def lost(world, error, answer, *, canceled=None):
    """A remote provider whose watch breaks for good, and that answers a cancel with this."""

    async def watch():
        yield Progressed(0.5)
        await asyncio.sleep(1)
        raise error

    async def cancel():
        (canceled if canceled is not None else []).append(world.shown[-1].is_terminal)
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            await asyncio.Event().wait()
        return answer

    return world.remote(watch=watch, cancel=cancel)


def painting(world):
    async def watch():
        yield Produced(b"png")
        yield Succeeded()

    return world.remote(watch=watch)


@pytest.mark.parametrize("answer", [Cancel.CONFIRMED, Cancel.REQUESTED, Cancel.TOO_LATE, Unsupported("No."), None])
@pytest.mark.parametrize("error", [ProviderProtocol("Nonsense."), ProviderAuth("Who are you?"), RuntimeError("A bug.")])
async def test_a_job_that_is_lost_from_sight_is_asked_to_stop_before_its_end_is_told(world, error, answer):
    canceled = []
    end = await world.run(lost(world, error, answer, canceled=canceled), cancel_seconds=10)
    assert canceled == [False]
    assert (end.outcome, end.charged) == (Outcome.FAILED, Charged.UNKNOWN)
    assert end.code in {"provider_protocol", "provider_auth", "provider_crashed"}
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(11 if answer is None else 1, abs=0.1)


async def test_a_job_that_the_upstream_has_ended_is_not_asked_to_stop(world):
    canceled = []
    end = await world.run(lost(world, Rejected("It was thrown out."), Cancel.CONFIRMED, canceled=canceled))
    assert (canceled, end.outcome) == ([], Outcome.REJECTED)


@pytest.mark.parametrize(
    ("answer", "provider"), [(Cancel.CONFIRMED, "lighthouse-2"), (Cancel.REQUESTED, None), (Cancel.TOO_LATE, None)]
)
async def test_another_takes_over_from_a_lost_job_only_if_that_has_surely_stopped(world, answer, provider):
    await world.start(lost(world, ProviderProtocol("Nonsense."), answer), painting(world))
    end = await world.end()
    assert (end.outcome is Outcome.SUCCEEDED) is (provider is not None)
    assert (end.attempt and end.attempt.provider) == provider


async def test_a_lost_job_that_was_to_stop_and_did_is_canceled(world):
    answers = [Cancel.REQUESTED, Cancel.CONFIRMED]

    async def watch():
        yield Progressed(0.5)
        await asyncio.sleep(3)
        raise ProviderProtocol("Nonsense.")

    async def cancel():
        return answers.pop(0)

    await world.start(world.remote(watch=watch, cancel=cancel), cancel_seconds=10)
    await world.until(lambda: world.shown[-1].progress)
    await world.runner.cancel()
    end = await world.end()
    assert (end.outcome, end.cancel, world.now < 5) == (Outcome.CANCELED, Cancel.CONFIRMED, True)


@pytest.mark.parametrize(
    ("error", "result", "charged"),
    [
        (NotSent("No route."), "not_sent", Charged.NO),
        (Rejected("Not that."), "rejected", Charged.NO),
        (ContentPolicy("Not that.", charged=Charged.YES), "rejected", Charged.YES),
    ],
)
async def test_a_cancel_that_meets_a_refused_submission_has_had_its_way(world, error, result, charged):
    async def submit():
        await asyncio.sleep(5)
        raise error

    async def watch():
        yield

    await world.start(world.remote(submit=submit, watch=watch), attempts=3)
    await asyncio.sleep(1)
    await world.runner.cancel()
    end = await world.end()
    assert (end.outcome, end.code, end.cancel, end.charged) == (Outcome.CANCELED, "canceled", Cancel.CONFIRMED, charged)
    assert await world.steps() == [("intent", None), ("outcome", result)]


@pytest.mark.parametrize(
    ("found", "outcome", "charged"),
    [
        (None, Outcome.CANCELED, Charged.NO),
        (Job("j1"), Outcome.CANCELED, Charged.UNKNOWN),
        (OutcomeUnknown("Who knows."), Outcome.UNKNOWN, Charged.UNKNOWN),
    ],
)
async def test_a_cancel_of_an_unclear_submission_ends_as_what_the_upstream_knows(world, found, outcome, charged):
    async def submit():
        await asyncio.sleep(5)
        raise OutcomeUnknown("The line went dead.")

    async def find(self, key):
        if isinstance(found, Exception):
            raise found
        return found

    async def watch():
        yield Progressed(0.1)
        await asyncio.Event().wait()

    provider = world.remote(submit=submit, watch=watch, cancel=lambda: asyncio.sleep(0, Cancel.CONFIRMED))
    type(provider).find = find
    await world.start(provider)
    await asyncio.sleep(1)
    await world.runner.cancel()
    end = await world.end()
    assert (end.outcome, end.charged) == (outcome, charged)


async def test_a_bug_of_ours_asks_the_upstream_to_stop_before_it_ends_anything(world, monkeypatch):
    canceled = []

    async def watch():
        yield Progressed(0.5)
        await asyncio.Event().wait()

    async def cancel():
        canceled.append(world.shown[-1].is_terminal)
        return Cancel.CONFIRMED

    await world.start(world.remote(watch=watch, cancel=cancel))
    await world.until(lambda: world.shown[-1].progress)
    monkeypatch.setattr(world.runner._wishes, "heed", None)
    world.runner.end(None)
    end = await world.end()
    assert (end.code, canceled) == ("internal", [False])
    assert attrs.asdict(end)["charged"] == Charged.UNKNOWN
