"""Bad weather through the whole service: how it ends, what it cost, and that no prediction is made twice."""

import asyncio

import pytest

from safelight.errors import NotFound
from safelight.providers import WebhookRefused
from safelight.testing import Answers, Breaks, Drips, Halves, Hangs, NeverEnds, Resets, Wraps
from safelight_replicate import provider as provider_module
from safelight_replicate.testing import throttled

CREATE, LOOK, FILE, CANCEL = "POST */predictions", "GET /v1/predictions/*", "GET /delivery/*", "POST */cancel"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(provider_module, "_LOOKS", (0.0, 0.01))


def ending(status):
    return status.outcome, status.code, status.charged


async def test_fine_weather_brings_a_picture_with_progress_and_partial_outputs(fake, serve):
    fake.plot = [
        {"status": "starting"},
        {"status": "processing", "logs": " 40%|████      | 8/20"},
        {"status": "processing", "output": 1},
        {"status": "succeeded", "output": 2},
    ]
    async with serve() as service:
        generation = await service.begin(params={"count": 2, "seed": 7})
        status = await service.end(generation)
        told = (await service.core.history(generation, owner="anonymous")).statuses
    assert any(earlier.steps is not None and not earlier.is_terminal for earlier in told)
    assert any(len(earlier.outputs) == 1 and not earlier.is_terminal for earlier in told), (
        "a picture that is done is shown at once"
    )
    assert ending(status) == ("succeeded", None, "yes")
    assert [(output.type, output.width, output.seed) for output in status.outputs] == [("image/png", 8, 7)] * 2
    assert all("authorization" not in {name.lower() for name in call.headers} for call in fake.calls(FILE))
    assert len(fake.predictions) == 1


@pytest.mark.parametrize(
    ("plot", "end"),
    [
        ({"status": "failed", "error": "ValueError: no"}, ("failed", "provider_rejected", "unknown")),
        ({"status": "failed", "error": "NSFW content detected."}, ("failed", "content_policy", "unknown")),
        ({"status": "succeeded", "output": None}, ("failed", "empty_output", "yes")),
        ({"status": "succeeded", "output": None, "data_removed": True}, ("failed", "output_unavailable", "yes")),
        ({"status": "canceled", "started_at": "2026-11-23T10:00:00Z"}, ("canceled", "canceled", "yes")),
    ],
)
async def test_each_end_is_told_once(fake, serve, plot, end):
    fake.plot = [plot]
    async with serve() as service:
        assert ending(await service.run()) == end
    assert len(fake.predictions) == 1


@pytest.mark.parametrize(
    ("weather", "end"),
    [
        (Answers(401), ("failed", "provider_auth", "no")),
        (Answers(402), ("failed", "provider_quota", "no")),
        (Answers(404), ("rejected", "provider_rejected", "no")),
        (
            Answers(422, {"invalid_fields": [{"field": "input.prompt", "description": "too long"}]}),
            ("rejected", "invalid_input", "no"),
        ),
        (Answers(302, headers={"Location": "http://10.0.0.1/"}), ("rejected", "provider_rejected", "no")),
    ],
)
async def test_a_definite_refusal_costs_nothing_and_is_not_repeated(fake, serve, weather, end):
    fake.weather(weather, on=CREATE)
    async with serve() as service:
        assert ending(await service.run()) == end
    assert len(fake.calls(CREATE)) == 1
    assert not fake.predictions


@pytest.mark.parametrize(
    "weather", [throttled(1), throttled(1, is_said_in_header=False), Answers(503, headers={"Retry-After": "1"})]
)
async def test_what_was_surely_not_taken_is_handed_in_again_when_it_may_be(fake, serve, weather):
    fake.weather(weather, on=CREATE, times=1)
    async with serve() as service:
        assert ending(await service.run()) == ("succeeded", None, "yes")
    first, second = fake.calls(CREATE)
    assert second.at - first.at >= 1.0
    assert len(fake.predictions) == 1


