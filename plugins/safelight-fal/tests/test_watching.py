"""A job as it is told over the stream and by polls: states, the log, results, and every way to end."""

import asyncio

import pytest

from safelight.providers import (
    Cancel,
    Canceled,
    Charged,
    Failed,
    Job,
    Logged,
    Noted,
    Produced,
    Progressed,
    ProviderAuth,
    ProviderUnavailable,
    Queued,
    Started,
    Steps,
    Succeeded,
    Unsupported,
)
from safelight.testing import Answers, Halves, Resets
from safelight_fal.faults import _MACHINES
from safelight_fal.testing import line

STATUS, RESULT, STREAM = "GET *status", "GET *requests/????????-????-????-????-????????????", "GET *stream"
OVER = {"status": "COMPLETED"}
GOOD = Succeeded(charged=Charged.YES)


def kinds(updates):
    return [type(update) for update in updates]


@pytest.fixture
def ended(fake, open_fal, handed_in, polled):
    """How a job ends whose last status is this, and whose result is answered so."""

    async def run(state=OVER, status=200, body=None, headers=None, *, request=None, **settings):
        fake.plot = [{"status": "IN_PROGRESS"}, state]
        fake.result = None if body is None else (status, body, headers or {})
        async with open_fal(**settings) as fal:
            return (await polled(fal, await handed_in(fal, **request or {})))[-1]

    return run


# What a job does on the way


async def test_the_stream_tells_a_job_to_its_end_and_each_line_once(fake, open_fal, handed_in, heard):
    async with open_fal() as fal:
        job = await handed_in(fal)
        said = await heard(fal, job)
        told = await fal.poll(job)
    assert said == [
        Queued(0),
        Queued(1),
        Started(),
        Progressed(message="Loading model: 7/7"),
        Started(),
        Progressed(0.3, steps=Steps(9, 30)),
        Logged("a warning", level="warning"),
    ]
    assert told == [
        Logged("metric inference_time = 2.31", level="debug"),
        Produced(f"{fake.url}/files/{job.id}/0.png", type="image/png", seed=7),
        GOOD,
    ]
    assert [call.query["logs"] for call in fake.calls(STREAM)] == ["1"]


async def test_polls_tell_the_same_and_each_line_once_though_they_repeat_them_all(fake, open_fal, handed_in, polled):
    async with open_fal() as fal:
        said = await polled(fal, await handed_in(fal))
    assert said[:3] == [
        [Queued(1)],
        [Started(), Progressed(message="Loading model: 7/7")],
        [Started(), Progressed(0.3, steps=Steps(9, 30)), Logged("a warning", level="warning")],
    ]
    assert kinds(said[3]) == [Logged, Produced, Succeeded]


async def test_a_poll_after_a_stream_that_broke_repeats_no_line(fake, open_fal, handed_in, heard):
    fake.plot = [{"status": "IN_PROGRESS", "logs": [line("one"), line("two")]}]
    async with open_fal() as fal:
        job = await handed_in(fal)
        watch = fal.watch(job)
        told = [await anext(watch) for _ in range(4)]
        await watch.aclose()
        fake.last().move({"status": "IN_PROGRESS", "logs": [line("three")]})
        assert told == [Queued(0), Started(), Logged("one"), Logged("two")]
        assert await fal.poll(job) == [Started(), Logged("three")]
        assert await fal.poll(job) == [Started()]


async def test_a_job_that_is_put_back_into_the_queue_says_so(fake, open_fal, handed_in, polled):
    fake.plot = [{"status": "IN_PROGRESS"}, {"status": "IN_QUEUE", "queue_position": 4}, {"status": "IN_PROGRESS"}, OVER]
    async with open_fal() as fal:
        said = await polled(fal, await handed_in(fal))
    assert said[:3] == [[Started()], [Queued(4), Noted("The job was put back into the queue.")], [Started()]]


