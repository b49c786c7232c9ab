"""Watching a job that lives in the server: the stream breaks, comes back, and every picture is told once."""

import asyncio
import re

import pytest

from safelight.providers import (
    Canceled,
    Failed,
    Noted,
    Produced,
    Progressed,
    ProviderProtocol,
    ProviderUnavailable,
    Started,
    Succeeded,
)

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def submitted(fake, open_cog, ask):
    """A provider with a job handed in, told as the parts say, one per connection."""

    async def run(provider, *parts):
        fake.story = list(parts)
        return await provider.submit(ask(provider), KEY)

    return run


def parts_of(text, *cuts):
    """Cut a recorded story at its nth events: each part is told from the beginning."""
    blocks = text.split("\n\n")
    return ["\n\n".join(blocks[:cut]) + "\n\n" for cut in cuts] + [text]


async def test_a_recorded_success_is_watched_to_its_end(submitted, open_cog, heard, recorded):
    async with open_cog() as cog:
        said = await heard(cog, await submitted(cog, recorded("success")))
    assert said[0] == Started()
    assert said[-1] == Succeeded()
    assert sum(isinstance(update, Produced) for update in said) == 2
    assert max(update.fraction or 0 for update in said if isinstance(update, Progressed)) == 1.0


@pytest.mark.parametrize(("name", "kind"), [("failed", Failed), ("canceled", Canceled)])
async def test_recorded_ends_are_told(submitted, open_cog, heard, recorded, name, kind):
    async with open_cog() as cog:
        assert type((await heard(cog, await submitted(cog, recorded(name))))[-1]) is kind


async def test_pictures_alike_in_every_byte_are_as_many_outputs_though_the_story_is_told_again(fake, open_whole, recorded):
    story = recorded("success")
    one, two = dict.fromkeys(re.findall(r"data:image/png;base64,[^\"]+", story))
    fake.story = parts_of(story.replace(two, one), 12)
    async with open_whole() as service:
        end = await service.run()
    assert end.outcome == "succeeded"
    assert len({output.url for output in end.outputs}) == 2
    assert len({output.sha256 for output in end.outputs}) == 1


async def test_a_stream_that_breaks_is_made_again_and_no_picture_told_twice(fake, submitted, open_cog, heard, recorded):
    async with open_cog() as cog:
        said = await heard(cog, await submitted(cog, *parts_of(recorded("success"), 7, 9)))
    assert sum(isinstance(update, Noted) for update in said) == 2
    assert sum(isinstance(update, Produced) for update in said) == 2
    assert said[-1] == Succeeded()
    assert len(fake.started) == 1, "looking for a job again starts nothing"


async def test_a_stream_that_breaks_inside_an_event_is_made_again(submitted, open_cog, heard, recorded):
    text = recorded("success")
    async with open_cog() as cog:
        said = await heard(cog, await submitted(cog, text[: text.index("iVBOR") + 20], text))
    assert sum(isinstance(update, Produced) for update in said) == 2


async def test_a_silent_stream_shows_signs_of_life(submitted, open_cog, heard):
    async with open_cog() as cog:
        story = ': keep-alive\n\nevent: completed\ndata: {"status": "succeeded"}\n\n'
        assert await heard(cog, await submitted(cog, story)) == [Started(), Succeeded()]


async def test_a_job_that_ends_before_anybody_came_to_watch_is_heard_all_the_same(fake, submitted, open_cog, heard, recorded):
    async with open_cog() as cog:
        job = await submitted(cog, recorded("failed"))
        fake.running.clear()
        assert (await heard(cog, job))[-1].code == "content_policy"


async def test_a_job_that_nobody_comes_to_watch_leaves_no_connection_behind(fake, submitted, open_cog):
    fake.is_endless = True
    async with open_cog() as cog:
        await submitted(cog, "event: start\ndata: {}\n\n")
        connector = cog.resources.session.connector
        assert len(connector._acquired) == 1
        await cog.__aexit__()
        assert len(connector._acquired) == 0


async def test_a_job_that_ended_while_nobody_listened_is_said_to_be_gone(fake, submitted, open_cog, heard):
    async with open_cog() as cog:
        job = await submitted(cog, "")
        fake.running.clear()
        *_, failed = await heard(cog, job)
    assert (failed.code, failed.retryable, failed.charged) == ("output_unavailable", True, None)
    assert len(fake.started) == 1


async def test_a_job_of_a_server_that_was_restarted_is_said_to_be_gone_with_it(fake, submitted, open_cog, heard):
    async with open_cog() as cog:
        job = await submitted(cog, "")
        fake.running.clear()
        fake.health = fake.health | {"setup": {"started_at": "2026-11-24T00:00:00Z"}}
        *_, failed = await heard(cog, job)
    assert failed.code == "provider_unavailable"


async def test_a_server_that_stays_out_of_reach_is_given_up_in_time(submitted, open_cog, heard, unused_tcp_port):
    async with open_cog(reconnect_seconds=0.3) as cog:
        job = await submitted(cog, "")
        cog._server._url = cog._server._url.with_port(unused_tcp_port)
        with pytest.raises(ProviderUnavailable, match="lost from sight"):
            async with asyncio.timeout(10):
                await heard(cog, job)


@pytest.mark.parametrize(
    "nonsense", ["event: log\ndata: {half\n\n", "event: log\ndata: null\n\n", "event: output\ndata: [1]\n\n"]
)
async def test_an_event_that_makes_no_sense_is_named_and_the_job_goes_on(submitted, open_cog, heard, nonsense):
    async with open_cog() as cog:
        logged, ended = await heard(cog, await submitted(cog, nonsense + 'event: completed\ndata: {"status": "succeeded"}\n\n'))
    assert (logged.level, ended) == ("warning", Succeeded())


@pytest.mark.parametrize("status", [302, 404, 408, 429, 500, 502, 503])
async def test_an_answer_in_place_of_the_stream_ends_nothing(fake, submitted, open_cog, heard, status):
    async with open_cog() as cog:
        job = await submitted(cog, "", 'event: completed\ndata: {"status": "succeeded"}\n\n')
        fake.refusals = [status]
        assert (await heard(cog, job))[-1] == Succeeded()
    assert fake.refusals == []


@pytest.mark.parametrize(
    "story",
    [
        'event: completed\ndata: {"status": "exploded"}\n\n',
        "event: completed\ndata: {half\n\n",
    ],
)
async def test_an_end_that_makes_no_sense_ends_the_watch_by_name(submitted, open_cog, heard, story):
    async with open_cog() as cog:
        with pytest.raises(ProviderProtocol):
            await heard(cog, await submitted(cog, story))


async def test_whoever_stops_watching_leaves_no_connection_behind(fake, submitted, open_cog):
    fake.is_endless = True
    async with open_cog() as cog:
        watch = cog.watch(await submitted(cog, "event: start\ndata: {}\n\n"))
        assert await anext(watch) == Started()
        await watch.aclose()
        assert len(cog.resources.session.connector._acquired) == 0
