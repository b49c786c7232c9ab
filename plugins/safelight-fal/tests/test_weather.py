"""Bad weather through the whole service: how it ends, what it cost, and that no job is handed in twice."""

import asyncio

import pytest

from safelight.testing import Answers, Breaks, Drips, Halves, Hangs, NeverEnds, Resets, Wraps
from safelight_fal.testing import line, throttled

SUBMIT, STATUS, STREAM, CANCEL = "POST *", "GET *status", "GET *stream", "PUT *cancel"
FILE, RESULT = "GET /files/*", "GET *requests/????????-????-????-????-????????????"
OVER, BUSY = {"status": "COMPLETED"}, {"status": "IN_PROGRESS"}
FINE = ("succeeded", None, "yes")


def ending(status):
    return status.outcome, status.code, status.charged


async def test_fine_weather_brings_a_picture_with_a_place_in_the_queue_and_progress(fake, serve):
    fake.plot = [{"status": "IN_QUEUE", "queue_position": 2}]
    async with serve() as service:
        generation = await service.begin(params={"count": 2})
        await service.until(generation, lambda status: status.queue is not None and status.queue.position == 2)
        fake.last().move({**BUSY, "logs": [line(" 30%|###       | 9/30")]})
        await service.until(generation, lambda status: status.progress == 30)
        fake.last().move({"status": "IN_QUEUE", "queue_position": 5})
        went_back = await service.until(generation, lambda status: status.message is not None)
        fake.last().move(BUSY, OVER)
        status = await service.end(generation)
    assert (went_back.state, went_back.progress, went_back.queue) == ("processing", 30, None), "a state never goes back"
    assert ending(status) == FINE
    assert [(output.type, output.width, output.seed) for output in status.outputs] == [("image/png", 8, 7)] * 2
    assert all("authorization" not in {name.lower() for name in call.headers} for call in fake.calls(FILE))
    assert len(fake.jobs) == 1


@pytest.mark.parametrize(
    ("state", "result", "end"),
    [
        ({**OVER, "error": "It broke", "error_type": "odd"}, None, ("failed", "provider_rejected", "unknown")),
        (
            OVER,
            (422, {"detail": [{"loc": ["body", "prompt"], "type": "content_policy_violation"}]}, {}),
            ("failed", "content_policy", "unknown"),
        ),
        (OVER, (422, {"detail": [{"loc": ["body", "seed"], "type": "int_parsing"}]}, {}), ("failed", "invalid_input", "unknown")),
        (OVER, (200, {"images": []}, {}), ("failed", "empty_output", "yes")),
        (
            OVER,
            (200, {"images": [{"url": "https://a/1.png"}], "has_nsfw_concepts": [True]}, {}),
            ("failed", "content_policy", "yes"),
        ),
        ({**OVER, "error": "x", "error_type": "client_cancelled"}, None, ("canceled", "canceled", "unknown")),
    ],
)
async def test_each_end_is_told_once(fake, serve, state, result, end):
    fake.plot, fake.result = [BUSY, state], result
    async with serve() as service:
        assert ending(await service.run()) == end
    assert len(fake.jobs) == 1


@pytest.mark.parametrize(
    ("weather", "end"),
    [
        (Answers(401), ("failed", "provider_auth", "no")),
        (Answers(402), ("failed", "provider_quota", "no")),
        (Answers(404), ("rejected", "provider_rejected", "no")),
        (Answers(422, {"detail": "no"}), ("rejected", "invalid_input", "no")),
        (Answers(302, headers={"Location": "http://10.0.0.1/"}), ("rejected", "provider_rejected", "no")),
    ],
)
async def test_a_definite_refusal_costs_nothing_and_is_not_repeated(fake, serve, weather, end):
    fake.weather(weather, on=SUBMIT)
    async with serve() as service:
        assert ending(await service.run()) == end
    assert len(fake.calls(SUBMIT)) == 1


@pytest.mark.parametrize(
    "weather", [throttled(1), throttled(prose="Slow down, retry in 1 second."), Answers(503, headers={"Retry-After": "1"})]
)
async def test_what_was_surely_not_taken_is_handed_in_again_when_it_may_be(fake, serve, weather):
    fake.weather(weather, on=SUBMIT, times=1)
    async with serve() as service:
        assert ending(await service.run()) == FINE
    first, second = fake.calls(SUBMIT)
    assert second.at - first.at >= 1.0
    assert len(fake.jobs) == 1


