"""Slow, absent and many readers: none costs another anything, and none leaves anything behind."""

import asyncio
import gc
import resource
import select
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from safelight import codec, frames
from safelight.providers import Progressed
from safelight.runner import scribe
from safelight.status import Status
from safelight.web.keys import STREAMS

CROWD = 1000
FLOOD = 2000
ASKERS = 30
LONGEST_QUEUE = int(Path("/proc/sys/net/core/somaxconn").read_text())


@pytest.fixture(autouse=True)
def _many_files():
    """Both ends of every connection live in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def flood(run, count=FLOOD):
    run.say(*(Progressed(number / count, message=f"{number} {'x' * 480}") for number in range(count)))


def small_ears():
    """Return a socket that takes little before its owner reads."""
    ears = socket.socket()
    ears.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return ears


async def deaf(service, path):
    """Open a stream and never read a byte of it."""
    ears = small_ears()
    ears.setblocking(False)
    await asyncio.get_running_loop().sock_connect(ears, ("127.0.0.1", service.port))
    await asyncio.get_running_loop().sock_sendall(ears, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return ears


def viewer_of(service, ears):
    """Return the service's side of a socket, once there is one."""
    ours = ears.getsockname()
    return next((viewer for viewer in service.app[STREAMS] if viewer._request.transport.get_extra_info("peername") == ours), None)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_reader_that_never_reads_costs_little_memory_and_is_cut(serve, begun, eventually):
    service = await serve(streams={"laggard_seconds": 0.3})
    generation, run = await begun(service)
    good = await service.watch(generation)
    reading = asyncio.create_task(good.rest())
    with capture_logs() as logs:
        ears = await deaf(service, f"/v1/generations/{generation}/events")
        viewer = await eventually(lambda: viewer_of(service, ears))
        transport = viewer._wire.transport
        most = 0

        def is_gone():
            nonlocal most
            most = max(most, transport.get_write_buffer_size())
            return viewer not in service.app[STREAMS]

        flood(run)
        await eventually(is_gone)
        run.succeed()
        events = await reading
    ears.close()

    assert 0 < most < 32 * 1024
    assert events[-1].status == "succeeded"
    (line,) = [line for line in logs if line["event"] == "stream_closed" and line["reason"] == "slow"]
    assert line["skipped"] > 0
    assert line["bytes"] < 1024 * 1024


def statuses_in_memory():
    return sum(isinstance(thing, Status) for thing in gc.get_objects())


async def test_a_crowd_that_asks_for_the_past_takes_turns_and_what_it_does_not_read_is_not_kept(
    serve, begun, eventually, monkeypatch
):
    service = await serve(engine="sqlite")
    generation, run = await begun(service)
    flood(run)
    run.succeed()
    await service.ended(generation)
    now, most, read = 0, 0, service.core.journal.read

    async def counted(*args):
        nonlocal now, most
        now += 1
        most = max(most, now)
        try:
            return await read(*args)
        finally:
            now -= 1

    monkeypatch.setattr(service.core.journal, "read", counted)
    before = statuses_in_memory()
    ears = [await deaf(service, f"/v1/generations/{generation}/events?from=start") for _ in range(ASKERS)]
    await eventually(lambda: [viewer.is_paused and viewer._wire.is_shut for viewer in service.app[STREAMS]] == [True] * ASKERS)
    kept = statuses_in_memory() - before
    whole = await (await service.watch(generation, "?from=start")).rest()
    for ear in ears:
        ear.close()

    assert 1 < most <= 4, "read at once"
    assert kept < 4 * ASKERS, "the newest for each, and what is being read just now, but no page for each"
    assert [event.version[1] for event in whole] == list(range(1, len(whole) + 1))


async def test_a_deaf_reader_of_a_long_journal_is_cut_once_and_for_all(serve, begun, eventually):
    service = await serve(streams={"laggard_seconds": 0.2})
    generation, run = await begun(service)
    flood(run)
    run.succeed()
    await service.ended(generation)
    with capture_logs() as logs:
        ears = await deaf(service, f"/v1/generations/{generation}/events?from=start")
        await eventually(lambda: any(line["event"] == "stream_closed" for line in logs))
    ears.close()

    (line,) = [line for line in logs if line["event"] == "stream_closed"]
    assert line["reason"] == "slow"
    assert line["seconds"] < 2