async def test_a_refused_connection_is_tried_again(fake, serve):
    async with serve() as service:
        async with fake.refusing():
            generation = await service.begin()
            await service.until(generation, lambda status: status.message is not None)
        assert ending(await service.end(generation)) == ("succeeded", None, "yes")
    assert len(fake.predictions) == 1


@pytest.mark.parametrize(
    "weather",
    [
        Resets(is_done=True),
        Breaks(20),
        Halves(),
        Answers(500, is_done=True),
        Answers(504, "<html>", is_done=True),
        Answers(200, {"detail": "an error inside"}, is_done=True),
        Hangs(is_done=True),
    ],
)
async def test_a_prediction_whose_answer_was_lost_is_found_and_watched(fake, serve, weather):
    fake.weather(weather, on=CREATE)
    async with serve(deadlines={"submit_seconds": 0.5}) as service:
        assert ending(await service.run()) == ("succeeded", None, "yes")
    assert len(fake.calls(CREATE)) == len(fake.predictions) == 1


@pytest.mark.parametrize("weather", [Resets(), Answers(502), Hangs()])
async def test_what_cannot_be_found_is_unknown_and_never_made_again(fake, serve, weather):
    fake.weather(weather, on=CREATE)
    async with serve(deadlines={"submit_seconds": 0.5}) as service:
        assert ending(await service.run()) == ("unknown", "outcome_unknown", "unknown")
    assert len(fake.calls(CREATE)) == 1


@pytest.mark.parametrize(
    "weather",
    [
        throttled(0),
        Answers(500),
        Answers(200, '{"status": "proc'),
        Halves(),
        Breaks(9),
        Resets(),
        Answers(302, headers={"Location": "http://10.0.0.1/"}),
        Answers(200, {"status": "dreaming"}),
        Answers(200, {"status": "starting"}),
        Wraps(headers={"Content-Type": "text/html"}),
        Drips(pause_seconds=0.01, piece_bytes=400),
    ],
)
async def test_looks_that_fail_or_go_backwards_do_no_harm(fake, serve, weather):
    fake.weather(weather, on=LOOK, skip=2, times=2)
    async with serve() as service:
        assert ending(await service.run()) == ("succeeded", None, "yes")
    assert len(fake.predictions) == 1


async def test_an_upstream_that_falls_silent_ends_in_time_and_is_asked_to_stop(fake, serve):
    fake.weather(Hangs(), on=LOOK, skip=1)
    async with serve(deadlines={"stall_seconds": 0.3, "cancel_seconds": 1}) as service:
        status = await service.run()
    assert (status.outcome, status.code) == ("expired", "stalled")
    assert fake.last()["status"] == "canceled"
    assert len(fake.predictions) == 1


async def test_a_clock_that_is_a_day_off_does_no_harm(fake, serve):
    fake.skew_seconds = -86_400
    fake.weather(Resets(is_done=True), on=CREATE)
    fake.weather(throttled(0), on=LOOK, times=1)
    async with serve() as service:
        assert ending(await service.run()) == ("succeeded", None, "yes")
    assert len(fake.predictions) == 1


@pytest.mark.parametrize(
    "weather",
    [
        Answers(404),
        Answers(302, headers={"Location": "http://[::1]:1/x.png"}),
        NeverEnds(),
        NeverEnds(10 * 2**30),
        Breaks(20),
        Hangs(),
    ],
)
async def test_an_output_that_cannot_be_had_is_no_success_and_was_paid(fake, serve, weather):
    fake.weather(weather, on=FILE)
    async with serve(outputs={"max_bytes": 200_000, "fetch_seconds": 0.5}, deadlines={"total_seconds": 2}) as service:
        status = await service.run()
    assert (status.outcome, status.code, status.charged) == ("failed", "output_unavailable", "yes")
    assert len(fake.predictions) == 1


