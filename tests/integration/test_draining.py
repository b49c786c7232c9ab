"""A service that leaves: nobody new, and everybody who is there learns what they can use."""

import asyncio

import pytest

from safelight.config.model import Instance
from safelight.providers import Progressed
from safelight.records import Step
from safelight.web.serving import leave_in_order

HALF_AND_NO_FURTHER = [{"do": "started"}, {"do": "progress", "fraction": 0.5}, {"do": "stall"}]


@pytest.fixture
async def one(service, puppet, eventually):
    """A generation that runs, and its run."""
    generation = await service.create("/api/generation")
    run = await puppet.run()
    run.say(Progressed(0.5))
    await eventually(lambda: service.core.hub.newest(generation).progress == 50)
    return generation, run


async def test_a_draining_service_takes_nothing_new_and_is_not_ready(service):
    service.core.drain()
    for path in ("/v1/generations", "/api/generation"):
        answer = await service.call("POST", path, {"prompt": "a"})
        assert (answer.status, answer.json["code"], answer.json["success"]) == (503, "busy", False)
        assert answer.json["retryable"] is True
        assert int(answer.headers["retry-after"]) > 0
    ready = await service.call("GET", "/readyz", port=service.admin_port)
    assert (ready.status, ready.json["draining"]) == (503, True)
    assert (await service.call("GET", "/livez", port=service.admin_port)).status == 200


async def test_a_draining_service_sends_v1_readers_away_for_a_while(service, one):
    generation, _ = one
    service.core.drain()
    for path in (f"/v1/generations/{generation}/events", f"/v1/events?id={generation}", "/v1/events"):
        stream = await service.stream(path)
        assert await stream.rest() == []
        assert stream.status == 200
        assert stream.headers["content-type"].split(";")[0] == "text/event-stream"
        assert 5000 <= stream.retries[0] <= 15000
        assert stream.comments == ["busy"]


async def test_a_draining_service_tells_the_seed_that_it_failed(service, one):
    generation, _ = one
    service.core.drain()
    stream = await service.watch_seed(generation)
    (event,) = await stream.rest()

    assert (stream.status, event.id) == (200, None)
    assert (event.status, event.data["code"]) == ("failed", "busy")
    assert event.data["error"]


async def test_snapshots_are_still_read_while_it_drains(service, one):
    generation, _ = one
    service.core.drain()

    assert (await service.snapshot(generation))["progress"] == 50


async def test_on_leaving_v1_streams_close_and_the_seeds_end_with_a_reason(service, one):
    generation, _ = one
    v1, many, seed = await service.watch(generation), await service.stream("/v1/events"), await service.watch_seed(generation)
    for stream in (v1, many, seed):
        await stream.next()
    readings = [asyncio.create_task(stream.rest()) for stream in (v1, many, seed)]
    await leave_in_order(service.up)
    *_, events = await asyncio.gather(*readings)

    assert 5000 <= v1.retries[-1] <= 15000
    assert 5000 <= many.retries[-1] <= 15000
    assert (events[-1].status, events[-1].data["outcome"], events[-1].data["code"]) == ("failed", "interrupted", "interrupted")


async def test_the_seeds_stream_is_held_until_its_generation_ends_within_the_grace(serve, puppet):
    service = await serve(server={"drain_seconds": 20.0})
    generation = await service.create("/api/generation")
    run = await puppet.run()
    seed, v1 = await service.watch_seed(generation), await service.watch(generation)
    await seed.next()
    leaving = asyncio.create_task(leave_in_order(service.up))
    await v1.rest()
    run.say(Progressed(0.5))
    run.succeed()
    events = await seed.rest()
    await leaving

    assert events[-1].status == "succeeded"


async def test_the_seeds_last_word_on_a_job_that_lives_upstream_is_said_to_its_reader_and_to_nobody_else(serve, puppet):
    service = await serve(engine="sqlite", providers={"remote": Instance(plugin="simulator-remote")})
    generation = await service.create("/api/generation", providerId="remote", options={"script": HALF_AND_NO_FURTHER})
    seed, other = await service.watch_seed(generation), await service.watch(generation)
    *_, before = await seed.until(lambda data: data.get("progress") == 50)
    await other.next()
    readings = [asyncio.create_task(stream.rest()) for stream in (seed, other)]
    await leave_in_order(service.up)
    (farewell,), others = await asyncio.gather(*readings)

    assert farewell.id is None
    assert farewell.data == {"status": "failed", "error": "The service stopped.", "code": "interrupted"}
    assert seed.last_event_id == before.id
    assert {event.status for event in others} <= {"started", "processing"}
    journalled = await service.core.journal.read(generation)
    assert not any(status.is_terminal for status in journalled)
    assert str(journalled[-1].version) == before.id
    (left,) = await service.core.journal.unfinished()
    assert (left.generation.id, left.attempts[-1].step) == (generation, Step.ACCEPTED)
    assert (await service.snapshot(generation))["status"] == "processing"


async def test_a_long_poll_does_not_hold_up_the_leaving(serve, puppet, eventually):
    service = await serve()
    generation = await service.create()
    await puppet.run()
    await eventually(lambda: service.core.hub.newest(generation).version.seq == 2)
    newest = service.core.hub.newest(generation).version
    polling = asyncio.create_task(service.call("GET", f"/v1/generations/{generation}?wait=60&after={newest}"))
    await eventually(lambda: service.core.hub._channels[generation].subscriptions)
    async with asyncio.timeout(10):
        await leave_in_order(service.up)
        answer = await polling

    assert answer.json["outcome"] == "interrupted"
