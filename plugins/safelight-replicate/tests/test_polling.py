"""Looking at a prediction: each state, each answer, and where the token goes."""

from datetime import UTC, datetime, timedelta

import pytest

from safelight.providers import (
    Canceled,
    Charged,
    Failed,
    Job,
    Logged,
    Noted,
    Produced,
    Progressed,
    ProviderAuth,
    ProviderQuota,
    ProviderRateLimited,
    ProviderUnavailable,
    Started,
    Steps,
    Succeeded,
)
from safelight.testing import Answers, Breaks, Halves, Resets
from safelight_replicate.telling import tell
from safelight_replicate.testing import throttled

KEY = "0123456789abcdef0123456789abcdef"
JOB = Job("7", {"v": 1, "is_public": True})
URL = "https://replicate.delivery/x/out-0.png"


def told(job=JOB, **prediction):
    return list(tell(prediction, job))


async def test_a_prediction_is_watched_to_its_end(fake, open_replicate, ask):
    fake.plot[2]["output"] = 1
    fake.plot[3]["output"] = 2
    async with open_replicate() as replicate:
        job = await replicate.submit(ask(replicate, params={"seed": 7}), KEY)
        said = [await replicate.poll(job) for _ in range(5)]
    first, second = (Produced(url, seed=7) for url in fake.last()["output"])
    assert said[0] == []
    assert said[1][0] == Started()
    assert said[1][-1] == Progressed(0.4, steps=Steps(8, 20, None, None))
    assert said[2][-1] == first, "an output that is there early is told, and the prediction is still looked at"
    assert said[3][-3:] == [first, second, Succeeded(charged=Charged.YES)]
    assert said[4] == said[3], "asked again it says the same"


@pytest.mark.parametrize(
    ("prediction", "end"),
    [
        ({"status": "failed", "error": "CUDA out of memory"}, Failed("CUDA out of memory")),
        ({"status": "failed", "error": None}, Failed("The model failed without a reason.")),
        (
            {"status": "failed", "error": "NSFW content detected. Try again."},
            Failed("NSFW content detected. Try again.", code="content_policy"),
        ),
        (
            {"status": "failed", "error": "The input was flagged as sensitive. (E005)"},
            Failed("The input was flagged as sensitive. (E005)", code="content_policy"),
        ),
        ({"status": "canceled", "started_at": "2026-11-23T10:00:00Z"}, Canceled(charged=Charged.YES)),
        ({"status": "canceled", "started_at": None}, Canceled()),
        ({"status": "canceled"}, Canceled()),
        (
            {"status": "canceled", "completed_at": "2026-11-23T10:00:05Z", "deadline": "2026-11-23T10:00:06Z"},
            Canceled(),
        ),
    ],
)
def test_every_end_is_told_in_its_words(prediction, end):
    assert told(**prediction) == [end]


def test_a_deadline_that_passed_is_said_with_what_it_cost():
    late = {"status": "canceled", "completed_at": "2026-11-23T10:00:06Z", "deadline": "2026-11-23T10:00:06.000Z"}
    for prediction, job, charged in (
        (late, JOB, "yes"),
        ({"status": "aborted"}, Job("7", JOB.data | {"has_deadline": True}), "no"),
        ({"status": "aborted"}, Job("7", {"v": 1, "has_deadline": True}), None),
        (late | {"status": "aborted"}, Job("7", {"v": 1}), None),
    ):
        [failed] = told(job, **prediction)
        assert (failed.code, failed.retryable, failed.charged) == ("provider_timeout", True, charged)


def test_what_had_no_deadline_and_was_dropped_before_it_began_was_canceled():
    assert told(status="aborted", deadline=None) == [Canceled(charged=Charged.NO)]
    assert told(Job("7", {"v": 1, "has_deadline": False}), status="aborted") == [Canceled()]


def test_an_output_that_was_removed_is_unavailable_not_empty():
    [failed] = told(status="succeeded", data_removed=True, output=None)
    assert (failed.code, failed.charged) == ("output_unavailable", "yes")
    assert told(status="succeeded", data_removed=False, output=None) == [Succeeded(charged=Charged.YES)]