async def test_an_output_that_lies_about_its_type_is_kept_as_what_it_is(fake, serve):
    fake.weather(Answers(200, "<html>no picture</html>", headers={"Content-Type": "image/png"}), on=FILE)
    async with serve() as service:
        status = await service.run()
    assert [output.type for output in status.outputs] != ["image/png"]


async def test_what_has_not_begun_is_canceled(fake, serve):
    fake.plot = [{"status": "starting"}]
    async with serve() as service:
        generation = await service.begin()
        await fake.heard(LOOK, times=2)
        await service.cancel(generation)
        status = await service.end(generation)
    assert (status.outcome, status.cancel) == ("canceled", "confirmed")
    assert fake.last()["status"] == "canceled"


async def test_a_cancel_that_is_never_answered_ends_all_the_same(fake, serve):
    fake.plot = [{"status": "processing"}]
    fake.weather(Hangs(), on=CANCEL)
    async with serve(deadlines={"cancel_seconds": 0.2}) as service:
        generation = await service.begin()
        await fake.heard(LOOK, times=2)
        await service.cancel(generation)
        status = await service.end(generation)
    assert (status.outcome, status.cancel, status.charged) == ("canceled", "requested", "unknown")


async def test_a_cancel_that_comes_too_late_leaves_the_success(fake, serve):
    fake.plot = [{"status": "processing"}]
    fake.weather(Answers(200, {"id": "x", "status": "succeeded"}), on=CANCEL)
    async with serve() as service:
        generation = await service.begin()
        await fake.heard(LOOK, times=2)
        await service.cancel(generation)
        await fake.heard(CANCEL)
        fake.go_on({"status": "succeeded", "output": 1})
        status = await service.end(generation)
    assert (status.outcome, status.cancel, status.charged) == ("succeeded", "too_late", "yes")


async def test_a_deadline_that_passed_before_it_began_costs_nothing_and_is_tried_again(fake, serve):
    fake.plot = [{"status": "aborted"}]
    async with serve(cancel_after_seconds=5) as service:
        generation = await service.begin()
        await fake.heard(LOOK)
        fake.plot = [{"status": "succeeded", "output": 1}]
        status = await service.end(generation)
    assert ending(status) == ("succeeded", None, "yes")
    assert [it["status"] for it in fake.predictions.values()] == ["aborted", "succeeded"]


async def test_many_at_once_each_get_their_own(fake, serve):
    async with serve() as service:
        statuses = await asyncio.gather(*(service.run(prompt=f"lighthouse {n}") for n in range(20)))
    assert {status.outcome for status in statuses} == {"succeeded"}
    assert sorted(it["input"]["prompt"] for it in fake.predictions.values()) == sorted(f"lighthouse {n}" for n in range(20))


async def test_a_genuine_webhook_has_a_prediction_looked_at_sooner_and_a_forged_one_does_not(fake, serve):
    fake.plot = [{"status": "starting"}]
    async with serve(poll_seconds=0.3, public_url="https://sl.example") as service:
        generation = await service.begin()
        await fake.heard(LOOK, times=3)
        url = fake.calls(CREATE)[0].json["webhook"]
        assert url.startswith("https://sl.example/v1/webhooks/replicate/")
        fake.go_on({"status": "succeeded", "output": 1})
        raw, headers = fake.signed(fake.last()["id"])
        with pytest.raises(WebhookRefused):
            await service.webhook(url, raw + b" ", headers)
        with pytest.raises(NotFound):
            await service.webhook(url[:-1], raw, headers)
        for _ in range(2):
            await service.webhook(url, raw, headers)  # doubles do no harm
        assert ending(await service.end(generation)) == ("succeeded", None, "yes")
    *_, third, fourth = fake.calls(LOOK)
    assert 0.3 <= fourth.at - third.at < 0.6, "by itself it had come after 0.67 s"