@pytest.mark.parametrize("state", [{"status": "WARMING"}, {"status": "IN_QUEUE", "queue_position": "soon"}])
async def test_words_nobody_knows_change_nothing(fake, open_fal, handed_in, state):
    fake.plot = [state]
    async with open_fal() as fal:
        [update] = await fal.poll(await handed_in(fal))
    assert update in {Noted("The queue calls it 'WARMING'."), Queued(None)}


@pytest.mark.parametrize("logs", [None, [], "text", [None, {"message": 7}, {"level": "INFO"}]])
async def test_a_log_may_be_anything(fake, open_fal, handed_in, logs):
    async with open_fal() as fal:
        job = await handed_in(fal)
        fake.weather(Answers(200, {"status": "IN_PROGRESS", "logs": logs}), on=STATUS)
        assert await fal.poll(job) == [Started()]


async def test_a_clone_has_its_own_words(fake, open_fal, handed_in, polled):
    fake.plot = [{"status": "waiting", "queue_position": 2}, {"status": "busy"}, {"status": "COMPLETED"}]
    words = {"queued": ["waiting"], "running": ["busy"], "completed": ["COMPLETED", "done"]}
    async with open_fal(words=words) as fal:
        said = await polled(fal, await handed_in(fal))
    assert said[:2] == [[Queued(2)], [Started()]]


async def test_the_status_code_does_not_matter_as_long_as_it_is_a_success(fake, open_fal, handed_in):
    async with open_fal() as fal:
        job = await handed_in(fal)
        for status in (200, 202):
            fake.clear()
            fake.weather(Answers(status, {"status": "IN_PROGRESS"}), on=STATUS)
            assert await fal.poll(job) == [Started()]


async def test_a_comment_in_the_stream_is_a_sign_of_life(fake, open_fal, handed_in, heard):
    async with open_fal() as fal:
        job = await handed_in(fal)
        text = 'data: {"status": "IN_QUEUE", "queue_position": 3}\n\n: ping\n\n'
        fake.weather(Answers(200, text, headers={"Content-Type": "text/event-stream"}), on=STREAM)
        assert await heard(fal, job) == [Queued(3), Queued(3)], "a stream that ends early is none: polls go on"


@pytest.mark.parametrize(
    "weather",
    [
        Answers(405, {"detail": "no"}),
        Answers(200, {"status": "IN_QUEUE"}),
        Answers(302, headers={"Location": "/elsewhere"}),
        Resets(),
        Answers(200, "data: {half\n\n", headers={"Content-Type": "text/event-stream"}),
        Answers(200, "data: [1]\n\n", headers={"Content-Type": "text/event-stream"}),
    ],
)
async def test_whatever_is_wrong_with_the_stream_polls_go_on(fake, open_fal, handed_in, heard, polled, weather):
    async with open_fal() as fal:
        job = await handed_in(fal)
        fake.weather(weather, on=STREAM)
        with pytest.raises(ProviderUnavailable) as error:
            await heard(fal, job)
        assert error.value.retryable
        assert (await polled(fal, job))[-1][-1] == GOOD


async def test_a_stream_that_is_not_wanted_is_not_opened(fake, open_fal, handed_in, heard):
    async with open_fal(stream=False) as fal:
        assert await heard(fal, await handed_in(fal)) == []
    assert fake.calls(STREAM) == []


async def test_whoever_stops_listening_leaves_no_connection_behind(fake, open_fal, handed_in):
    fake.plot = [{"status": "IN_PROGRESS"}]
    async with open_fal() as fal:
        job = await handed_in(fal)
        watch = fal.watch(job)
        assert await anext(watch) == Queued(0)
        await watch.aclose()
        await fal.poll(job)
        connector = fal.resources.session.connector
        assert (len(connector._acquired), len(connector._conns)) == (0, 0), "a submission needs a connection of its own"