def test_what_is_null_what_is_missing_and_what_is_odd_are_alike():
    nulls = dict.fromkeys(("logs", "output", "error", "metrics", "input", "urls", "started_at", "completed_at", "deadline"))
    odd = {"logs": 7, "metrics": ["x"], "input": "x", "started_at": 5, "urls": 1}
    for more in (nulls, {}, odd):
        assert told(status="starting", **more) == []
        assert told(status="processing", **more) == [Started()]


def test_an_unknown_word_moves_nothing():
    assert told(status="dreaming") == [Noted("Replicate calls it 'dreaming'.")]
    assert told() == [Noted("Replicate calls it None.")]


def test_of_several_bars_the_last_is_progress_and_loading_is_none():
    logs = "Loading weights: 100%|██████████| 7/7 [00:01<00:00]\n  0%|          | 0/20\r 40%|████      | 8/20\r"
    assert told(status="processing", logs=logs)[1:] == [Progressed(0.4, steps=Steps(8, 20, None, None))]
    assert told(status="processing", logs=logs + "decoding:  50%|█████     | 1/2")[-1] == Progressed(
        0.5, steps=Steps(1, 2, None, "decoding")
    )
    assert [it.fraction for it in told(status="processing", logs=logs[:52]) if isinstance(it, Progressed)] == [None]


def test_a_metric_of_the_models_own_is_better_than_a_bar():
    said = told(status="processing", logs=" 40%|████      | 8/20", metrics={"progress": 0.7, "predict_time": 3})
    assert said[1:] == [Progressed(None, steps=Steps(8, 20, None, None)), Progressed(0.7)]
    for nonsense in (True, 7, "0.5", None):
        assert told(status="processing", metrics={"progress": nonsense}) == [Started()]


def test_of_a_long_log_the_end_is_told():
    said = told(status="processing", logs="".join(f"line {n}\n" for n in range(10_000)))
    lines = [it.line for it in said if isinstance(it, Logged)]
    assert lines == [f"line {n}" for n in range(9960, 10_000)]
    assert told(status="processing", logs="x" * 20_000 + "\nend") == [Started(), Logged("end")], "half a line is none"


def test_text_is_an_output_at_the_end_and_files_are_found_in_objects():
    assert told(status="processing", output=["a ", "lamp"]) == [Started()]
    whole = Job("7", {"v": 1, "is_concatenated": True})
    assert told(whole, status="succeeded", output=["a ", "lamp"])[0] == Produced(b"a lamp", type="text/plain")
    assert told(status="succeeded", output={"image": URL, "seed": 7})[0] == Produced(URL)
    assert told(status="succeeded", output=[None, "", URL]) == [Produced(URL), Succeeded(charged=Charged.YES)]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (throttled(7), ProviderRateLimited),
        (Answers(401), ProviderAuth),
        (Answers(402), ProviderQuota),
        (Answers(400), ProviderUnavailable),
        (Answers(500), ProviderUnavailable),
        (Answers(503, headers={"Retry-After": "7"}), ProviderUnavailable),
        (Answers(302, headers={"Location": "/elsewhere"}), ProviderUnavailable),
        (Answers(200, "[]"), ProviderUnavailable),
        (Answers(200, "[" * 100_000), ProviderUnavailable),
        (Halves(), ProviderUnavailable),
        (Breaks(9), ProviderUnavailable),
        (Resets(), ProviderUnavailable),
    ],
)
async def test_no_answer_to_a_look_says_that_nothing_runs(fake, open_replicate, ask, answer, kind):
    async with open_replicate() as replicate:
        job = await replicate.submit(ask(replicate), KEY)
        fake.weather(answer, on="GET /v1/predictions/*")
        with pytest.raises(kind) as error:
            await replicate.poll(job)
    assert type(error.value) is kind
    assert not fake.calls("* /elsewhere")
    assert error.value.retry_after_seconds in {None, 7.0}


