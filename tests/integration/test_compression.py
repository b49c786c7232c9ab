"""Gzip, made once for all: what unpacks is what others are sent plain, wherever one joins and however it ends."""

import asyncio
import gzip
import json
import zlib

import aiohttp
import pytest

from safelight.providers import Progressed
from safelight.web.keys import STREAMS

GZIP = [("Accept-Encoding", "gzip")]
STEPS = 30


class Packed:
    """A gzip stream as it comes: the plain text so far, and the bytes that it took."""

    def __init__(self, connection):
        self.headers, self.status = connection.headers, connection.status
        self.wire, self.text = b"", b""
        self._body = connection.body()
        self._unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)

    async def read(self):
        """Read on; False at the end."""
        async with asyncio.timeout(20):
            some = await anext(self._body, None)
        if some is not None:
            self.wire += some
            self.text += self._unpack.decompress(some)
        return some is not None

    async def until(self, words):
        while words not in self.text:
            assert await self.read(), f"it ended before {words}: {self.text}"

    async def rest(self):
        while await self.read():
            pass
        assert self._unpack.eof, "the gzip stream has no end"
        assert gzip.decompress(self.wire) == self.text
        return self.text

    @property
    def events(self):
        return [json.loads(line.removeprefix("data: ")) for line in self.text.decode().split("\n") if line.startswith("data: ")]


async def packed(service, path, *, headers=GZIP, version="1.1"):
    connection = await service.connect()
    await connection.ask("GET", path, headers=headers, version=version)
    return Packed(connection)


def walk(run):
    run.say(*(Progressed(number / STEPS, message=f"step {number} of {STEPS}") for number in range(1, STEPS)))
    run.succeed()


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("surface", ["/v1/generations/{}/events", "/api/generation?sessionId={}"])
async def test_a_reader_that_takes_gzip_is_sent_what_others_are_sent_plain(service, one, surface, version):
    generation, run = one
    plain = await service.stream(surface.format(generation))
    stream = await packed(service, surface.format(generation), version=version)
    await stream.until(b"data: ")
    walk(run)
    events = [event.data for event in await plain.rest()]
    await stream.rest()

    assert stream.headers["content-encoding"] == "gzip"
    assert stream.headers["content-type"] == "text/event-stream"
    assert stream.headers.get("transfer-encoding") == (None if version == "1.0" else "chunked")
    assert "accept-encoding" in stream.headers["vary"].lower()
    assert stream.events == events
    assert stream.text.startswith(b": ok\nretry: ")
    assert len(stream.wire) < len(stream.text) / 3


async def test_each_event_can_be_read_when_it_is_sent(service, puppet, one):
    generation, run = one
    stream = await packed(service, f"/v1/generations/{generation}/events")
    for number in range(1, 6):
        run.say(Progressed(number / 10, message=f"step {number}"))
        await stream.until(b"step %d" % number)
    run.succeed()
    await stream.rest()


async def test_readers_join_anywhere_and_all_of_them_end_well(service, one):
    generation, run = one
    streams = []
    for number in range(1, 9):
        run.say(Progressed(number / 10, message=f"step {number}"))
        streams.append(await packed(service, f"/v1/generations/{generation}/events"))
        await streams[-1].until(b"step %d" % number)
    run.succeed()
    for stream in streams:
        await stream.rest()
        assert [event["seq"] for event in stream.events] == sorted({event["seq"] for event in stream.events})
        assert stream.events[-1]["status"] == "succeeded"


async def test_the_journal_is_replayed_packed(service, puppet, one):
    generation, run = one
    walk(run)
    await service.ended(generation)
    plain = [event.data for event in await (await service.watch(generation, "?from=start")).rest()]
    stream = await packed(service, f"/v1/generations/{generation}/events?from=start")
    await stream.rest()
    assert stream.events == plain


async def test_many_generations_come_packed_on_one_connection(service, puppet, eventually):
    generations = [await service.create() for _ in range(5)]
    runs = [await puppet.run(number) for number in range(5)]
    stream = await packed(service, "/v1/events?" + "&".join(f"id={generation}" for generation in generations))
    for run in runs:
        run.succeed()
    while sum(event["status"] == "succeeded" for event in stream.events) < 5:
        await stream.read()
    (viewer,) = service.app[STREAMS]
    viewer.cut("drain")
    await stream.rest()


async def test_a_silent_stream_beats_packed_and_goes_on(serve, puppet, eventually):
    service = await serve(streams={"heartbeat_seconds": 0.05})
    generation = await service.create()
    run = await puppet.run()
    stream = await packed(service, f"/v1/generations/{generation}/events")
    await stream.until(b": hb\n\n: hb\n\n")
    walk(run)
    await stream.rest()
    assert stream.events[-1]["status"] == "succeeded"


async def test_a_farewell_is_packed_and_the_stream_ends_well(service, one):
    generation, _ = one
    stream = await packed(service, f"/v1/generations/{generation}/events")
    await stream.until(b"data: ")
    (viewer,) = service.app[STREAMS]
    viewer.bid_farewell(7000)
    viewer.cut("drain")
    assert (await stream.rest()).endswith(b"retry: 7000\n\n")


async def test_a_fault_of_ours_ends_a_packed_stream_in_order(service, one, monkeypatch):
    generation, run = one
    walk(run)
    await service.ended(generation)

    async def read(*_):
        raise OSError("the disk is on fire")

    monkeypatch.setattr(service.core.journal, "read", read)
    stream = await packed(service, f"/v1/generations/{generation}/events?from=start")
    await stream.rest()
    assert stream.events == []


async def test_an_operator_can_switch_it_off(serve, puppet):
    service = await serve(streams={"compress": False})
    generation = await service.create()
    (await puppet.run()).succeed()
    stream = await service.watch(generation, headers=GZIP)
    assert (await stream.rest())[-1].status == "succeeded"
    assert "content-encoding" not in stream.headers
    assert "vary" not in stream.headers


async def test_who_does_not_take_gzip_is_told_that_it_matters(service, one):
    generation, _ = one
    stream = await service.watch(generation)
    assert "content-encoding" not in stream.headers
    assert stream.headers["vary"] == "Accept-Encoding"


async def test_short_events_stand_as_they_are(serve, puppet):
    service = await serve(streams={"compress_from_bytes": 16_384})
    generation = await service.create()
    (await puppet.run()).succeed()
    stream = await packed(service, f"/v1/generations/{generation}/events")
    await stream.rest()
    assert all(line in stream.wire for line in stream.text.split(b"\n") if line)


async def test_an_ordinary_client_unpacks_it_without_knowing(service, one):
    generation, run = one
    url = f"http://127.0.0.1:{service.port}/v1/generations/{generation}/events"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        for number in range(1, 4):
            run.say(Progressed(number / 10, message=f"step {number}"))
            while f"step {number}".encode() not in await answer.content.readline():
                pass
        run.succeed()
        assert b'"status":"succeeded"' in await answer.content.read()