async def test_a_job_is_watched_on_by_another_life_of_ours(fake, open_fal, handed_in, heard):
    fake.plot = [{"status": "IN_PROGRESS", "logs": [line("one")]}]
    async with open_fal() as fal:
        job = await handed_in(fal)
        await fal.poll(job)
    fake.last().move(OVER)
    async with open_fal() as fal:
        assert await heard(fal, Job(job.id, job.data)) == [Started(), Logged("one")]
        assert (await fal.poll(Job(job.id, job.data)))[-1] == GOOD
    assert len(fake.jobs) == 1


# A call that fails on the way


@pytest.mark.parametrize(
    ("weather", "code"),
    [
        (Answers(500, "<html>"), "provider_unavailable"),
        (Answers(502), "provider_unavailable"),
        (Answers(400, {"detail": "odd"}), "provider_unavailable"),
        (Answers(302, headers={"Location": "/elsewhere"}), "provider_unavailable"),
        (Answers(200, "{}"), "provider_unavailable"),
        (Answers(200, "[]"), "provider_unavailable"),
        (Answers(429, {}, headers={"Retry-After": "4"}), "provider_rate_limited"),
        (Halves(), "provider_unavailable"),
        (Resets(), "provider_unavailable"),
    ],
)
async def test_a_poll_that_fails_is_made_again(fake, open_fal, handed_in, polled, weather, code):
    async with open_fal() as fal:
        job = await handed_in(fal)
        fake.weather(weather, on=STATUS)
        await fails(fal, job, code)
        fake.clear()
        assert (await polled(fal, job))[-1][-1] == GOOD


@pytest.mark.parametrize(
    ("weather", "code"),
    [
        (Answers(202, {"detail": "Request is still in progress"}), "provider_unavailable"),
        (Answers(400, {"detail": "Request is still in progress"}), "provider_unavailable"),
        (Answers(404, {"detail": "Not found"}), "provider_unavailable"),
        (Answers(410), "provider_unavailable"),
        (Answers(307, headers={"Location": "/elsewhere"}), "provider_unavailable"),
        (Answers(502, "<html>"), "provider_unavailable"),
        (Answers(408), "provider_unavailable"),
        (Answers(429, {}, headers={"Retry-After": "4"}), "provider_rate_limited"),
        (Answers(200, "<html>"), "provider_unavailable"),
        (Answers(200, ""), "provider_unavailable"),
        (Halves(), "provider_unavailable"),
        (Resets(), "provider_unavailable"),
    ],
)
async def test_a_result_that_did_not_arrive_is_asked_for_again(fake, open_fal, handed_in, polled, weather, code):
    fake.plot = [OVER]
    async with open_fal() as fal:
        job = await handed_in(fal)
        fake.weather(weather, on=RESULT)
        await fails(fal, job, code)
        fake.clear()
        assert (await polled(fal, job))[-1][-1] == GOOD


async def fails(fal, job, code):
    with pytest.raises(ProviderUnavailable) as error:
        await fal.poll(job)
    assert (error.value.code, error.value.retryable) == (code, True)
    assert error.value.retry_after_seconds == (4.0 if code == "provider_rate_limited" else None)


async def test_a_key_that_is_no_longer_good_is_not_tried_again(fake, open_fal, handed_in):
    async with open_fal() as fal:
        job = await handed_in(fal)
        fake.weather(Answers(401, {"detail": "no"}), on=STATUS)
        with pytest.raises(ProviderAuth):
            await fal.poll(job)


async def test_a_job_that_is_not_known_for_a_while_is_lost_and_not_before(fake, open_fal, handed_in, polled):
    async with open_fal(lost_seconds=10.0) as fal:
        job = await handed_in(fal)
        kept = fake.jobs.pop(job.id)
        await fails(fal, job, "provider_unavailable")
        fake.jobs[job.id] = kept
        assert kinds(await fal.poll(job)) == [Queued]
        del fake.jobs[job.id]
        await fails(fal, job, "provider_unavailable")
        fal._stories[job.id].lost_at -= 10
        assert await fal.poll(job) == [
            Failed("The queue no longer knows the job.", code="output_unavailable", retryable=True),
        ]


