"""Each kind of bad weather as a client sees it, and whether the upstream acted."""

import asyncio
import errno
import json

import aiohttp
import pytest
from aiohttp import web

from safelight.testing import Answers, Breaks, Drips, FakeUpstream, Halves, Hangs, NeverEnds, Resets, Wraps

BODY = {"id": "7", "prompt": "a lighthouse at dusk"}


class Lighthouses(FakeUpstream):
    """Counts how often it acted."""

    def __init__(self):
        super().__init__()
        self.done = 0
        self.route("POST", "/jobs", self.create)

    async def create(self, request):
        self.done += 1
        return web.json_response(BODY, status=201)


@pytest.fixture
async def fake():
    async with Lighthouses() as upstream:
        yield upstream


@pytest.fixture
async def post(fake):
    """Ask for a job; return the status, the head and the body."""
    async with aiohttp.ClientSession() as session:

        async def ask():
            async with session.post(fake.url + "/jobs", json={}, allow_redirects=False) as answer:
                return answer.status, answer.headers, await answer.read()

        yield ask


@pytest.mark.parametrize(("body", "sent"), [({"a": 1}, b'{"a": 1}'), ("half {", b"half {"), (b"\xff", b"\xff"), (None, b"")])
async def test_it_answers_something_else(fake, post, body, sent):
    fake.weather(Answers(429, body, headers={"Retry-After": "3"}))
    status, headers, said = await post()
    assert (status, headers["Retry-After"], said, fake.done) == (429, "3", sent, 0)
    assert (headers.get("Content-Type") == "application/json") == isinstance(body, dict)


async def test_it_may_act_and_answer_something_else(fake, post):
    fake.weather(Answers(502, is_done=True))
    assert (await post())[0] == 502
    assert fake.done == 1


async def test_it_sends_elsewhere(fake, post):
    fake.weather(Answers(302, headers={"Location": "http://10.0.0.1/"}))
    status, headers, _ = await post()
    assert (status, headers["Location"]) == (302, "http://10.0.0.1/")


async def test_it_answers_under_another_head(fake, post):
    fake.weather(Wraps(status=203, headers={"Content-Type": "text/html"}))
    status, headers, said = await post()
    assert (status, headers["Content-Type"], json.loads(said)) == (203, "text/html", BODY)


@pytest.mark.parametrize("is_done", [False, True])
async def test_it_hangs_for_as_long_as_the_client_waits(fake, post, is_done):
    fake.weather(Hangs(is_done=is_done))
    asking = asyncio.create_task(post())
    await fake.heard()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asking, 0.05)
    assert fake.done == is_done


@pytest.mark.parametrize("is_done", [False, True])
async def test_it_resets_the_connection_before_a_byte_was_answered(fake, post, is_done):
    fake.weather(Resets(is_done=is_done))
    with pytest.raises(aiohttp.ClientOSError) as error:
        await post()
    assert error.value.errno == errno.ECONNRESET, "by a RST, not by a FIN"
    assert fake.done == is_done


async def test_it_breaks_in_the_middle_of_an_answer(fake, post):
    fake.weather(Breaks(5))
    with pytest.raises(aiohttp.ClientError) as error:
        await post()
    assert not isinstance(error.value, aiohttp.ClientConnectorError)
    assert fake.done == 1


async def test_half_an_answer_looks_whole(fake, post):
    fake.weather(Halves())
    status, _, said = await post()
    whole = json.dumps(BODY).encode()
    assert (status, said) == (201, whole[: len(whole) // 2])


@pytest.mark.looptime
async def test_it_drips(fake, post):
    fake.weather(Drips(pause_seconds=2, piece_bytes=10))
    loop = asyncio.get_running_loop()
    before = loop.time()
    _, headers, said = await post()
    assert json.loads(said) == BODY
    assert headers["Content-Length"] == str(len(said))
    assert loop.time() - before == pytest.approx(2 * -(-len(said) // 10), abs=1)


@pytest.mark.parametrize("claims", [None, 10 * 2**30])
async def test_it_never_ends(fake, claims):
    fake.weather(NeverEnds(claims))
    async with aiohttp.ClientSession() as session, session.post(fake.url + "/jobs") as answer:
        assert answer.content_length == claims
        assert json.loads((await answer.content.readexactly(300_000)).rstrip(b" ")) == BODY


async def test_an_answer_that_is_streamed_cannot_be_changed(fake, post, caplog):
    async def stream(request):
        response = web.StreamResponse()
        await response.prepare(request)
        return response

    fake.route("POST", "/streams", stream)
    fake.weather(Halves())
    async with fake.refusing():
        pass  # listens again, with the new route
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            async with session.post(fake.url + "/streams") as answer:
                await answer.read()
    assert "needs an aiohttp.web.Response" in caplog.text
