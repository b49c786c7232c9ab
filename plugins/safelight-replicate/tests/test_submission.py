"""Creating a prediction: what is sent, and what each answer, and each silence, says about whether it runs."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from safelight.errors import InvalidInput
from safelight.providers import (
    InvalidParams,
    NotSent,
    OutcomeUnknown,
    ProviderAuth,
    ProviderQuota,
    ProviderRateLimited,
    ProviderUnavailable,
    Rejected,
)
from safelight.testing import Answers, Breaks, Halves, Resets, Wraps
from safelight_replicate.testing import TOKEN, VERSION, throttled

KEY = "0123456789abcdef0123456789abcdef"
CREATE = "POST /v1/models/acme/lighthouse/predictions"


async def refused(open_replicate, ask, kind, **asked):
    async with open_replicate() as replicate:
        with pytest.raises(kind) as error:
            await replicate.submit(ask(replicate, **asked), KEY)
    assert type(error.value) is kind
    return error.value


async def test_an_official_model_is_run_by_its_name(fake, open_replicate, ask):
    async with open_replicate(cancel_after_seconds=90) as replicate:
        params = {"steps": 4, "count": 2, "seed": 7}
        job = await replicate.submit(ask(replicate, params=params, options={"outputFormat": "png"}), KEY)
    [call] = fake.calls("POST *")
    assert call.path == "/v1/models/acme/lighthouse/predictions"
    assert call.json == {
        "input": {"prompt": "a lighthouse", "num_inference_steps": 4, "num_outputs": 2, "seed": 7, "output_format": "png"}
    }
    assert (call.headers["Authorization"], call.headers["Cancel-After"]) == (f"Bearer {TOKEN}", "90s")
    assert job.id == fake.last()["id"]
    assert TOKEN not in json.dumps(job.data)


@pytest.mark.parametrize("model", ["acme/painter", f"acme/painter:{VERSION}"])
async def test_any_other_model_is_run_by_its_version(fake, open_replicate, ask, model):
    async with open_replicate(model=model) as replicate:
        await replicate.submit(ask(replicate), KEY)
    [call] = fake.calls("POST *")
    assert (call.path, call.json["version"]) == ("/v1/predictions", VERSION)
    assert "Cancel-After" not in call.headers


async def test_a_deployment_is_run_by_its_name(fake, open_replicate, ask):
    async with open_replicate(model="deployments/acme/fast") as replicate:
        await replicate.submit(ask(replicate, params={"steps": 4}), KEY)
    [call] = fake.calls("POST *")
    assert (call.path, call.json) == (
        "/v1/deployments/acme/fast/predictions",
        {"input": {"prompt": "a lighthouse", "num_inference_steps": 4}},
    )


@pytest.mark.parametrize(("url", "is_sent"), [("https://sl.example/w/1", True), ("http://sl.example/w/1", False), (None, False)])
async def test_webhooks_are_asked_for_where_they_can_come(fake, open_replicate, ask, url, is_sent):
    async with open_replicate(webhooks=lambda key: url) as replicate:
        await replicate.submit(ask(replicate), KEY)
    body = fake.calls("POST *")[0].json
    assert body.get("webhook") == (url if is_sent else None)
    assert body.get("webhook_events_filter") == (["start", "output", "completed"] if is_sent else None)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answers(401, {"title": "Unauthenticated", "detail": "no"}), ProviderAuth),
        (Answers(403, {"detail": "no"}), ProviderAuth),
        (Answers(402, {"title": "Insufficient credit", "detail": "pay"}), ProviderQuota),
        (Answers(404, {"detail": "no"}), Rejected),
        (Answers(413, "too large"), InvalidParams),
        (Answers(422, {"title": "Invalid version or not permitted", "detail": "no"}), Rejected),
        (Answers(302, headers={"Location": "/elsewhere"}), Rejected),
        (Answers(503, "<html>"), ProviderUnavailable),
        (Answers(503, {"id": "7"}), OutcomeUnknown),
        (Answers(500, {"detail": "no"}), OutcomeUnknown),
        (Answers(502, "<html>", is_done=True), OutcomeUnknown),
        (Answers(504), OutcomeUnknown),
        (Answers(200, {"detail": "an error inside"}), OutcomeUnknown),
        (Answers(201, "[]"), OutcomeUnknown),
        (Answers(201, "[" * 100_000), OutcomeUnknown),
        (Answers(204), OutcomeUnknown),
        (Answers(408, "<html>"), OutcomeUnknown),
        (Answers(201, {"id": "../../models"}), OutcomeUnknown),
        (Halves(), OutcomeUnknown),
        (Breaks(20), OutcomeUnknown),
        (Resets(is_done=True), OutcomeUnknown),
    ],
)
async def test_an_answer_means_what_it_says(fake, open_replicate, ask, answer, kind):
    fake.weather(answer, on=CREATE)
    await refused(open_replicate, ask, kind)
    assert len(fake.calls("POST *")) == 1, "nobody repeats a submission, nor follows it elsewhere"
    assert len(fake.calls("* /elsewhere")) == 0


async def test_a_wrong_content_type_is_no_reason_to_lose_a_prediction(fake, open_replicate, ask):
    fake.weather(Wraps(headers={"Content-Type": "text/html"}), on=CREATE)
    async with open_replicate() as replicate:
        assert (await replicate.submit(ask(replicate), KEY)).id == fake.last()["id"]


async def test_a_refused_input_is_named_as_callers_call_it(fake, open_replicate, ask):
    fields = [
        {"type": "required", "field": "input.prompt", "description": "prompt is required"},
        {"type": "max", "field": "input.num_inference_steps", "description": "too many"},
        {"type": "x", "field": "input.output_format.0", "description": ""},
        {"type": "x", "field": "webhook", "description": "must be https"},
        "garbage",
    ]
    fake.weather(Answers(422, {"title": "Input validation failed", "invalid_fields": fields}), on=CREATE)
    assert str(await refused(open_replicate, ask, InvalidParams)) == (
        "prompt: prompt is required; params.steps: too many; options.outputFormat.0: not taken; webhook: must be https"
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"detail": "- input.num_inference_steps: too many\n- input: odd\n"}, "params.steps: too many; input: odd"),
        ({"title": "Input validation failed", "detail": "no"}, "input: Input validation failed: no"),
        ({"invalid_fields": "x"}, "input: it gave no reason"),
        ("<html>", "input: it gave no reason"),
    ],
)
async def test_a_refused_input_is_named_as_well_as_can_be(fake, open_replicate, ask, body, sentence):
    fake.weather(Answers(422, body), on=CREATE)
    assert str(await refused(open_replicate, ask, InvalidParams)) == sentence


async def test_when_to_come_back_is_read_from_head_date_and_prose(fake, open_replicate, ask):
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    for weather, least, most in (
        (throttled(12), 12, 12),
        (throttled(30, is_said_in_header=False), 30, 30),
        (Answers(429, {"detail": "Expected available in 1 second."}), 1, 1),
        (Answers(429, headers={"Retry-After": later}), 80, 91),
    ):
        fake.clear()
        fake.weather(weather, on=CREATE)
        assert least <= (await refused(open_replicate, ask, ProviderRateLimited)).retry_after_seconds <= most


async def test_a_refused_connection_means_that_nothing_was_sent(fake, open_replicate, ask):
    async with open_replicate() as replicate, fake.refusing():
        with pytest.raises(NotSent):
            await replicate.submit(ask(replicate), KEY)


async def test_a_create_never_takes_a_connection_that_was_kept(fake, open_replicate, ask):
    async with open_replicate() as replicate:
        job = await replicate.submit(ask(replicate), KEY)
        await replicate.poll(job)
        await replicate.poll(job)
        await replicate.submit(ask(replicate), "f" * 32)
    looks, creates = ({call.connection for call in fake.calls(on)} for on in ("GET *", CREATE))
    assert len(looks) == 1
    assert len(creates) == 2
    assert not looks & creates, "it may have died unheard, and then nobody knew what became of the create"


async def test_large_files_go_by_url(fake, open_replicate, ask):
    small, large = "data:image/png;base64," + "A" * 10, "data:image/png;base64," + "A" * 300
    async with open_replicate(data_url_bytes=100) as replicate:
        await replicate.submit(ask(replicate, params={"image": small}), KEY)
        with pytest.raises(InvalidParams, match=r"^params\.image: a data: URL may have 100 bytes"):
            await replicate.submit(ask(replicate, params={"image": large}), KEY)
    assert len(fake.predictions) == 1


async def test_a_model_cannot_be_chosen(open_replicate, ask):
    async with open_replicate() as replicate:
        with pytest.raises(InvalidInput, match="no models to choose from @ model"):
            ask(replicate, model="acme/other")


@pytest.mark.parametrize("settings", [{"fixed": {"output_format": "png"}}, {"inputs": {"strength": "guidance_scale"}}])
async def test_the_operator_settles_and_maps(fake, open_replicate, ask, settings):
    async with open_replicate(**settings) as replicate:
        params = {"strength": 0.5} if "inputs" in settings else {}
        await replicate.submit(ask(replicate, params=params), KEY)
    expected = {"guidance_scale": 0.5} if "inputs" in settings else settings["fixed"]
    assert fake.last()["input"] == {"prompt": "a lighthouse", **expected}