async def test_a_slow_reader_gets_the_newest_only(service, puppet, eventually, one):
    generation, run = one
    stream = await service.watch(generation, sock=await connected(service))
    first = await stream.next()
    stream.connection.reader._transport.pause_reading()
    flood(run)
    run.say(Progressed(1.0, message="the newest"))
    await eventually(lambda: service.core.hub.newest(generation).message == "the newest")
    newest = service.core.hub.newest(generation).version.seq
    stream.connection.reader._transport.resume_reading()
    events = [first, *await stream.until(lambda data: data.get("message") == "the newest")]
    run.succeed()
    events += await stream.rest()

    versions = [event.version for event in events]
    assert versions == sorted(set(versions))
    assert len(events) < newest / 2
    assert events[-1].status == "succeeded"


async def test_a_slow_reader_gets_the_end_when_it_reads_again(service, puppet, eventually, one):
    generation, run = one
    stream = await service.watch(generation, sock=await connected(service))
    await stream.next()
    stream.connection.reader._transport.pause_reading()
    flood(run)
    run.succeed()
    await service.ended(generation)
    stream.connection.reader._transport.resume_reading()
    events = await stream.rest()

    assert events[-1].status == "succeeded"


async def test_readers_that_vanish_leave_neither_tasks_nor_files(service, puppet, eventually, one):
    generation, _ = one
    await service.watch(generation)
    tasks, files = len(asyncio.all_tasks()), open_files()
    for path in (f"/v1/generations/{generation}/events", f"/api/generation?sessionId={generation}", "/v1/events"):
        for _ in range(20):
            stream = await service.stream(path)
            await stream.next()
            await stream.close()
    polls = [await service.connect() for _ in range(20)]
    newest = service.core.hub.newest(generation).version
    for poll in polls:
        poll.writer.write(f"GET /v1/generations/{generation}?wait=60&after={newest} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await eventually(lambda: len(service.core.hub._channels[generation].subscriptions) == 21)
    for poll in polls:
        poll.cut()

    await eventually(lambda: len(service.app[STREAMS]) == 1)
    await eventually(lambda: len(service.core.hub._channels[generation].subscriptions) == 1)
    await eventually(lambda: len(asyncio.all_tasks()) <= tasks and open_files() <= files)


async def test_a_thousand_readers_cost_one_watch_and_one_encoding_of_each_status(service, puppet, eventually, one, monkeypatch):
    generation, run = one
    tasks, files = len(asyncio.all_tasks()), open_files()
    streams = [await service.watch(generation) for _ in range(CROWD)]
    for stream in streams:
        await stream.next()
    encoded = []
    encode_status = codec.encode_status
    for room in (scribe, codec, frames):
        monkeypatch.setattr(room, "encode_status", lambda status: encoded.append(status.version.seq) or encode_status(status))
    chunked = []
    chunk = frames.chunk
    monkeypatch.setattr(frames, "chunk", lambda event: chunked.append(event) or chunk(event))
    before = service.core.hub.newest(generation).version.seq
    for number in range(1, 6):
        run.say(Progressed(number / 10))
    run.succeed()
    readings = await asyncio.gather(*(stream.rest() for stream in streams))
    end = service.core.hub.newest(generation).version.seq

    assert all(events[-1].status == "succeeded" for events in readings)
    assert {events[-1].id for events in readings} == {str(service.core.hub.newest(generation).version)}
    assert encoded == list(range(before + 1, end + 1))
    assert len(chunked) == len(encoded)
    assert len(puppet.runs) == 1
    for stream in streams:
        await stream.close()
    await eventually(lambda: len(asyncio.all_tasks()) <= tasks and open_files() <= files)


async def test_a_thousand_connects_and_cuts_leave_nothing(service, eventually, one):
    generation, _ = one
    tasks, files = len(asyncio.all_tasks()), open_files()
    streams = await asyncio.gather(*(service.watch(generation) for _ in range(CROWD)))
    await eventually(lambda: len(service.app[STREAMS]) == CROWD)
    for stream in streams:
        await stream.close()

    await eventually(lambda: not service.app[STREAMS])
    await eventually(lambda: len(asyncio.all_tasks()) <= tasks and open_files() <= files)
    assert not service.core.hub._channels[generation].subscriptions


async def connected(service):
    ears = small_ears()
    ears.setblocking(False)
    await asyncio.get_running_loop().sock_connect(ears, ("127.0.0.1", service.port))
    return ears


async def test_a_storm_of_connections_finds_room_before_the_loop_has_a_turn(service):
    storm = min(1500, LONGEST_QUEUE)
    poll = select.poll()
    with ExitStack() as held:
        for _ in range(storm):
            connection = held.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", service.port))
            poll.register(connection, select.POLLOUT)
        deadline = time.monotonic() + 0.5  # who finds no room asks again after a second
        while (room := sum(event == select.POLLOUT for _, event in poll.poll(0))) < storm and time.monotonic() < deadline:
            time.sleep(0.01)  # noqa: ASYNC251 - the loop is to have no turn
        assert room == storm
