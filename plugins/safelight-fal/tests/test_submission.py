"""Handing a job in: what is sent where, and what each answer, and each silence, says about whether it runs."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from safelight.errors import InvalidInput
from safelight.providers import (
    ContentPolicy,
    InvalidParams,
    NotSent,
    OutcomeUnknown,
    ProviderAuth,
    ProviderProtocol,
    ProviderQuota,
    ProviderRateLimited,
    ProviderUnavailable,
    Rejected,
    Unsupported,
)
from safelight.testing import Answers, Breaks, Halves, Resets
from safelight_fal.testing import ENDPOINT, KEY, throttled

SUBMIT = "POST *"


@pytest.fixture
def refused(fake, open_fal, handed_in):
    """The error of a submission that meets this weather."""

    async def submit(kind, weather=None, **settings):
        if weather is not None:
            fake.weather(weather, on=SUBMIT)
        async with open_fal(**settings) as fal:
            with pytest.raises(kind) as error:
                await handed_in(fal)
        assert type(error.value) is kind
        return error.value

    return submit


async def test_a_job_is_handed_in_with_what_was_asked_for(fake, open_fal, handed_in):
    async with open_fal() as fal:
        job = await handed_in(fal, params={"width": 640, "height": 480, "steps": 7, "count": 2})
    [call] = fake.ledger
    assert (call.method, call.path, call.query) == ("POST", f"/{ENDPOINT}", {})
    assert call.json == {
        "prompt": "a lighthouse",
        "image_size": {"width": 640, "height": 480},
        "num_inference_steps": 7,
        "num_images": 2,
    }
    assert call.headers["Authorization"] == f"Key {KEY}"
    assert {name for name in call.headers if name.lower().startswith("x-fal")} == set()
    assert job.id == fake.last().id
    assert KEY not in json.dumps(job.data)
    assert len(json.dumps(job.data)) < 1000


async def test_wishes_go_along_as_headers(fake, open_fal, handed_in):
    wishes = {"start_seconds": 30.0, "lifetime_seconds": 3600, "priority": "low", "internal_retries": False}
    async with open_fal(**wishes) as fal:
        await handed_in(fal)
    headers = fake.ledger[0].headers
    assert headers["X-Fal-Request-Timeout"] == "30.0"
    assert json.loads(headers["X-Fal-Object-Lifecycle-Preference"]) == {"expiration_duration_seconds": 3600}
    assert (headers["X-Fal-Queue-Priority"], headers["x-fal-no-retry"]) == ("low", "1")


async def test_a_clone_has_its_own_place_scheme_and_query(fake, open_fal, handed_in):
    async with open_fal(
        url=f"{fake.url}/router/", auth_header="X-Token", auth_scheme="", query={"_subdomain": "queue"}, endpoint="acme/a"
    ) as fal:
        with pytest.raises(ProviderAuth):  # the fake knows but one way to authenticate
            await handed_in(fal)
    [call] = fake.ledger
    assert (call.path, call.query, call.headers["X-Token"]) == ("/router/acme/a", {"_subdomain": "queue"}, KEY)
    assert "Authorization" not in call.headers


async def test_a_webhook_is_asked_for_where_the_service_can_be_reached(fake, open_fal, handed_in):
    async with open_fal(webhooks=lambda key: f"https://sl.example/v1/webhooks/fal/{key}?a=1&b=2") as fal:
        await handed_in(fal)
    assert fake.last().webhook == "https://sl.example/v1/webhooks/fal/" + "0" * 32 + "?a=1&b=2"
    async with open_fal(webhooks=lambda key: "https://sl.example/x", jwks_url="") as fal:
        await handed_in(fal)
    assert fake.last().webhook is None


async def test_a_redirect_is_named(refused):
    error = await refused(Rejected, Answers(301, headers={"Location": "https://elsewhere.example/"}))
    assert str(error) == "The queue answered 301, and where that leads a key is not sent."


@pytest.mark.parametrize(
    ("weather", "kind"),
    [
        (Answers(401, {"detail": "no"}), ProviderAuth),
        (Answers(402, {"detail": "pay"}), ProviderQuota),
        (Answers(403, {"detail": "User is locked. Reason: Exhausted balance."}), ProviderQuota),
        (Answers(403, {"detail": "Access denied"}), ProviderAuth),
        (Answers(404, {"detail": "Application not found"}), Rejected),
        (Answers(400, {"detail": "odd"}), Rejected),
        (Answers(302, headers={"Location": "https://elsewhere.example/"}), Rejected),
        (Answers(503, {"detail": "no runner", "error_type": "runner_scheduling_failure"}), ProviderUnavailable),
        (Answers(503, {"detail": "no runner", "request_id": "7"}), OutcomeUnknown),
        (Answers(408, {"detail": "slow"}), OutcomeUnknown),
        (Answers(500, "<html>"), OutcomeUnknown),
        (Answers(502, "<html>"), OutcomeUnknown),
        (Answers(504, {"detail": "slow", "error_type": "request_timeout"}), OutcomeUnknown),
        (Resets(), OutcomeUnknown),
        (Resets(is_done=True), OutcomeUnknown),
        (Breaks(10), OutcomeUnknown),
        (Halves(), OutcomeUnknown),
        (Answers(200, "[]"), OutcomeUnknown),
        (Answers(200, {"status": "IN_QUEUE"}), OutcomeUnknown),
        (Answers(200, {"request_id": 7}), OutcomeUnknown),
        (Answers(200, {"request_id": "x" * 1000}), OutcomeUnknown),
    ],
)
async def test_every_answer_means_what_it_says_and_nobody_sends_it_twice(fake, refused, weather, kind):
    await refused(kind, weather)
    assert len(fake.calls(SUBMIT)) == 1


async def test_a_refused_connection_means_that_nothing_was_sent(fake, open_fal, handed_in):
    async with open_fal() as fal, fake.refusing():
        with pytest.raises(NotSent):
            await handed_in(fal)


async def test_a_body_that_never_ends_leaves_it_unknown(fake, refused, monkeypatch):
    monkeypatch.setattr("safelight_fal.queue.MAX_BODY", 1000)
    error = await refused(ProviderProtocol, Answers(200, "x" * 5000))
    assert error.is_sent is None


def throttled_until():
    """Made when it is needed: tests wait for their turn for long."""
    return Answers(429, {}, headers={"Retry-After": format_datetime(datetime.now(UTC) + timedelta(seconds=900), usegmt=True)})


@pytest.mark.parametrize(
    ("weather", "seconds"),
    [
        (lambda: throttled(700), 700.0),
        (lambda: throttled(prose="Too many requests, try again in 300 seconds."), 300.0),
        (throttled, None),
        (throttled_until, 900.0),
    ],
)
async def test_when_to_come_back_is_heeded(refused, weather, seconds):
    error = await refused(ProviderRateLimited, weather())
    assert error.retry_after_seconds == (seconds if seconds is None else pytest.approx(seconds, abs=30))


async def test_a_refused_input_is_named_as_callers_call_it(refused):
    detail = [
        {"loc": ["body", "image_size", "width"], "msg": "too wide", "type": "less_than_equal"},
        {"loc": ["body", "num_inference_steps"], "msg": "not a number", "type": "int_parsing"},
        {"loc": ["body", "loras", 0, "path"], "msg": "no such file", "type": "file_download_error"},
        {"loc": ["body"], "type": "odd"},
        "garbage",
    ]
    error = await refused(InvalidParams, Answers(422, {"detail": detail}))
    assert str(error) == "params.width: too wide; params.steps: not a number; options.loras.0.path: no such file; input: odd"


async def test_a_refused_prompt_is_a_matter_of_policy_whatever_the_words(refused):
    detail = [{"loc": ["body", "prompt"], "msg": "Something went wrong.", "type": "content_policy_violation"}]
    error = await refused(ContentPolicy, Answers(422, {"detail": detail}, headers={"X-Fal-Retryable": "false"}))
    assert str(error) == "prompt: Something went wrong."


async def test_another_model_cannot_be_chosen(fake, open_fal, ask):
    async with open_fal() as fal:
        with pytest.raises(InvalidInput, match=f"unknown model.*; it takes '{ENDPOINT}' @ model"):
            ask(fal, model="acme/other")
        await fal.submit(ask(fal, model=ENDPOINT), "0" * 32)
    assert len(fake.jobs) == 1


async def test_a_submission_cannot_be_looked_up(open_fal):
    async with open_fal() as fal:
        with pytest.raises(Unsupported):
            await fal.find("0" * 32)