@pytest.mark.parametrize("page", [STATUS, RESULT])
async def test_what_is_gone_for_good_is_lost_as_what_is_not_found(fake, open_fal, handed_in, page):
    fake.plot = [OVER]
    fake.weather(Answers(410), on=page)
    async with open_fal(lost_seconds=0) as fal:
        [failed] = await fal.poll(await handed_in(fal))
    assert failed.code == "output_unavailable"


async def test_a_result_that_is_gone_for_a_while_is_lost_or_was_canceled(fake, open_fal, handed_in):
    fake.plot = [OVER]
    fake.weather(Answers(404, {"detail": "Not found"}), on=RESULT)
    async with open_fal() as fal:
        job = await handed_in(fal)
        await fails(fal, job, "provider_unavailable")
        await fails(fal, job, "provider_unavailable")
        fal._stories[job.id].lost_at -= 10
        assert await fal.poll(job) == [Failed("The queue no longer has the result.", code="output_unavailable", retryable=True)]
        job = await handed_in(fal)
        await fal.cancel(job)
        assert await fal.poll(job) == [Canceled()]


# How a job ends


async def test_every_picture_is_an_output(fake, ended):
    said = await ended(request={"params": {"count": 3}})
    assert kinds(said) == [Produced, Produced, Produced, Succeeded]


@pytest.mark.parametrize(
    ("result", "files"),
    [
        ({"video": {"url": "https://a/v.mp4", "content_type": "video/mp4"}}, [("https://a/v.mp4", "video/mp4")]),
        ({"images": [{"url": "data:image/png;base64,AA=="}]}, [("data:image/png;base64,AA==", None)]),
        (
            {"image": {"url": "https://a/1.png"}, "mask": {"url": "https://a/2.png"}},
            [("https://a/1.png", None), ("https://a/2.png", None)],
        ),
        ({"images": [], "prompt": "https://a/x.png"}, []),
        ({"images": ["https://a/x.png", None, {"url": 7}]}, []),
        ({}, []),
    ],
)
async def test_a_result_is_searched_for_files_and_nothing_else(ended, result, files):
    *produced, last = await ended(body=result)
    assert [(update.content, update.type) for update in produced] == files
    assert last == GOOD, "without an output the service makes a failure of it"


@pytest.mark.parametrize(
    ("result", "files"),
    [('[{"url": "https://a/1.png"}]', ["https://a/1.png"]), ("null", []), ('"https://a/1.png"', []), ("7", [])],
)
async def test_a_result_that_is_no_object_is_one_all_the_same(fake, open_fal, handed_in, result, files):
    fake.plot = [OVER]
    fake.weather(Answers(200, result), on=RESULT)
    async with open_fal() as fal:
        *produced, last = [update for update in await fal.poll(await handed_in(fal)) if not isinstance(update, Logged)]
    assert ([update.content for update in produced], last) == (files, GOOD)


async def test_the_operator_may_say_which_members_hold_outputs(ended):
    result = {"thumbnail": {"url": "https://a/t.png"}, "video": {"url": "https://a/v.mp4"}}
    assert await ended(body=result, outputs=["video", "audio"]) == [Produced("https://a/v.mp4"), GOOD]


async def test_in_members_that_are_named_as_outputs_an_address_may_stand_alone(ended):
    result = {"image": "https://a/1.png", "more": ["https://a/2.png", {"url": "https://a/3.png"}, None], "text": "a lamp"}
    *produced, last = await ended(body=result, outputs=["image", "more", "text"])
    assert ([update.content for update in produced], last) == ([f"https://a/{n}.png" for n in (1, 2, 3)], GOOD)


@pytest.mark.parametrize(
    ("seed", "told"), [(7, 7), (2**64 - 1, 2**64 - 1), (2**70, None), ("7", None), (True, None), (None, None)]
)
async def test_a_seed_is_told_where_it_is_one(ended, seed, told):
    [produced, _] = await ended(body={"images": [{"url": "https://a/1.png"}], "seed": seed})
    assert produced.seed == told


