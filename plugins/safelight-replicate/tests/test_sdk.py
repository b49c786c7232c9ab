"""The fake is Replicate's API as far as Replicate's own client library can tell."""

import httpx
import pytest
from replicate import Client
from replicate.exceptions import ModelError, ReplicateError
from replicate.webhook import InvalidSignatureError, Webhooks, WebhookSigningSecret

from safelight_replicate.testing import PNG, TOKEN, VERSION, throttled


@pytest.fixture
def client(fake):
    made = Client(api_token=TOKEN, base_url=fake.url)
    made.poll_interval = 0.0
    return made


async def created(client, **more):
    return await client.models.predictions.async_create(model="acme/lighthouse", input={"prompt": "dusk"}, **more)


async def test_it_completes_a_success(fake, client):
    prediction = await created(client)
    assert prediction.status == "starting"
    seen = []
    while prediction.status not in {"succeeded", "failed", "canceled"}:
        await prediction.async_reload()
        seen.append((prediction.status, bool(prediction.progress), bool(prediction.output)))
    assert seen == [
        ("starting", False, False),
        ("processing", True, False),
        ("processing", True, True),
        ("succeeded", True, True),
    ]
    assert (prediction.version, prediction.error, prediction.metrics["predict_time"]) == ("hidden", None, 1.5)
    async with httpx.AsyncClient() as plain:
        assert (await plain.get(prediction.output[0])).content == PNG


async def test_it_runs_a_model(fake, client):
    assert await client.async_run("acme/lighthouse", {"prompt": "dusk"}, wait=False) == fake.last()["output"]


async def test_it_runs_a_version_and_a_deployment(fake, client):
    prediction = await client.predictions.async_create(version=VERSION, input={"prompt": "dusk"})
    await prediction.async_wait()
    assert (prediction.status, prediction.version) == ("succeeded", VERSION)
    prediction = await client.deployments.predictions.async_create(deployment="acme/fast", input={"prompt": "dusk"})
    await prediction.async_wait()
    assert prediction.status == "succeeded"


async def test_it_completes_a_failure(fake, client):
    fake.plot = [{"status": "processing"}, {"status": "failed", "error": "NSFW content detected"}]
    with pytest.raises(ModelError, match="NSFW content detected"):
        await client.async_run("acme/lighthouse", {"prompt": "dusk"}, wait=False)


async def test_it_completes_a_cancel(fake, client):
    prediction = await created(client)
    await prediction.async_cancel()
    assert prediction.status == "canceled"
    assert prediction.completed_at
    await prediction.async_cancel()
    assert prediction.status == "canceled"


async def test_it_is_throttled_and_then_let_in(fake, client):
    fake.weather(throttled(12), on="POST *", times=1)
    fake.weather(throttled(0), on="GET /v1/predictions/*", times=2)
    with pytest.raises(ReplicateError) as refused:
        await created(client)
    assert (refused.value.status, refused.value.detail) == (429, "Request was throttled. Your rate limit resets in ~12s.")
    prediction = await created(client)
    await prediction.async_wait()
    assert prediction.status == "succeeded"


async def test_it_reads_errors(fake, client):
    for model, asked, status, title in (
        ("acme/lighthouse", {}, 422, "Input validation failed"),
        ("acme/nobody", {"prompt": "dusk"}, 404, "Not found"),
        ("acme/painter", {"prompt": "dusk"}, 404, "Not found"),
    ):
        with pytest.raises(ReplicateError) as refused:
            await client.models.predictions.async_create(model=model, input=asked)
        assert (refused.value.status, refused.value.title) == (status, title)
    with pytest.raises(ReplicateError) as refused:
        await Client(api_token="r8_other", base_url=fake.url).models.async_get("acme/lighthouse")
    assert refused.value.status == 401


async def test_it_reads_models_lists_and_a_genuine_webhook(fake, client):
    model = await client.models.async_get("acme/lighthouse")
    assert model.latest_version.openapi_schema["components"]["schemas"]["Input"]["required"] == ["prompt"]
    fake.page_size = 2
    made = [await created(client) for _ in range(3)]
    first = await client.predictions.async_list()
    second = await client.predictions.async_list(cursor=first.next)
    assert [it.id for it in (*first, *second)] == [it.id for it in reversed(made)]
    assert first.results[0].input == {"prompt": "dusk"}
    secret = await client.webhooks.default.async_secret()
    raw, headers = fake.signed(made[0].id)
    Webhooks.validate(headers=headers, body=raw.decode(), secret=secret, tolerance=300)
    with pytest.raises(InvalidSignatureError):
        Webhooks.validate(headers=headers, body=raw.decode(), secret=WebhookSigningSecret(key="whsec_AAAA"))