async def test_a_redirect_is_named(fake, open_replicate, ask):
    async with open_replicate() as replicate:
        job = await replicate.submit(ask(replicate), KEY)
        fake.weather(Answers(307, headers={"Location": "/elsewhere"}), on="GET /v1/predictions/*")
        with pytest.raises(ProviderUnavailable) as error:
            await replicate.poll(job)
    assert str(error.value) == "Replicate answered 307, and where that leads a token is not sent."


async def test_a_prediction_that_is_gone_ends_unless_it_is_too_new_to_be_shown(fake, open_replicate, ask):
    async with open_replicate() as replicate:
        job = await replicate.submit(ask(replicate), KEY)
        fake.predictions.clear()
        for call in (replicate.poll, replicate.cancel):
            with pytest.raises(ProviderUnavailable, match="yet"):
                await call(job)
        job.data["at"] = (datetime.now(UTC) - timedelta(seconds=61)).isoformat()
        [failed] = await replicate.poll(job)
        assert await replicate.cancel(job) == "too_late"
    assert failed.code == "output_unavailable"


async def test_a_cancel_is_confirmed_by_the_answer_and_too_late_after_the_end(fake, open_replicate, ask):
    async with open_replicate() as replicate:
        job = await replicate.submit(ask(replicate), KEY)
        assert await replicate.cancel(job) == "confirmed"
        assert await replicate.cancel(job) == "confirmed"
        assert (await replicate.poll(job))[-1] == Canceled()
        fake.plot = [{"status": "succeeded", "output": 1}]
        job = await replicate.submit(ask(replicate), "1" * 32)
        await replicate.poll(job)
        assert await replicate.cancel(job) == "too_late"
        fake.weather(Answers(200, {"status": "processing"}), on="POST *")
        assert await replicate.cancel(job) == "requested"


async def test_a_cancel_never_takes_a_connection_that_was_kept(fake, open_replicate, ask):
    async with open_replicate() as replicate:
        job = await replicate.submit(ask(replicate), KEY)
        await replicate.poll(job)
        await replicate.cancel(job)
    looks, cancels = ({call.connection for call in fake.calls(on)} for on in ("GET *", "POST *cancel"))
    assert not looks & cancels, "it may have died unheard, and then the prediction goes on and is paid for"


async def test_the_token_goes_where_it_is_trusted_and_nowhere_else(fake, open_replicate, ask):
    async with open_replicate(trusted_hosts=["eu.replicate.example"]) as replicate:
        trusted = replicate._api.trusted
        own = f"{fake.base_url}/predictions/7"
        assert str(trusted(own)) == own
        assert trusted("https://eu.replicate.example/v1/predictions/7")
        for url in (
            "https://evil.example/v1/predictions/7",
            "http://eu.replicate.example/v1/predictions/7",
            "https://eu.replicate.example:8443/v1",
            "https://x@eu.replicate.example/v1",
            "https://eu.replicate.example.evil.example/",
            f"http://127.0.0.1:{int(fake.url.rpartition(':')[2]) + 1}/v1",
            "/v1/predictions/7",
            "http://[::1",
            7,
            None,
        ):
            assert trusted(url) is None, url


async def test_an_address_in_an_answer_that_leads_elsewhere_is_not_followed(fake, open_replicate, ask):
    evil = {"get": "https://evil.example/steal", "cancel": "http://127.0.0.1:9/steal"}
    fake.weather(Answers(201, {"id": "seven", "status": "starting", "urls": evil}), on="POST *", times=1)
    async with open_replicate() as replicate:
        job = await replicate.submit(ask(replicate), KEY)
        assert "steal" not in str(job.data)
        journalled = Job(job.id, {**job.data, **evil, "at": None})  # by an earlier life with other settings
        await replicate.poll(journalled)
        await replicate.cancel(journalled)
    assert [(call.method, call.path) for call in fake.ledger[-2:]] == [
        ("GET", "/v1/predictions/seven"),
        ("POST", "/v1/predictions/seven/cancel"),
    ]