async def test_pictures_that_were_flagged_are_left_out_or_kept_as_the_operator_likes(ended):
    images = [{"url": f"https://a/{n}.png"} for n in range(3)]
    some = {"images": images, "has_nsfw_concepts": [False, True, False]}
    noted = Noted("1 of 3 pictures were flagged as unsafe by the endpoint.")
    zero, one, two = (Produced(image["url"]) for image in images)
    assert await ended(body=some) == [noted, zero, two, GOOD]
    assert await ended(body=some, flagged="keep") == [noted, zero, one, two, GOOD]
    every = some | {"has_nsfw_concepts": [True] * 5}
    assert await ended(body=every) == [
        Failed("The endpoint flagged everything it made as unsafe.", code="content_policy", charged=Charged.YES)
    ]
    assert kinds(await ended(body=every, flagged="keep"))[-1] is Succeeded


@pytest.mark.parametrize("word", sorted(_MACHINES))
async def test_what_fals_machines_do_is_free_and_may_be_tried_again(ended, word):
    [failed] = await ended({**OVER, "error": "Something broke", "error_type": word})
    assert failed == Failed(f"Something broke ({word})", code="provider_unavailable", retryable=True, charged=Charged.NO)


async def test_a_start_that_came_too_late_is_tried_again_unless_it_was_our_deadline(ended):
    late = {**OVER, "error": "Request timed out", "error_type": "request_timeout"}
    [failed] = await ended(late)
    assert (failed.code, failed.retryable, failed.charged) == ("provider_timeout", True, Charged.NO)
    [failed] = await ended(late, start_seconds=30.0)
    assert failed == Failed("It did not start within `start_seconds`.", code="provider_timeout", charged=Charged.NO)
    body, ours = {"detail": "Request timed out", "error_type": "request_timeout"}, {"X-Fal-Request-Timeout-Type": "user"}
    [failed] = await ended(OVER, 504, body, ours)
    assert (failed.code, failed.retryable) == ("provider_timeout", False)
    [failed] = await ended(OVER, 504, body, {"X-Fal-Request-Timeout-Type": "infrastructure"}, start_seconds=30.0)
    assert (failed.code, failed.retryable) == ("provider_timeout", True)


DETAIL = [{"loc": ["body", "image_size", "width"], "msg": "too wide", "type": "less_than_equal"}]
BLOCKED = [{"loc": ["body", "prompt"], "msg": "It cannot be processed.", "type": "content_policy_violation"}]
BROKEN = [{"loc": ["body"], "msg": "Out of memory", "type": "internal_server_error"}]
SLOW = [{"loc": ["body"], "msg": "Too slow", "type": "generation_timeout"}]


@pytest.mark.parametrize(
    ("status", "body", "headers", "failed"),
    [
        (
            422,
            {"detail": BLOCKED},
            {"X-Fal-Retryable": "false"},
            Failed("prompt: It cannot be processed.", code="content_policy"),
        ),
        (422, {"detail": DETAIL}, {}, Failed("params.width: too wide", code="invalid_input")),
        (
            422,
            {"detail": DETAIL},
            {"X-Fal-Needs-Retry": "1"},
            Failed("params.width: too wide", code="invalid_input", retryable=True),
        ),
        (422, {"detail": "no"}, {}, Failed("The endpoint refuses this: no", code="invalid_input")),
        (500, {"detail": BROKEN}, {}, Failed("input: Out of memory", code="provider_unavailable", charged=Charged.NO)),
        (504, {"detail": SLOW}, {"X-Fal-Retryable": "true"}, None),
        (500, {"detail": "oops"}, {}, Failed("The queue answered 500: oops", code="provider_unavailable", charged=Charged.NO)),
        (400, {"detail": "odd"}, {}, Failed("The queue answered 400: odd", code="provider_rejected")),
        (
            403,
            {"detail": "Exhausted balance"},
            {},
            Failed("The account has no credit left: Exhausted balance", code="provider_quota"),
        ),
        (503, {"detail": "gone"}, {"X-Fal-Error-Type": "runner_disconnected"}, None),
    ],
)
async def test_a_result_that_is_an_error_says_why(ended, status, body, headers, failed):
    [told] = await ended(OVER, status, body, headers)
    if failed is None:
        assert (told.retryable, told.charged) == (True, Charged.NO)
        assert told.code == ("provider_timeout" if status == 504 else "provider_unavailable")
    else:
        assert told == failed