async def test_a_refused_connection_is_tried_again(fake, serve):
    async with serve() as service:
        async with fake.refusing():
            generation = await service.begin()
            await service.until(generation, lambda status: status.message is not None)
        assert ending(await service.end(generation)) == FINE
    assert len(fake.jobs) == 1


@pytest.mark.parametrize(
    "weather",
    [
        Resets(is_done=True),
        Resets(),
        Breaks(20),
        Halves(),
        Answers(500, is_done=True),
        Answers(504, "<html>", is_done=True),
        Answers(200, {"detail": "an error inside"}, is_done=True),
        Hangs(is_done=True),
    ],
)
async def test_a_submission_whose_answer_was_lost_is_unknown_and_never_made_again(fake, serve, weather):
    fake.weather(weather, on=SUBMIT)
    async with serve(deadlines={"submit_seconds": 0.5}) as service:
        assert ending(await service.run()) == ("unknown", "outcome_unknown", "unknown")
    assert len(fake.calls(SUBMIT)) == 1


async def test_what_fals_machines_broke_is_free_and_handed_in_again(fake, serve):
    fake.plot = [{**OVER, "error": "gone", "error_type": "runner_disconnected"}]
    async with serve() as service:
        generation = await service.begin()
        await fake.heard(SUBMIT)
        fake.plot = [OVER]
        assert ending(await service.end(generation)) == FINE
    assert len(fake.jobs) == 2, "the first was definitely over, and free"


@pytest.mark.parametrize("is_streaming", [True, False])
@pytest.mark.parametrize("page", [STATUS, RESULT, STREAM])
@pytest.mark.parametrize(
    "weather",
    [
        throttled(0),
        Answers(502),
        Answers(200, '{"status": "IN_PROG'),
        Resets(),
        Answers(202, {"detail": "Request is still in progress"}),
        Drips(pause_seconds=0.01, piece_bytes=400),
    ],
)
async def test_looks_that_fail_do_no_harm(fake, serve, weather, page, is_streaming):
    if page == STREAM and isinstance(weather, Drips):
        weather = Answers(200, ": nothing but comments\n\n", headers={"Content-Type": "text/event-stream"})
    fake.is_streaming = is_streaming
    fake.weather(weather, on=page, times=2)
    async with serve() as service:
        assert ending(await service.run()) == FINE
    assert len(fake.jobs) == 1


@pytest.mark.parametrize(
    "weather",
    [Halves(), Breaks(9), Wraps(headers={"Content-Type": "text/html"}), Wraps(status=200), Answers(200, {"status": "DREAMING"})],
)
async def test_answers_that_are_cut_or_odd_do_no_harm(fake, serve, weather):
    fake.is_streaming = False
    fake.weather(weather, on=STATUS, skip=1, times=2)
    async with serve() as service:
        assert ending(await service.run()) == FINE
    assert len(fake.jobs) == 1


async def test_two_ends_are_one(fake, serve):
    fake.plot = [OVER]
    fake.weather(
        Answers(
            200,
            'data: {"status": "COMPLETED"}\n\ndata: {"status": "COMPLETED", "error": "no", "error_type": "odd"}\n\n',
            headers={"Content-Type": "text/event-stream"},
        ),
        on=STREAM,
    )
    async with serve() as service:
        status = await service.run()
    assert ending(status) == FINE
    assert len(status.outputs) == 1


@pytest.mark.parametrize("page", [STATUS, RESULT])
async def test_an_upstream_that_falls_silent_ends_in_time_and_is_asked_to_stop(fake, serve, page):
    fake.plot = [BUSY] if page == STATUS else [OVER]
    fake.is_streaming = False
    fake.weather(Hangs(), on=page)
    async with serve(deadlines={"stall_seconds": 0.3, "cancel_seconds": 0.5}) as service:
        status = await service.run()
    assert (status.outcome, status.code) == ("expired", "stalled")
    assert len(fake.calls(CANCEL)) == 1
    assert len(fake.jobs) == 1


