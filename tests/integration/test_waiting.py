"""A create that waits for the end, for callers who want one answer and no stream."""

import asyncio

import pytest

from safelight.config.model import Instance
from safelight.providers import Progressed
from safelight.web.keys import WAITING
from safelight.web.serving import leave_in_order

REPLY = {"success", "sessionId", "providerId", "status", "streamUrl", "urls"}
HALF_AND_NO_FURTHER = [{"do": "started"}, {"do": "progress", "fraction": 0.5}, {"do": "stall"}]


@pytest.fixture
def send(service):
    async def send(prefer, *, path="/v1/generations", headers=()):
        return await service.call("POST", path, {"prompt": "a lighthouse"}, headers=[("Prefer", prefer), *headers])

    return send


async def test_who_prefers_to_wait_is_answered_with_the_end(service, puppet, send, eventually):
    waiting = asyncio.create_task(send("wait=30"))
    run = await puppet.run()
    run.say(Progressed(0.5))
    await eventually(lambda: service.app[WAITING])
    assert not waiting.done()
    run.succeed()
    answer = await waiting

    assert answer.status == 200
    assert answer.headers["preference-applied"] == "wait=30"
    snapshot = await service.snapshot(answer.json["sessionId"])
    assert (snapshot["status"], len(snapshot["output"])) == ("succeeded", 1)
    assert answer.json == {**snapshot, **{name: answer.json[name] for name in REPLY - set(snapshot)}}
    assert answer.json["success"] is True
    assert answer.headers["location"] == answer.json["urls"]["self"]


async def test_a_failure_is_an_end_too_and_says_why(puppet, send):
    waiting = asyncio.create_task(send("wait=30"))
    (await puppet.run()).say(RuntimeError("no"))
    answer = await waiting
    assert (answer.status, answer.json["status"], answer.json["outcome"]) == (200, "failed", "failed")
    assert answer.json["error"]


async def test_what_takes_longer_is_answered_as_usual_and_goes_on(service, puppet, send):
    answer = await send("wait=1")
    assert (answer.status, set(answer.json), answer.json["status"]) == (202, REPLY, "started")
    assert answer.headers["preference-applied"] == "wait=1"
    assert not service.app[WAITING]
    (await puppet.run()).succeed()
    assert (await service.ended(answer.json["sessionId"]))["status"] == "succeeded"


async def test_a_caller_who_leaves_while_it_waits_stops_nothing(service, puppet, eventually):
    connection = await service.connect()
    body = b'{"prompt":"a lighthouse"}'
    head = f"POST /v1/generations HTTP/1.1\r\nHost: localhost\r\nPrefer: wait=60\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.writer.write(head.encode() + body)
    run = await puppet.run()
    await eventually(lambda: service.app[WAITING])
    (generation,) = service.core.hub.running("anonymous")
    connection.cut()
    await eventually(lambda: not service.app[WAITING])
    run.succeed()
    assert (await service.ended(generation))["status"] == "succeeded"


async def test_sent_again_it_waits_for_the_same_end(service, puppet, send):
    key = [("Idempotency-Key", "once")]
    first = await send("wait=0", headers=key)
    again = asyncio.create_task(send("wait=30", headers=key))
    (await puppet.run()).succeed()
    answers = [await again, await send("wait=0", headers=key)]
    for answer in answers:
        assert (answer.status, answer.headers["idempotent-replayed"]) == (200, "true")
        assert (answer.json["sessionId"], answer.json["status"]) == (first.json["sessionId"], "succeeded")
    assert (first.status, len(puppet.runs)) == (202, 1)


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("wait=0", "wait=0"),
        ("WAIT = 0", "wait=0"),
        ('wait="0"', "wait=0"),
        ("respond-async, wait=0; x=y, wait=30", "wait=0"),
    ],
)
async def test_a_preference_may_be_spelled_as_the_standard_allows(send, prefer, applied):
    answer = await send(prefer)
    assert (answer.status, answer.headers["preference-applied"]) == (202, applied)


@pytest.mark.parametrize(
    "prefer", ["", "wait", "wait=", "wait=-1", "wait=1.5", "wait=soon", "wait=٣", "waiting=30", b"\xff", "return=minimal"]
)
async def test_what_makes_no_sense_is_no_preference(send, prefer):
    answer = await send(prefer)
    assert answer.status == 202
    assert "preference-applied" not in answer.headers


async def test_nobody_waits_longer_than_a_minute(puppet, send):
    waiting = asyncio.create_task(send("wait=999999999"))
    (await puppet.run()).succeed()
    assert (await waiting).headers["preference-applied"] == "wait=60"


async def test_the_seeds_surface_never_changes_and_so_never_waits(send):
    answer = await send("wait=60", path="/api/generation")
    assert (answer.status, set(answer.json)) == (200, REPLY)
    assert "preference-applied" not in answer.headers


async def test_who_waits_when_the_service_leaves_is_told_the_session_first(serve, eventually):
    service = await serve(engine="sqlite", providers={"remote": Instance(plugin="simulator-remote")})
    body = {"prompt": "a lighthouse", "providerId": "remote", "options": {"script": HALF_AND_NO_FURTHER}}
    waiting = asyncio.create_task(service.call("POST", "/v1/generations", body, headers=[("Prefer", "wait=60")]))
    await eventually(lambda: service.app[WAITING])
    async with asyncio.timeout(10):
        await leave_in_order(service.up)
        answer = await waiting
    assert (answer.status, set(answer.json)) == (202, REPLY)
    (left,) = await service.core.journal.unfinished()
    assert left.generation.id == answer.json["sessionId"]
