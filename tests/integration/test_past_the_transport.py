"""Events that go past the transport: whatever the kernel takes of them, a reader has them whole and in order."""

import asyncio
import random
import socket
import sys
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from safelight.frames import HEARTBEAT, LogLine
from safelight.providers import Logged, Progressed
from safelight.rows import Row
from safelight.status import Outcome, State
from safelight.web import streams, wires
from safelight.web.keys import STREAMS
from safelight.web.transports import bare_socket

READERS = 12
UPDATES = 600
DATA_SEGMENTS_SENT = slice(156, 160)
"""Where Linux says it in `tcp_info`."""


class Stingy:
    """A kernel that often takes a part only, or nothing for now; every write is one `send`."""

    parts = refusals = 0

    @classmethod
    def send(cls, sock, data):
        chance = random.random()
        if chance < 0.1:
            cls.refusals += 1
            raise BlockingIOError
        if chance < 0.3:
            cls.parts += 1
            return sock.send(data[: random.randrange(1, len(data))])
        return sock.send(data)


def rows(service, generation):
    return [party for party in service.core.hub._channels[generation].crowd if isinstance(party, Row)]


def newest_of(service, generation, **news):
    newest = service.core.hub.newest(generation)
    return newest.but(version=newest.version.next(newest.version.epoch), **news)


def end_of(service, generation):
    return newest_of(service, generation, state=State.FAILED, outcome=Outcome.FAILED, error="No.", code="internal")


async def narrow(service):
    """Connect with room for little that was not read."""
    ears = socket.socket()
    ears.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    ears.setblocking(False)
    await asyncio.get_running_loop().sock_connect(ears, ("127.0.0.1", service.port))
    return ears


async def dawdling(stream):
    """Read to the end, and at times not at all for a moment; framing is checked by whoever reads."""
    events = []
    while (event := await stream.next()) is not None:
        events.append(event)
        if random.random() < 0.05:
            stream.connection.reader._transport.pause_reading()
            await asyncio.sleep(random.random() * 0.02)
            stream.connection.reader._transport.resume_reading()
    return events


async def test_a_stream_is_written_to_past_its_transport(service, one):
    generation, _ = one
    stream = await service.watch(generation)
    await stream.next()
    (viewer,) = service.app[STREAMS]
    transport = viewer._wire.transport
    assert isinstance(bare_socket(transport), socket.socket), "asyncio names it otherwise now: see safelight.web.transports"
    assert bare_socket(transport).fileno() == transport.get_extra_info("socket").fileno()
    assert [len(row) for row in rows(service, generation)] == [1]


def test_a_transport_of_another_kind_keeps_its_socket():
    class Other(asyncio.Transport):
        def get_extra_info(self, name, default=None):
            raise AssertionError(f"nobody asks it for {name}, or {default}")

    assert bare_socket(Other()) is None


async def test_a_socket_that_was_closed_is_never_another_connections(service, one, eventually):
    generation, _ = one
    stream = await service.watch(generation)
    await stream.next()
    (viewer,) = service.app[STREAMS]
    sock = bare_socket(viewer._wire.transport)
    number = sock.fileno()
    stream.connection.cut()
    await eventually(lambda: not service.app[STREAMS])
    others = []
    while not others or others[-1].fileno() < number:
        others.append(socket.socket())
    assert number in {other.fileno() for other in others}, "the number is given to the next"
    with pytest.raises(OSError, match="Bad file descriptor"):
        sock.send(b"data: of another generation\n\n")
    for other in others:
        other.close()


async def test_one_that_is_due_has_its_whole_row_beat_once(service, one):
    generation, _ = one
    streams = [await service.watch(generation) for _ in range(READERS)]
    for stream in streams:
        await stream.next()
    (row,) = rows(service, generation)
    viewer, *others = service.app[STREAMS]
    viewer.beat()
    assert {other.silent_since for other in others} == {viewer.silent_since} == {row.said_at}
    service.core.hub.post(newest_of(service, generation, message="behind it"))
    for stream in streams:
        await stream.until(lambda data: data.get("message") == "behind it")
        assert stream.comments == ["ok", "hb"]


@pytest.mark.parametrize("takes", [0, 3])
async def test_who_cannot_take_a_whole_beat_leaves_the_row_and_loses_nothing(service, one, takes):
    generation, _ = one
    streams = [await service.watch(generation) for _ in range(3)]
    for stream in streams:
        await stream.next()
    (row,) = rows(service, generation)
    whole, slow = row._put, row._ways[1]

    def put(way, words):
        if way is slow and not takes:
            raise BlockingIOError
        return whole(way, words[:takes] if way is slow else words)

    row._put = put
    next(iter(service.app[STREAMS])).beat()
    assert (len(row), len(service.core.hub._channels[generation].subscriptions)) == (2, 3)
    service.core.hub.post(newest_of(service, generation, message="behind it"))
    heard = []
    for stream in streams:
        await stream.until(lambda data: data.get("message") == "behind it")
        heard.append(stream.comments)
    assert sorted(heard) == sorted([["ok", "hb"], ["ok", "hb"], ["ok", "hb"] if takes else ["ok"]])


@pytest.mark.parametrize("is_alone", [False, True])
async def test_beats_are_counted_alike_in_a_row_and_alone(service, one, eventually, is_alone):
    generation, _ = one
    stream = await service.watch(generation)
    await stream.next()
    (viewer,) = service.app[STREAMS]
    said = viewer._bytes
    if is_alone:
        viewer._subscriptions[0].detour()
    with capture_logs() as logs:
        for _ in range(10):
            viewer.beat()
        await stream.close()
        await eventually(lambda: not service.app[STREAMS])
    (line,) = [line for line in logs if line["event"] == "stream_closed"]
    assert (line["events"], line["bytes"]) == (1, said + 10 * len(HEARTBEAT))


