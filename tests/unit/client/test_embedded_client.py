"""The service inside the process gives what it gives over HTTP."""

import asyncio

import pytest

from safelight.client.base import has_ended, version_of
from safelight.client.embedded import EmbeddedClient
from safelight.client.http import HttpClient
from safelight.config.model import Config, Data, JournalSettings, Server
from safelight.errors import InvalidInput, NotFound, ProviderUnknown
from safelight.web.serving import listening

BODY = {"prompt": "a lighthouse", "providerId": "simulator", "options": {"seconds": 0}, "ref": "mine"}


@pytest.fixture
def config(tmp_path):
    return Config(
        data=Data(folder=str(tmp_path / "data"), min_free_bytes=0),
        journal=JournalSettings(engine="memory"),
        server=Server(port=0),
    )


@pytest.fixture(params=["embedded", "http"])
async def client(request, config):
    if request.param == "embedded":
        async with EmbeddedClient(config) as embedded:
            yield embedded
    else:
        async with listening(config) as service, HttpClient(f"http://127.0.0.1:{service.port}") as far:
            yield far


async def ended(client, body=BODY):
    made = await client.create(body)
    return made, [snapshot async for snapshot in client.watch(made, on_lost=pytest.fail)]


async def test_watching_shows_newer_and_newer_snapshots_up_to_the_end(client):
    made, seen = await ended(client)
    assert [has_ended(snapshot) for snapshot in seen] == [False] * (len(seen) - 1) + [True]
    versions = [version_of(snapshot) for snapshot in seen]
    assert versions == sorted(set(versions))
    assert seen[-1]["outcome"] == "succeeded"
    assert await client.find(made) == seen[-1]


async def test_watching_what_has_ended_shows_the_end(client):
    made, seen = await ended(client)
    assert [snapshot async for snapshot in client.watch(made, on_lost=pytest.fail)] == seen[-1:]


async def test_snapshot_that_was_read_and_then_told_is_shown_once(config, monkeypatch):
    """Subscribed first and read second: what was published in between is already in what was read."""
    async with EmbeddedClient(config) as client:
        script = [{"do": "progress", "fraction": 0.5}, {"do": "wait", "seconds": 0.5}, {"do": "output", "width": 8, "height": 8}]
        made = await client.create({**BODY, "options": {"script": script}})
        read = client._status

        async def read_late(generation_id):
            async with asyncio.timeout(10):
                while client._core.hub.newest(generation_id).progress != 50:  # noqa: ASYNC110 - a hub tells viewers, and that is what is tested
                    await asyncio.sleep(0)
            return await read(generation_id)

        monkeypatch.setattr(client, "_status", read_late)
        seqs = [snapshot["seq"] async for snapshot in client.watch(made, on_lost=pytest.fail)]
    assert seqs == sorted(set(seqs))


async def test_output_comes_whole(client):
    _, (*_, end) = await ended(client)
    content = b"".join([chunk async for chunk in client.read(end["output"][0])])
    assert len(content) == end["outputs"][0]["bytes"]


async def test_list_goes_from_page_to_page(client):
    made = [(await ended(client))[0] for _ in range(3)]
    first = await client.listing(limit=2)
    second = await client.listing(limit=2, cursor=first.next)
    assert [one["sessionId"] for one in (*first.snapshots, *second.snapshots)] == made[::-1]
    assert second.next is None
    assert (await client.listing(limit=2, ref="not mine")).snapshots == ()
    assert (await client.listing(limit=9, states=["failed"])).snapshots == ()


async def test_cancel_is_asked_for(client):
    made = await client.create({**BODY, "options": {"seconds": 60}})
    await client.cancel(made)
    seen = [snapshot async for snapshot in client.watch(made, on_lost=pytest.fail)]
    assert seen[-1]["outcome"] == "canceled"


async def test_providers_are_described(client):
    described = {one["providerId"]: one for one in await client.providers()}
    assert described["sketch"]["default"] is True
    assert "script" in described["simulator"]["options"]["properties"]


async def test_refusals_have_their_words(client):
    from safelight.client.base import code_of
    from safelight.errors import SafelightError

    async def word(call):
        with pytest.raises(SafelightError) as refused:
            await call
        return code_of(refused.value)

    assert await word(client.create({"prompt": " "})) == InvalidInput.code
    assert await word(client.create({"prompt": "x", "providerId": "nobody"})) == ProviderUnknown.code
    assert await word(client.find("0" * 32)) == NotFound.code
    assert await word(client.find("nonsense")) == NotFound.code
    assert await word(anext(client.read("/v1/outputs/x/y.png"))) == NotFound.code
