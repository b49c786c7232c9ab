"""Bad weather while a job is at work: whatever the studio says, in whatever order, there is one end and it comes in time."""

import pytest

from safelight.providers import Cancel, Charged
from safelight.status import Outcome, Phase
from safelight.testing import Answers, Breaks, Halves, Hangs, Resets

DONE = {"state": "done", "pictures": ["a.png"]}


@pytest.mark.parametrize(
    "passing", [Answers(500), Answers(429, headers={"Retry-After": "0.1"}), Resets(), Halves(), Breaks(3)], ids=repr
)
async def test_a_poll_that_fails_is_made_again(studio, weathered, passing):
    studio.weather(passing, on="GET /jobs/*", skip=1, times=3)
    async with weathered() as service:
        end = await service.run()
    assert (end.outcome, studio.submissions) == (Outcome.SUCCEEDED, 1)


@pytest.mark.parametrize("passing", [Answers(500), Hangs()], ids=["500", "hang"])
async def test_polls_that_never_succeed_again_are_a_stall_and_the_studio_is_asked_to_stop(studio, weathered, passing):
    studio.weather(passing, on="GET /jobs/*", skip=1)
    async with weathered(stall_seconds=0.5) as service:
        end = await service.run()
    assert (end.outcome, end.code, end.charged) == (Outcome.EXPIRED, "stalled", Charged.UNKNOWN)
    assert (studio.submissions, len(studio.calls("POST /jobs/*/cancel"))) == (1, 1)


async def test_a_stall_says_what_was_answered_at_last_and_only_then(studio, weathered):
    studio.weather(Answers(500), on="GET /jobs/*", skip=1)
    async with weathered(stall_seconds=0.5) as service:
        end = await service.run()
    assert end.error == ("The provider showed no sign of life within the stall deadline of 0.5 s. The studio answered 500.")
    studio.clear()
    studio.story = [{"state": "running", "progress": 0.1}]
    studio.weather(Answers(500), on="GET /jobs/*", skip=1, times=1)
    studio.weather(Hangs(), on="GET /jobs/*", skip=3)
    async with weathered(stall_seconds=0.5) as service:
        end = await service.run()
    assert end.error == "The provider showed no sign of life within the stall deadline of 0.5 s."


async def test_a_studio_that_hangs_at_everything_is_left_in_time(studio, weathered):
    studio.weather(Hangs(), on="*/jobs/*")
    async with weathered(stall_seconds=0.5) as service:
        end = await service.run()
    assert (end.code, end.charged) == ("stalled", Charged.UNKNOWN)
    assert (end.ended_at - end.created_at).total_seconds() < 2.5
    assert (studio.submissions, len(studio.calls("POST /jobs/*/cancel"))) == (1, 1)


async def test_a_job_the_studio_knows_no_longer_is_asked_to_stop_and_its_money_is_unclear(studio, weathered):
    studio.weather(Answers(404), on="GET /jobs/*", skip=1)
    async with weathered() as service:
        end = await service.run()
    assert (end.outcome, end.charged, studio.submissions) == (Outcome.FAILED, Charged.UNKNOWN, 1)
    assert len(studio.calls("POST /jobs/*/cancel")) == 1


async def test_a_cancel_that_hangs_ends_without_the_studio(studio, weathered):
    studio.story = [{"state": "running", "progress": 0.1}]
    studio.weather(Hangs(), on="POST /jobs/*/cancel")
    async with weathered() as service:
        await service.begin()
        await service.until(lambda status: status.progress)
        await service.core.cancel(service.generation, owner="anonymous")
        end = await service.end()
    assert (end.outcome, end.charged, studio.submissions) == (Outcome.CANCELED, Charged.UNKNOWN, 1)


async def test_a_cancel_that_fails_is_asked_of_the_studio_and_ends_without_it(studio, weathered):
    studio.story = [{"state": "running", "progress": 0.1}]
    studio.weather(Answers(500), on="POST /jobs/*/cancel")
    async with weathered() as service:
        await service.begin()
        await service.until(lambda status: status.progress)
        await service.core.cancel(service.generation, owner="anonymous")
        end = await service.end()
    assert (end.outcome, end.cancel) == (Outcome.CANCELED, Cancel.REQUESTED)


@pytest.mark.parametrize("passing", [Answers(500), Answers(429, headers={"Retry-After": "0.6"}), Resets()], ids=repr)
async def test_a_cancel_that_fails_and_may_pass_is_asked_for_again(studio, weathered, passing):
    studio.story = [{"state": "running", "progress": 0.1}]
    studio.weather(passing, on="POST /jobs/*/cancel", times=1)
    async with weathered(cancel_seconds=5.0) as service:
        await service.begin()
        await service.until(lambda status: status.progress)
        await service.core.cancel(service.generation, owner="anonymous")
        end = await service.end()
    assert (end.outcome, end.cancel) == (Outcome.CANCELED, Cancel.CONFIRMED)
    assert len(studio.calls("POST /jobs/*/cancel")) == 2