async def test_behind_the_last_words_of_a_stream_nothing_is_written(service, one):
    generation, _ = one
    stream = await service.watch_seed(generation)
    await stream.next()
    (viewer,) = service.app[STREAMS]
    assert [len(row) for row in rows(service, generation)] == [1]
    viewer.bid_farewell(2_000)
    viewer.cut("drain")
    service.core.hub.post(newest_of(service, generation, message="behind it"))
    assert (await stream.rest())[-1].status == "failed"


async def test_headers_and_the_first_event_leave_as_one_packet(service, one):
    generation, _ = one
    stream = await service.watch(generation)
    await stream.next()
    (viewer,) = service.app[STREAMS]
    facts = viewer._wire.transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
    assert int.from_bytes(facts[DATA_SEGMENTS_SENT], sys.byteorder) == 1


async def test_a_connection_serves_on_behind_a_stream(service, one):
    generation, _ = one
    connection = await service.connect()
    await connection.ask("GET", f"/v1/generations/{generation}/events")
    service.core.hub.post(end_of(service, generation))
    assert b'"status":"failed"' in (await connection.answer()).body
    await connection.ask("GET", "/v1/providers")
    assert (await connection.answer()).status == 200


async def test_a_stream_that_fails_before_anything_is_shown_has_its_headers_and_an_orderly_end(service, one, monkeypatch):
    generation, _ = one

    async def fail(*_):
        raise RuntimeError("no past")

    monkeypatch.setattr(streams, "_replay", fail)
    connection = await service.connect()
    await connection.ask("GET", f"/v1/generations/{generation}/events")
    answer = await connection.answer()
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.body.startswith(b": ok\nretry: ")


@pytest.mark.parametrize("how", ["half closed", "cut"])
async def test_one_that_leaves_a_row_costs_the_others_nothing(service, one, eventually, how):
    generation, _ = one
    streams = [await service.watch(generation) for _ in range(5)]
    for stream in streams:
        await stream.next()
    if how == "cut":
        streams[2].connection.cut()
    else:
        streams[2].connection.writer.write_eof()
    for number in range(20):
        service.core.hub.post(newest_of(service, generation, message=f"step {number}"))
        next(iter(service.app[STREAMS])).beat()
        await asyncio.sleep(0)
    await eventually(lambda: len(service.app[STREAMS]) == 4)
    assert [len(row) for row in rows(service, generation)] == [4]
    for number in (0, 1, 3, 4):
        events = await streams[number].until(lambda data: data.get("message") == "step 19")
        assert [event.data["message"] for event in events] == [f"step {number}" for number in range(20)]


class Reluctant:
    """A socket that takes three bytes of what the transport sends first."""

    def __init__(self, sock):
        self._sock, self._left = sock, 3

    def send(self, data):
        left, self._left = self._left, None
        return self._sock.send(data if left is None else data[:left])

    def __getattr__(self, name):
        return getattr(self._sock, name)


@pytest.mark.parametrize("what", ["a comment", "a line of the log", "a farewell"])
async def test_no_event_goes_past_what_the_transport_holds_back(service, one, what):
    generation, _ = one
    stream = await service.stream(f"/v1/generations/{generation}/events?events=log")
    stream.named = frozenset({"log"})
    await stream.next()
    (viewer,) = service.app[STREAMS]
    transport = viewer._wire.transport
    transport._sock = Reluctant(transport._sock)
    if what == "a comment":
        viewer._say(HEARTBEAT)
    elif what == "a farewell":
        viewer.bid_farewell(2_000)
    else:
        viewer.hear(LogLine(generation, datetime.now(UTC), "step 1"))
    assert transport.get_write_buffer_size()
    service.core.hub.post(newest_of(service, generation, message="behind it"))
    events = await stream.until(lambda data: data.get("message") == "behind it")
    assert (stream.comments[-1], len(stream.retries), len(events)) == {
        "a comment": ("hb", 1, 1),
        "a farewell": ("ok", 2, 1),
        "a line of the log": ("ok", 1, 2),
    }[what]


@pytest.mark.parametrize("query", ["", "?events=log"])
async def test_whatever_the_kernel_takes_everybody_reads_whole_events_in_order_up_to_the_end(
    serve, begun, eventually, monkeypatch, query
):
    monkeypatch.setattr(wires, "socket", Stingy)
    monkeypatch.setattr(Stingy, "parts", 0)
    monkeypatch.setattr(Stingy, "refusals", 0)
    service = await serve(streams={"heartbeat_seconds": 1, "progress_seconds": 0})
    generation, run = await begun(service)
    streams = [
        await service.stream(f"/v1/generations/{generation}/events{query}", sock=await narrow(service)) for _ in range(READERS)
    ]
    for stream in streams:
        stream.named = frozenset({"log"})
    readings = [asyncio.create_task(dawdling(stream)) for stream in streams]
    for number in range(UPDATES):
        run.say(Progressed(number / UPDATES, message=f"{number} {'x' * random.randrange(600)}"))
        if number % 3 == 0:
            run.say(Logged(f"line {number}"))
        if number % 20 == 0:
            for viewer in tuple(service.app[STREAMS]):
                viewer.beat()
        await asyncio.sleep(0)
    await eventually(lambda: service.core.hub.newest(generation).progress > 0.95)
    run.succeed()

    for events in await asyncio.gather(*readings):
        versions = [event.version for event in events if event.name is None]
        assert versions == sorted(set(versions))
        assert events[-1].status == "succeeded"
        assert bool(query) == any(event.name == "log" for event in events)
    assert Stingy.parts > READERS
    assert Stingy.refusals > READERS