async def test_an_error_in_the_last_status_is_believed_though_the_result_looks_well_or_is_out_of_reach(fake, ended):
    state = {**OVER, "error": "It broke", "error_type": "odd_word"}
    broke = Failed("It broke (odd_word)", code="provider_rejected")
    assert await ended(state, 200, {"images": [{"url": "https://a/1.png"}]}) == [broke]
    fake.weather(Resets(), on=RESULT)
    assert await ended(state) == [broke]


async def test_the_details_of_a_result_say_more_than_the_last_status(ended):
    state = {**OVER, "error": "Invalid status code: 422"}
    assert await ended(state, 422, {"detail": BLOCKED}) == [Failed("prompt: It cannot be processed.", code="content_policy")]


# Canceling


async def test_a_cancel_is_asked_for_and_the_job_says_that_it_happened(fake, open_fal, handed_in, heard):
    fake.plot = [{"status": "IN_PROGRESS"}]
    async with open_fal() as fal:
        job = await handed_in(fal)
        watching = asyncio.create_task(heard(fal, job))
        await fake.heard(STREAM)
        assert await fal.cancel(job) == Cancel.REQUESTED
        assert await watching == [Queued(0), Started()]
        assert await fal.poll(job) == [Canceled()]
        assert await fal.cancel(job) == Cancel.TOO_LATE
    assert [call.method for call in fake.calls("* *cancel")] == ["PUT", "PUT"]


async def test_a_job_that_is_gone_after_our_cancel_was_canceled(fake, open_fal, handed_in):
    fake.plot, fake.keeps_canceled = [], False
    async with open_fal() as fal:
        job = await handed_in(fal)
        assert await fal.cancel(job) == Cancel.REQUESTED
        assert await fal.poll(job) == [Canceled()]


async def test_a_cancel_of_a_job_that_is_not_known_ends_nothing_by_itself(fake, open_fal, handed_in):
    async with open_fal() as fal:
        job = await handed_in(fal)
        fake.weather(Answers(404, {"status": "NOT_FOUND"}), on="PUT *")
        assert await fal.cancel(job) == Cancel.REQUESTED
        assert kinds(await fal.poll(job)) == [Queued]


async def test_a_result_that_is_an_answer_to_our_cancel_is_one(ended):
    said = {"detail": "Client cancelled", "error_type": "client_cancelled"}
    assert await ended(OVER, 499, said) == [Canceled()]
    assert await ended({**OVER, "error_type": "CANCELED"}, 200, {"images": [{"url": "https://a/1.png"}]}) == [Canceled()]


async def test_a_clone_answers_a_cancel_with_its_own_codes(fake, open_fal, handed_in):
    codes = {"requested": [204], "too_late": [409], "gone": [410]}
    async with open_fal(cancel_codes=codes) as fal:
        job = await handed_in(fal)
        for status, answer in ((204, Cancel.REQUESTED), (409, Cancel.TOO_LATE), (410, Cancel.REQUESTED)):
            fake.clear()
            fake.weather(Answers(status), on="PUT *")
            assert await fal.cancel(job) == answer
        fake.clear()
        fake.weather(Answers(400), on="PUT *")
        with pytest.raises(ProviderUnavailable):
            await fal.cancel(job)


async def test_a_service_that_cannot_cancel_is_not_asked_to(fake, open_fal, handed_in):
    async with open_fal(cancel_codes={"requested": []}) as fal:
        assert fal.capabilities.cancel == "none"
        with pytest.raises(Unsupported):
            await fal.cancel(await handed_in(fal))
    assert fake.calls("PUT *") == []