async def test_a_cancel_that_is_refused_for_good_is_asked_for_once(studio, weathered):
    studio.story = [{"state": "running", "progress": 0.1}]
    studio.weather(Answers(422), on="POST /jobs/*/cancel")
    async with weathered(cancel_seconds=1.0) as service:
        await service.begin()
        await service.until(lambda status: status.progress)
        await service.core.cancel(service.generation, owner="anonymous")
        end = await service.end()
    assert (end.outcome, end.cancel) == (Outcome.CANCELED, Cancel.REQUESTED)
    assert len(studio.calls("POST /jobs/*/cancel")) == 1


async def test_a_cancel_during_a_submission_that_never_arrives_is_a_cancel(studio, weathered):
    studio.weather(Hangs(), on="POST /jobs")
    async with weathered(submit_seconds=0.4) as service:
        await service.begin()
        await studio.heard("POST /jobs")
        await service.core.cancel(service.generation, owner="anonymous")
        end = await service.end()
    assert (end.outcome, end.cancel, end.charged) == (Outcome.CANCELED, Cancel.CONFIRMED, Charged.NO)
    assert (studio.submissions, studio.jobs) == (1, {})


async def test_states_that_go_backwards_move_nothing_back(studio, weathered):
    studio.story = [
        {"state": "running", "progress": 0.7},
        {"state": "queued", "position": 9},
        {"state": "running", "progress": 0.3},
        DONE,
    ]
    async with weathered() as service:
        end = await service.run()
    assert end.outcome is Outcome.SUCCEEDED
    phases = [status.phase for status in service.statuses if status.started_at is not None]
    assert Phase.QUEUED not in phases


async def test_words_that_nobody_knows_are_shown_and_change_nothing(studio, weathered):
    studio.story = [{"state": "marinating"}, {"state": ""}, {"state": None}, DONE]
    async with weathered() as service:
        end = await service.run()
    assert end.outcome is Outcome.SUCCEEDED
    assert "marinating" in str([status.message for status in service.statuses])


async def test_an_answer_of_another_shape_is_the_plugins_fault_and_the_studio_is_asked_to_stop(studio, weathered):
    studio.story = [{"state": "running"}, ["what?"]]
    async with weathered() as service:
        end = await service.run()
    assert (end.code, end.charged) == ("provider_crashed", Charged.UNKNOWN)
    assert len(studio.calls("POST /jobs/*/cancel")) == 1


@pytest.mark.parametrize(("charged", "submissions"), [(None, 1), ("yes", 1), ("no", 2)])
async def test_a_success_without_output_is_tried_again_once_and_only_where_it_was_free(studio, weathered, charged, submissions):
    studio.story = [{"state": "done", **({"charged": charged} if charged else {})}]
    async with weathered() as service:
        end = await service.run()
    assert (end.outcome, end.code, end.charged) == (Outcome.FAILED, "empty_output", Charged(charged or "unknown"))
    assert studio.submissions == submissions


async def test_of_two_terminals_the_first_counts(studio, weathered):
    studio.story = [{**DONE, "also_failed": True}]
    async with weathered() as service:
        end = await service.run()
    assert (end.outcome, len(end.outputs)) == (Outcome.SUCCEEDED, 1)


@pytest.mark.parametrize("skew", [-86_400.0, 86_400.0])
async def test_an_upstream_whose_clock_is_a_day_off_hurts_nothing(studio, weathered, skew):
    studio.skew_seconds = skew
    async with weathered() as service:
        end = await service.run()
    assert end.outcome is Outcome.SUCCEEDED
    assert end.created_at <= end.started_at <= end.ended_at


@pytest.mark.parametrize(("charged", "verdict"), [("yes", "yes"), (None, "unknown")])
async def test_content_that_is_blocked_at_the_end_is_not_tried_again_and_may_have_cost(studio, weathered, charged, verdict):
    studio.story = [{"state": "running"}, {"state": "blocked", **({"charged": charged} if charged else {})}]
    async with weathered() as service:
        end = await service.run()
    assert (end.outcome, end.code, end.charged) == (Outcome.REJECTED, "content_policy", Charged(verdict))
    assert (studio.submissions, end.retryable) == (1, False)


async def test_a_queue_that_never_moves_ends_at_its_deadline(studio, weathered):
    studio.story = [{"state": "queued", "position": 3}]
    async with weathered(queue_seconds=0.5) as service:
        end = await service.run()
    assert (end.outcome, end.code) == (Outcome.EXPIRED, "deadline_exceeded")
    assert len(studio.calls("POST /jobs/*/cancel")) == 1
