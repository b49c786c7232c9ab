"""What becomes of a generation when whoever watched it is gone, and by when it has to be over."""

import asyncio
from datetime import datetime

import pytest

from safelight.config.model import Instance
from safelight.web.serving import leave_in_order

SLOW = {"providerId": "remote", "options": {"seconds": 60}}


@pytest.fixture
async def service(serve):
    return await serve(engine="sqlite", providers={"remote": Instance(plugin="simulator-remote")})


async def seconds_until_deadline(service, generation):
    snapshot = await service.snapshot(generation)
    moments = (datetime.fromisoformat(snapshot[name]) for name in ("createdAt", "deadlineAt"))
    created, deadline = moments
    return (deadline - created).total_seconds()


async def test_it_is_canceled_when_the_last_of_its_viewers_is_gone(service):
    generation = await service.create(**SLOW, onDisconnect="cancel_after:0")
    first, many = await service.watch(generation), await service.stream(f"/v1/events?id={generation}")
    for stream in (first, many):
        await stream.next()
    await first.close()
    await many.next()
    assert (await service.snapshot(generation)).get("cancel") is None
    await many.close()
    assert (await service.ended(generation))["outcome"] == "canceled"


async def test_a_long_poll_is_a_viewer_for_as_long_as_it_waits(service, eventually):
    generation = await service.create(providerId="puppet", onDisconnect="cancel_after:0")
    await service.until(generation, lambda snapshot: snapshot["phase"] == "waiting")
    newest = service.core.hub.newest(generation).version
    polling = await service.connect()
    path = f"/v1/generations/{generation}?wait=60&after={newest}"
    polling.writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await eventually(lambda: service.core.hub._channels[generation].subscriptions)
    assert (await service.snapshot(generation)).get("cancel") is None
    polling.cut()
    assert (await service.ended(generation))["outcome"] == "canceled"


async def test_it_goes_on_without_viewers_unless_more_was_said(service, puppet, eventually):
    generation = await service.create()
    stream = await service.watch(generation)
    await stream.next()
    await stream.close()
    await eventually(lambda: not service.core.hub._channels[generation].subscriptions)
    (await puppet.run()).succeed()
    assert (await service.ended(generation))["status"] == "succeeded"


async def test_a_service_that_leaves_cancels_nothing(service):
    generation = await service.create(**SLOW, onDisconnect="cancel_after:0")
    stream = await service.watch(generation)
    await stream.next()
    reading = asyncio.create_task(stream.rest())
    await leave_in_order(service.up)
    await reading
    (left,) = await service.core.journal.unfinished()
    assert (left.generation.id, left.status.cancel) == (generation, None)


async def test_a_service_that_is_shut_down_at_once_cancels_nothing_either(service, eventually):
    generation = await service.create(**SLOW, onDisconnect="cancel_after:60")
    stream = await service.watch(generation)
    await stream.next()
    reading = asyncio.create_task(stream.rest())
    await service.app.shutdown()
    await reading
    await eventually(lambda: not service.core.hub._channels[generation].subscriptions)
    assert service.core._reaper._timers == {}


async def test_a_wish_that_makes_no_sense_is_refused_by_name(service, check_problem):
    wishes = {"onDisconnect": "stop", "deadline": 0}
    problem = check_problem(await service.call("POST", "/v1/generations", {"prompt": "a", **wishes}), 422, "invalid_input")
    assert sorted(fault["path"] for fault in problem["faults"]) == sorted(wishes)
    assert service.core.hub.running("anonymous") == []


@pytest.mark.parametrize(
    ("path", "deadline", "seconds"),
    [
        ("/v1/generations", None, 1800 + 10),
        ("/v1/generations", 60, 60 + 10),
        ("/v1/generations", 90.5, 90.5 + 10),
        ("/v1/generations", 10**6, 1800 + 10),
        ("/api/generation", 60, 60 + 10),
        ("/api/generation", 300, 280 + 10),
    ],
)
async def test_a_deadline_holds_within_the_services_own_and_is_shown(service, path, deadline, seconds):
    generation = await service.create(path, deadline=deadline)
    assert await seconds_until_deadline(service, generation) == seconds


async def test_what_is_not_over_by_its_deadline_expires(service):
    generation = await service.create(**SLOW, deadline=0.3)
    ended = await service.ended(generation)
    assert (ended["outcome"], ended["code"]) == ("expired", "deadline_exceeded")
    assert "0.3 s" in ended["error"]
