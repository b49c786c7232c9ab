"""An upstream for the tests of plugins: what it writes down, and when it is there."""

import asyncio
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import pytest
from aiohttp import web

from safelight.testing import Answers, FakeUpstream, Hangs


class Lighthouses(FakeUpstream):
    def __init__(self):
        super().__init__()
        self.route("POST", "/jobs", self.create)
        self.route("GET", "/jobs/{id}", self.show)

    async def create(self, request):
        return web.json_response({"id": "7", "asked": await request.json()}, status=201)

    async def show(self, request):
        return web.json_response({"id": request.match_info["id"]})


@pytest.fixture
async def fake():
    async with Lighthouses() as upstream:
        yield upstream


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as client:
        yield client


async def test_routes_answer_and_the_ledger_has_every_request(fake, session):
    async with session.post(fake.url + "/jobs?wait=1&wait=2", json={"prompt": "dusk"}, headers={"X-Key": "k"}) as answer:
        assert (answer.status, await answer.json()) == (201, {"id": "7", "asked": {"prompt": "dusk"}})
    async with session.get(fake.url + "/jobs/7") as answer:
        assert await answer.json() == {"id": "7"}
    posted, shown = fake.ledger
    assert (posted.method, posted.path, posted.query, posted.json) == ("POST", "/jobs", {"wait": "1"}, {"prompt": "dusk"})
    assert posted.headers["x-key"] == "k"
    assert fake.calls("GET /jobs/*") == [shown]
    assert 0 <= shown.at - posted.at < 10
    assert shown.connection == posted.connection, "the client keeps its connection"


async def test_what_is_not_there_is_in_the_ledger_all_the_same(fake, session):
    async with session.get(fake.url + "/elsewhere") as answer:
        assert answer.status == 404
    assert [call.path for call in fake.ledger] == ["/elsewhere"]


async def test_weather_is_met_by_the_routes_and_as_often_as_it_was_said(fake, session):
    fake.weather(Answers(503), on="POST *", skip=1, times=2)
    statuses = []
    for _ in range(5):
        async with session.post(fake.url + "/jobs", json={}) as answer:
            statuses.append(answer.status)
        async with session.get(fake.url + "/jobs/7") as answer:
            assert answer.status == 200
    assert statuses == [201, 503, 503, 201, 201]


async def test_weather_clears(fake, session):
    fake.weather(Answers(503))
    fake.clear()
    async with session.get(fake.url + "/jobs/7") as answer:
        assert answer.status == 200


async def test_a_request_can_be_waited_for(fake, session):
    waiting = asyncio.create_task(fake.heard("GET /jobs/2"))
    for number in (1, 2):
        async with session.get(f"{fake.url}/jobs/{number}"):
            pass
    assert (await waiting).path == "/jobs/2"
    assert (await fake.heard("GET *", times=2)).path == "/jobs/2"
    with pytest.raises(TimeoutError):
        await fake.heard("GET *", times=3, within_seconds=0.01)


async def test_connections_are_refused_and_taken_again_at_the_same_place(fake, session):
    async with session.get(fake.url + "/jobs/7"):
        pass
    before = fake.url
    async with fake.refusing():
        with pytest.raises(aiohttp.ClientError):
            await session.post(fake.url + "/jobs", json={})  # on the connection that was kept
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.post(fake.url + "/jobs", json={})
    async with session.get(fake.url + "/jobs/7") as answer:
        assert answer.status == 200
    assert before == fake.url
    assert len(fake.calls("POST *")) == 0


async def test_its_clock_may_be_off(fake, session):
    fake.skew_seconds = -86400
    async with session.get(fake.url + "/jobs/7") as answer:
        off = (parsedate_to_datetime(answer.headers["Date"]) - datetime.now(UTC)).total_seconds()
    assert -86460 < off < -86340


async def test_it_leaves_at_once_though_somebody_hangs(session):
    async with Lighthouses() as fake:
        fake.weather(Hangs())
        asking = asyncio.create_task(session.get(fake.url + "/jobs/7"))
        await fake.heard()
    with pytest.raises(aiohttp.ClientError):
        await asking
