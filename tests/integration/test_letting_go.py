"""What has ended is gone at once: nothing of it waits for the garbage collector."""

import asyncio
import gc

import pytest

from safelight.config.model import Instance
from safelight.runner.follow import Following
from safelight.runner.late import Latecomers
from safelight.runner.local import LocalRun
from safelight.runner.runner import Runner
from safelight.runner.scribe import Scribe
from safelight.runner.submissions import Submissions
from safelight.runner.upstream import Upstream
from safelight.web.wires import Wire

PARTS = (Following, Latecomers, LocalRun, Runner, Scribe, Submissions, Upstream, Wire)


def left():
    return [type(thing).__name__ for thing in gc.get_objects() if isinstance(thing, PARTS)]


def accepted(port):
    transports = (thing for thing in gc.get_objects() if isinstance(thing, asyncio.Transport))
    return sum(transport.get_extra_info("sockname")[1] == port for transport in transports)


@pytest.fixture
def uncollected():
    gc.collect()
    gc.freeze()  # what other tests have left is not looked at
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("how", ["plain", "gzip", "many"])
async def test_a_generation_and_its_stream_leave_nothing_to_the_collector(serve, puppet, eventually, how):
    service = await serve()
    generation = await service.create()
    path = f"/v1/events?id={generation}" if how == "many" else f"/v1/generations/{generation}/events"
    stream = await service.stream(path, headers=[("Accept-Encoding", "gzip")] if how == "gzip" else [])
    await eventually(lambda: {"Runner", "Scribe", "Upstream", "LocalRun"} < set(left()))
    await eventually(lambda: {"Wire", "PackedWire"} & set(left()))
    (await puppet.run()).succeed()
    await service.ended(generation)
    await stream.close()
    await eventually(lambda: not left())


@pytest.mark.usefixtures("uncollected")
async def test_a_generation_that_lives_upstream_leaves_nothing_to_the_collector(serve, eventually):
    service = await serve(providers={"remote": Instance(plugin="simulator-remote")})
    generation = await service.create(providerId="remote", options={"script": [{"do": "wait", "seconds": 0.2}, {"do": "output"}]})
    await eventually(lambda: {"Following", "Runner", "Upstream"} < set(left()))
    await service.ended(generation)
    await eventually(lambda: not left())


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("who", ["the reader", "the service", "a keep-alive timeout"])
async def test_a_closed_connection_leaves_nothing_to_the_collector(serve, puppet, eventually, who):
    service = await serve(server={"keepalive_seconds": 0.2})
    generation = await service.create()
    streams = [await service.stream(f"/v1/generations/{generation}/events") for _ in range(5)]
    assert accepted(service.port) >= len(streams)
    if who == "the reader":
        service.hang_up()
    elif who == "the service":
        await service.up.core.settle(0.0)
    else:
        (await puppet.run()).succeed()
        await service.ended(generation)
    await eventually(lambda: not accepted(service.port))


@pytest.mark.usefixtures("uncollected")
async def test_a_probe_leaves_nothing_to_the_collector(service, eventually):
    assert (await service.call("GET", "/readyz", port=service.admin_port)).status == 200
    await eventually(lambda: not accepted(service.admin_port))
