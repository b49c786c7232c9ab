"""The benchmark's provider says what a row wants, through the service as it is."""

import asyncio
from urllib.request import Request, urlopen

import pytest

from bench.places import ROOT
from safelight.config.model import Config, Data, Instance, JournalSettings, Streams
from safelight.core import Safelight
from safelight.generation import ANONYMOUS, Draft
from safelight.plugins import Discovery, Offer


@pytest.fixture
async def core(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "bench" / "provider"))
    from safelight_bench.provider import Bench

    config = Config(
        data=Data(folder=str(tmp_path)),
        journal=JournalSettings(engine="memory"),
        default_provider="bench",
        providers={"bench": Instance(plugin="bench")},
        streams=Streams(progress_seconds=0),
    )
    offer = Offer(cls=Bench, plugin="bench", distribution="safelight-bench", version="1.0")
    async with Safelight(config, discovery=Discovery(providers={"bench": offer})) as core:
        yield core


@pytest.fixture
def desk(tmp_path, core):
    """Ask the desk; return its answer's code and body."""
    port = (tmp_path / "providers" / "bench" / "port").read_text().strip()

    async def ask(path, body=None):
        def call():
            with urlopen(
                Request(f"http://127.0.0.1:{port}{path}", data=body, method="GET" if body is None else "POST")
            ) as answer:
                return answer.status, answer.read()

        return await asyncio.to_thread(call)

    return ask


async def started(core, **options):
    return (await core.create(Draft(prompt="a lighthouse", options=options), owner=ANONYMOUS)).generation


async def until(core, generation, wanted):
    """Wait for a status that is wanted; return every status up to it."""
    async with asyncio.timeout(20):
        while True:
            statuses = await core.journal.read(generation, None, 10_000)
            if any(map(wanted, statuses)):
                return statuses
            await asyncio.sleep(0.01)


def messages(statuses):
    return list(dict.fromkeys(status.message for status in statuses if status.message))


async def test_fed_run_says_what_the_desk_hears_until_its_end(core, desk):
    generation = await started(core, how="fed", channel=3)
    await until(core, generation, lambda status: status.state == "processing")
    assert await desk("/pub/3", b"t=1 n=0 light") == (204, b"")
    assert await desk("/pub/3", b"t=2 n=1 tide") == (204, b"")
    assert await desk("/end/3", b"") == (204, b"")
    statuses = await until(core, generation, lambda status: status.is_terminal)
    assert messages(statuses)[:2] == ["t=1 n=0 light", "t=2 n=1 tide"]
    assert statuses[-1].state == "succeeded"
    assert await desk("/calls") == (200, b'{"calls": 1}')


async def test_desk_refuses_a_channel_that_nobody_is_on(core, desk):
    with pytest.raises(OSError, match="404"):
        await desk("/pub/9", b"t=1 n=0")


async def test_paced_run_says_its_events_from_the_word_go_and_then_nothing(core, desk):
    generation = await started(core, how="paced", events=5, seconds=0.2, size=60)
    await until(core, generation, lambda status: status.state == "processing")
    await desk("/go", b"")
    said = messages(await until(core, generation, lambda status: " n=4 " in (status.message or "")))
    assert [message.split()[1] for message in said] == ["n=0", "n=1", "n=2", "n=3", "n=4"]
    assert {len(message) for message in said} == {60}


async def test_flood_says_as_much_as_is_taken_and_then_ends(core, desk):
    generation = await started(core, how="flood", seconds=0.2)
    await until(core, generation, lambda status: status.state == "processing")
    await desk("/go", b"")
    statuses = await until(core, generation, lambda status: status.is_terminal)
    assert len(messages(statuses)) > 10
    assert statuses[-1].state == "succeeded"
