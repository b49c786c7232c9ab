"""Cog calls us: the job is looked at, and the one copy of its result that there is after the end is not lost."""

import json

import pytest

from safelight.providers import Failed, Logged, Produced, Progressed, Started, Succeeded, Unsupported, WebhookRefused
from safelight.testing import open_provider
from safelight_cog.provider import Cog

KEY = "0123456789abcdef0123456789abcdef"
PNG = "data:image/png;base64,iVBORw0KGgo="
ENDED = {"id": KEY, "status": "succeeded", "output": [PNG], "logs": "done\n", "metrics": {"progress": 1.0}}
URL = f"https://images.example/v1/webhooks/cog/{KEY}"


def raw(prediction):
    return json.dumps(prediction).encode()


@pytest.fixture
def open_called(fake, tmp_path):
    """A provider whose Cog server can reach the service."""
    maker = f"{URL.removesuffix(KEY)}{{}}".format
    return lambda **settings: open_provider(Cog, tmp_path, {"url": fake.url, **settings}, webhooks=maker)


@pytest.fixture
async def lasting(fake, open_called, ask):
    """A provider with a job that lives in the server alone."""
    async with open_called(mode="async", reconnect_seconds=0.2) as cog:
        yield cog, await cog.submit(ask(cog), KEY)


@pytest.mark.parametrize("mode", ["async", "held"])
async def test_cog_is_told_whom_to_call_and_about_what(fake, open_called, ask, mode):
    async with open_called(mode=mode) as cog:
        await cog.submit(ask(cog), KEY)
    [body] = [body for method, _, body, _ in fake.asked if method == "PUT" and isinstance(body["input"], dict)]
    assert (body["webhook"], body["webhook_events_filter"]) == (URL, ["start", "completed"])


async def test_without_a_way_to_us_nobody_is_told(fake, open_cog, ask):
    async with open_cog(mode="async") as cog:
        await cog.submit(ask(cog), KEY)
    assert all("webhook" not in body for _, _, body, _ in fake.asked)


async def test_a_look_shows_where_a_job_stands_but_for_its_log(fake, lasting):
    cog, job = lasting
    fake.running[KEY] |= {"metrics": {"progress": 0.5}, "logs": "loading\n 50%|#####     | 1/2 \n", "output": [PNG]}
    said = await cog.poll(job)
    assert said[0] == Started()
    assert Progressed(0.5) in said
    assert said[-1] == Produced(PNG, name="0.0")
    assert not any(isinstance(update, Logged) for update in said)
    assert len(fake.started) == 1, "a look starts nothing"


async def test_after_the_end_a_look_says_nothing_rather_than_that_it_failed(fake, lasting):
    cog, job = lasting
    del fake.running[KEY]
    assert await cog.poll(job) == ()


async def test_an_end_that_cog_called_about_is_told_by_the_next_look_without_asking(fake, lasting):
    cog, job = lasting
    await cog.webhook(raw(ENDED), {})
    asked = len(fake.asked)
    assert await cog.poll(job) == [Progressed(1.0), Produced(PNG, name="0.0"), Succeeded()]
    assert len(fake.asked) == asked


async def test_a_job_that_ended_while_nobody_listened_ends_as_cog_called(fake, open_called):
    async with open_called(mode="async", reconnect_seconds=5) as cog:
        job = cog._job(KEY)
        watching = cog.watch(job)
        cog._calls.expect(KEY)
        await cog.webhook(raw(ENDED), {})
        said = [update async for update in watching]
    assert [update for update in said if not isinstance(update, Logged)] == [
        Progressed(1.0),
        Produced(PNG, name="0.0"),
        Succeeded(),
    ]
    assert fake.started == []


@pytest.mark.parametrize(
    "said", [b"", b"{", b"[]", b"null", raw({**ENDED, "id": "another"}), raw({**ENDED, "status": "processing"})]
)
async def test_a_call_that_tells_no_end_is_a_call_and_no_more(lasting, heard, fake, said):
    cog, job = lasting
    await cog.webhook(said, {})
    del fake.running[KEY]
    assert await cog.poll(job) == ()
    assert isinstance((await heard(cog, job))[-1], Failed)


async def test_the_first_end_counts(lasting):
    cog, job = lasting
    await cog.webhook(raw(ENDED), {})
    await cog.webhook(raw({**ENDED, "status": "failed", "error": "late"}), {})
    assert (await cog.poll(job))[-1] == Succeeded()


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "s3cr3t"}, {"Authorization": "\udcff"}]
)
async def test_a_call_without_the_token_is_refused(fake, open_called, headers):
    async with open_called(webhook_token="s3cr3t") as cog:
        with pytest.raises(WebhookRefused):
            await cog.webhook(raw(ENDED), headers)
        await cog.webhook(raw(ENDED), {"Authorization": "Bearer s3cr3t"})


async def test_what_is_no_longer_watched_is_no_longer_kept(lasting, heard, fake):
    cog, job = lasting
    del fake.running[KEY]
    await heard(cog, job)
    await cog.webhook(raw(ENDED), {})
    assert cog._calls._ends == {}
    with pytest.raises(Unsupported):
        await cog.poll(job)
