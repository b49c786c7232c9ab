"""Jobs that live as long as the call that started them."""

import asyncio

import pytest
from aiohttp import web

from safelight.providers import Canceled, Failed, Job, Produced, Progressed, ProviderUnavailable, Started, Succeeded

KEY = "0123456789abcdef0123456789abcdef"


class Painter:
    """A model at work: it shows where it stands until it is told how it ends, and is canceled when nobody holds the line."""

    def __init__(self, fake):
        self._fake = fake
        self.is_at_work = asyncio.Event()
        self._end = asyncio.Event()
        self.is_canceled = asyncio.Event()
        fake.on_put = self.paint

    async def paint(self, request, key):
        self._fake.running[key] = {"id": key, "status": "processing", "metrics": {"progress": 0.5}, "logs": "half way\n"}
        self.is_at_work.set()
        try:
            await self._end.wait()
        except asyncio.CancelledError:
            self.is_canceled.set()
            raise
        finally:
            self._fake.running.pop(key, None)
        return self._answer

    def ends(self, **prediction):
        self._answer = web.json_response({"id": KEY, **prediction})
        self._end.set()

    def breaks(self):
        self._answer = web.Response(status=502)
        self._end.set()


@pytest.fixture
def painter(fake):
    return Painter(fake)


async def watched(cog, job, *, until=None, then=None):
    """Return everything said; when an update of this kind comes, do something."""
    said = []
    async for update in cog.watch(job):
        said.append(update)
        if until is not None and isinstance(update, until):
            then()
            until = None
    return said


async def test_progress_is_looked_up_while_the_call_brings_the_end(fake, painter, open_cog, ask):
    async with open_cog(mode="held") as cog:
        job = await cog.submit(ask(cog), KEY)
        end = {"status": "succeeded", "output": "data:image/png;base64,AA==", "logs": ""}
        said = await watched(cog, job, until=Progressed, then=lambda: painter.ends(**end))
    assert said[0] == Started()
    assert Progressed(0.5) in said
    assert said[-2:] == [Produced("data:image/png;base64,AA==", name="0.0"), Succeeded()]
    assert len(fake.started) == 1
    assert fake.asked[0][3].get("Prefer") is None, "the call itself brings the result"


async def test_a_job_that_ends_before_anybody_could_look_is_not_lost(fake, open_cog, ask, heard):
    async def at_once(request, key):
        return web.json_response({"id": key, "status": "failed", "error": "Prediction failed: ValueError: no", "logs": ""})

    fake.on_put = at_once
    async with open_cog(mode="held") as cog:
        job = await cog.submit(ask(cog), KEY)
        assert await heard(cog, job) == [Failed("ValueError: no")]


async def test_a_canceled_job_says_so_itself(painter, open_cog, ask):
    async with open_cog(mode="held") as cog:
        job = await cog.submit(ask(cog), KEY)
        assert await cog.cancel(job) == "requested"
        painter.ends(status="canceled")
        assert (await watched(cog, job))[-1] == Canceled()


async def test_a_line_that_breaks_takes_the_job_with_it(painter, open_cog, ask):
    async with open_cog(mode="held") as cog:
        job = await cog.submit(ask(cog), KEY)
        painter.breaks()
        failed = (await watched(cog, job))[-1]
    assert (failed.code, failed.retryable) == ("provider_unavailable", True)


async def test_whoever_stops_watching_lets_go_of_the_job(painter, open_cog, ask):
    async with open_cog(mode="held") as cog:
        watch = cog.watch(await cog.submit(ask(cog), KEY))
        await anext(watch)
        await watch.aclose()
        async with asyncio.timeout(10):
            await painter.is_canceled.wait()


async def test_a_submission_that_is_given_up_lets_go_of_the_job(fake, painter, open_cog, ask):
    async with open_cog(mode="held") as cog:

        async def never(key):
            await asyncio.Event().wait()

        cog._server.look = never
        submission = asyncio.create_task(cog.submit(ask(cog), KEY))
        async with asyncio.timeout(10):
            await painter.is_at_work.wait()
        submission.cancel()
        with pytest.raises(asyncio.CancelledError):
            await submission
        async with asyncio.timeout(10):
            await painter.is_canceled.wait()


async def test_a_job_of_an_earlier_life_is_gone(open_cog, heard):
    async with open_cog(mode="held") as cog:
        [failed] = await heard(cog, Job(KEY, {"v": 1, "is_lasting": False}))
    assert (failed.code, failed.retryable) == ("provider_unavailable", True)


async def test_a_call_that_says_nothing_of_a_job_that_is_gone_is_given_up(fake, painter, open_cog, ask):
    async with open_cog(mode="held", reconnect_seconds=0) as cog:
        job = await cog.submit(ask(cog), KEY)
        fake.running.clear()
        with pytest.raises(ProviderUnavailable):
            async with asyncio.timeout(10):
                await watched(cog, job)
