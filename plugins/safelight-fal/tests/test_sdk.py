"""The vendor's own client completes against the script that all other tests here stand on."""

import fal_client
import pytest

from safelight_fal.testing import ENDPOINT, KEY, throttled


@pytest.fixture
def sdk(fake, monkeypatch):
    """fal-client, which has https built in, pointed at the fake."""
    monkeypatch.setattr(fal_client.client, "QUEUE_URL_FORMAT", f"{fake.url}/")
    return fal_client.AsyncClient(key=KEY)


async def test_success(fake, sdk):
    handle = await sdk.submit(ENDPOINT, {"prompt": "a lighthouse", "num_images": 2}, webhook_url="https://a.example/hook?j=1")
    seen = [event async for event in handle.iter_events(with_logs=True, interval=0.01)]
    assert [type(event) for event in seen] == [
        fal_client.Queued,
        fal_client.InProgress,
        fal_client.InProgress,
        fal_client.Completed,
    ]
    assert seen[0].position == 1
    assert [len(event.logs) for event in seen[1:]] == [1, 3, 3]
    result = await handle.get()
    assert [image["content_type"] for image in result["images"]] == ["image/png", "image/png"]
    assert (fake.last().webhook, fake.last().input["prompt"]) == ("https://a.example/hook?j=1", "a lighthouse")


async def test_failure_of_the_model(fake, sdk):
    detail = [{"loc": ["body", "prompt"], "msg": "It cannot be processed.", "type": "content_policy_violation"}]
    fake.result = (422, {"detail": detail}, {"X-Fal-Retryable": "false"})
    with pytest.raises(fal_client.FalClientHTTPError) as error:
        await sdk.subscribe(ENDPOINT, {"prompt": "x"}, interval=0.01)
    assert (error.value.status_code, error.value.message) == (422, detail)


async def test_failure_of_the_machines(fake, sdk):
    fake.plot = [{"status": "COMPLETED", "error": "Request timed out", "error_type": "request_timeout"}]
    handle = await sdk.submit(ENDPOINT, {"prompt": "x"})
    completed = await handle.status(with_logs=True)
    assert (completed.error, completed.error_type) == ("Request timed out", "request_timeout")
    with pytest.raises(fal_client.FalClientHTTPError) as error:
        await handle.get()
    assert error.value.error_type == "request_timeout"


async def test_cancel(fake, sdk):
    fake.plot = [{"status": "IN_PROGRESS"}]
    handle = await sdk.submit(ENDPOINT, {"prompt": "x"})
    await handle.status()
    await handle.cancel()
    assert (await handle.status()).error_type == "client_cancelled"
    with pytest.raises(fal_client.FalClientHTTPError) as error:
        await handle.cancel()
    assert error.value.status_code == 400


async def test_rate_limit(fake, sdk):
    fake.weather(throttled(), on="POST *", times=2)
    await sdk.submit(ENDPOINT, {"prompt": "x"})
    assert (len(fake.calls("POST *")), len(fake.jobs)) == (3, 1)


async def test_a_wrong_key(fake, sdk):
    with pytest.raises(fal_client.FalClientHTTPError) as error:
        await fal_client.AsyncClient(key="other:key").submit(ENDPOINT, {"prompt": "x"})
    assert (error.value.status_code, fake.jobs) == (401, {})