async def test_a_clock_that_is_a_day_off_does_no_harm(fake, serve):
    fake.skew_seconds = -86_400
    fake.weather(throttled(0), on=STATUS, times=1)
    async with serve() as service:
        assert ending(await service.run()) == FINE
    assert len(fake.jobs) == 1


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
    async with serve(outputs={"max_bytes": 200_000, "fetch_seconds": 0.5}, deadlines={"total_seconds": 4}) as service:
        status = await service.run()
    assert (status.outcome, status.code, status.charged) == ("failed", "output_unavailable", "yes")
    assert len(fake.jobs) == 1


async def test_an_output_that_lies_about_its_type_is_kept_as_what_it_is(fake, serve):
    fake.weather(Answers(200, "<html>no picture</html>", headers={"Content-Type": "image/png"}), on=FILE)
    async with serve() as service:
        status = await service.run()
    assert [output.type for output in status.outputs] != ["image/png"]


async def test_outputs_may_be_data_uris_and_need_no_further_call(fake, serve):
    pixel = "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=="
    fake.result = (200, {"images": [{"url": pixel, "content_type": "image/gif"}]}, {})
    async with serve() as service:
        status = await service.run()
    assert [output.type for output in status.outputs] == ["image/gif"]
    assert fake.calls(FILE) == []


async def test_our_key_never_goes_to_a_host_that_an_answer_names(fake, serve, caplog):
    async with type(fake)() as stranger:
        answer = {"request_id": "r1", "status": "IN_QUEUE"}
        page = f"{stranger.url}/acme/lighthouse/requests/r1"
        urls = {"status_url": f"{page}/status", "response_url": page, "cancel_url": f"{page}/cancel"}
        fake.weather(Answers(200, answer | urls), on=SUBMIT)
        async with serve() as service:
            status = await service.run()
        assert (status.outcome, status.code) == ("failed", "output_unavailable")
        assert stranger.ledger == []
        assert fake.calls("GET /acme/lighthouse/requests/r1/status")
        told = [(record.host, record.instead) for record in caplog.records if record.msg == "fal_host_not_allowed"]
        assert told == [("127.0.0.1", "127.0.0.1")], "said once, not with every poll"


async def test_what_still_stands_in_the_queue_is_canceled_with_one_call(fake, serve):
    fake.plot = [{"status": "IN_QUEUE", "queue_position": 3}]
    async with serve() as service:
        generation = await service.begin()
        await fake.heard(STREAM)
        await service.cancel(generation)
        status = await service.end(generation)
    assert (status.outcome, status.cancel) == ("canceled", "confirmed")
    assert len(fake.calls(CANCEL)) == 1


async def test_a_cancel_that_the_runner_ignores_ends_in_time(fake, serve):
    fake.plot = [BUSY]
    fake.weather(Answers(202, {"status": "CANCELLATION_REQUESTED"}), on=CANCEL)
    async with serve(deadlines={"cancel_seconds": 0.3}) as service:
        generation = await service.begin()
        await fake.heard(STREAM)
        await service.cancel(generation)
        status = await service.end(generation)
    assert (status.outcome, status.cancel, status.charged) == ("canceled", "requested", "unknown")


async def test_a_cancel_that_comes_too_late_leaves_the_success(fake, serve):
    fake.plot = [BUSY]
    fake.weather(Answers(400, {"status": "ALREADY_COMPLETED"}), on=CANCEL)
    async with serve() as service:
        generation = await service.begin()
        await fake.heard(STREAM)
        await service.cancel(generation)
        await fake.heard(CANCEL)
        fake.last().move(OVER)
        status = await service.end(generation)
    assert (status.outcome, status.cancel, status.charged) == ("succeeded", "too_late", "yes")


async def test_a_start_deadline_of_ours_is_not_tried_again(fake, serve):
    fake.plot = [{**OVER, "error": "Request timed out", "error_type": "request_timeout"}]
    async with serve(start_seconds=30.0) as service:
        assert ending(await service.run()) == ("failed", "provider_timeout", "no")
    assert len(fake.jobs) == 1


async def test_many_at_once_each_get_their_own(fake, serve):
    async with serve() as service:
        statuses = await asyncio.gather(*(service.run(prompt=f"lighthouse {n}") for n in range(20)))
    assert {status.outcome for status in statuses} == {"succeeded"}
    assert sorted(job.input["prompt"] for job in fake.jobs.values()) == sorted(f"lighthouse {n}" for n in range(20))
