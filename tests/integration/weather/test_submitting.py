"""Bad weather while a job is handed in: what the studio's ledger says, and what we say of the money."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from safelight.providers import Charged
from safelight.status import Outcome
from safelight.testing import Answers, Halves, Hangs, Resets

DAY = 86_400.0


def in_a_second(skew):
    return format_datetime(datetime.now(UTC) + timedelta(seconds=skew + 2), usegmt=True)


@pytest.mark.parametrize(
    ("refusal", "skew"),
    [
        (lambda _: Answers(429, headers={"Retry-After": "1"}), 0.0),
        (lambda skew: Answers(429, headers={"Retry-After": in_a_second(skew)}), 0.0),
        (lambda skew: Answers(429, headers={"Retry-After": in_a_second(skew)}), DAY),
        (lambda skew: Answers(429, headers={"Retry-After": in_a_second(skew)}), -DAY),
        (lambda _: Answers(429, {"detail": "Request was throttled. Your rate limit resets in ~1s."}), 0.0),
        (lambda _: Answers(429, {"detail": "Request was throttled. Expected available in 1 second."}), 0.0),
        (lambda _: Answers(503, {"error": "warming up", "retry_after": 1}), 0.0),
    ],
    ids=["seconds", "date", "date, clock ahead", "date, clock behind", "resets in", "available in", "in JSON"],
)
async def test_who_asks_us_to_come_back_is_left_alone_till_then(studio, weathered, refusal, skew):
    studio.skew_seconds = skew
    studio.weather(refusal(skew), on="POST /jobs", times=1)
    async with weathered() as service:
        end = await service.run()
    assert end.outcome is Outcome.SUCCEEDED
    first, second = studio.calls("POST /jobs")
    assert 0.95 <= second.at - first.at < 4
    assert len(studio.jobs) == 1


async def test_one_who_wants_us_back_after_the_deadline_is_not_waited_for(studio, weathered):
    studio.weather(Answers(429, headers={"Retry-After": "86400"}), on="POST /jobs")
    async with weathered() as service:
        end = await service.run()
    assert (end.code, end.charged, end.retryable) == ("provider_rate_limited", Charged.NO, True)
    assert studio.submissions == 1


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_error_that_passes_costs_an_attempt_and_nothing_else(studio, weathered, status):
    studio.weather(Answers(status), on="POST /jobs", times=2)
    async with weathered() as service:
        end = await service.run()
    assert (end.outcome, end.attempt.n, studio.submissions, len(studio.jobs)) == (Outcome.SUCCEEDED, 3, 3, 1)


async def test_a_server_error_that_stays_is_free(studio, weathered):
    studio.weather(Answers(503), on="POST /jobs")
    async with weathered() as service:
        end = await service.run()
    assert (end.code, end.charged, studio.submissions) == ("provider_unavailable", Charged.NO, 3)


async def test_a_refused_connection_was_never_sent(studio, weathered):
    async with weathered() as service, studio.refusing():
        end = await service.run()
    assert (end.outcome, end.code, end.charged) == (Outcome.FAILED, "provider_unavailable", Charged.NO)
    assert (studio.submissions, end.attempt.n) == (0, 3)


LOST = pytest.mark.parametrize("lost", [Resets(is_done=True), Halves(), Hangs(is_done=True)], ids=["reset", "half", "hang"])


@LOST
async def test_an_answer_that_is_lost_is_asked_for_and_the_job_that_arrived_is_gone_on_with(studio, weathered, lost):
    studio.weather(lost, on="POST /jobs")
    async with weathered(submit_seconds=0.4) as service:
        end = await service.run()
    assert (end.outcome, studio.submissions, len(studio.jobs)) == (Outcome.SUCCEEDED, 1, 1)


@LOST
async def test_an_answer_that_is_lost_and_cannot_be_asked_for_is_not_known_and_not_repeated(studio, weathered, lost):
    studio.weather(lost, on="POST /jobs")
    async with weathered(finds=False, submit_seconds=0.4) as service:
        end = await service.run()
    assert (end.outcome, end.code, end.charged) == (Outcome.UNKNOWN, "outcome_unknown", Charged.UNKNOWN)
    assert (studio.submissions, len(studio.jobs)) == (1, 1)


@pytest.mark.parametrize("lost", [Resets(), Hangs()], ids=["reset", "hang"])
async def test_a_request_that_surely_did_not_arrive_is_sent_again(studio, weathered, lost):
    studio.weather(lost, on="POST /jobs", times=1)
    async with weathered(submit_seconds=0.4) as service:
        end = await service.run()
    assert (end.outcome, studio.submissions, len(studio.jobs)) == (Outcome.SUCCEEDED, 2, 1)


async def test_a_look_up_that_hangs_too_ends_as_not_known(studio, weathered):
    studio.weather(Hangs(is_done=True), on="POST /jobs")
    studio.weather(Hangs(), on="GET /jobs")
    async with weathered(submit_seconds=0.4) as service:
        end = await service.run()
    assert (end.outcome, end.charged, studio.submissions) == (Outcome.UNKNOWN, Charged.UNKNOWN, 1)


async def test_a_success_with_an_error_inside_is_a_refusal(studio, weathered):
    studio.weather(Answers(200, {"error": "your account is closed"}), on="POST /jobs")
    async with weathered() as service:
        end = await service.run()
    assert (end.outcome, end.code, end.charged) == (Outcome.REJECTED, "provider_rejected", Charged.NO)
    assert "your account is closed" in end.error
    assert studio.submissions == 1


async def test_what_is_blocked_is_not_carried_from_attempt_to_attempt(studio, weathered):
    studio.weather(Answers(422), on="POST /jobs")
    async with weathered() as service:
        end = await service.run()
    assert (end.outcome, end.code, end.charged) == (Outcome.REJECTED, "content_policy", Charged.NO)
    assert (studio.submissions, end.retryable) == (1, False)
