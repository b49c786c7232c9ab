"""The load client counts what came, and nothing else: every figure of the benchmark rests on it."""

import asyncio
import os
import time

import pytest

from bench.load.client import LoadFailed, sseload

from .conftest import chunk

GO = ("--publish", "/go", "--go")


def event(number, *, end=b"\n", text=b""):
    stamp = time.monotonic_ns()
    return b'id: 7-%d%sdata: {"message":"t=%d n=%d %s"}%s%s' % (number, end, stamp, number, text, end, end)


@pytest.mark.parametrize("size", [1, 2, 7, 100])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("chunks", ["one each", "many each"])
async def test_events_are_counted_wherever_the_bytes_are_cut(tiny, size, end, chunks):
    sent = []

    def posted(path, body):
        text = b"".join(event(number, end=end) + b": hb" + 2 * end for number in range(5)) + b"data: over" + 2 * end
        pieces = [text] if chunks == "one each" else [text[at : at + 13] for at in range(0, len(text), 13)]
        raw = b"".join(map(chunk, pieces))
        sent.extend((raw, asyncio.ensure_future(tiny.dribble(writer, raw, size))) for writer in tiny.streams)
        return b""

    tiny.posted = posted
    load = await tiny.drive("/sub/0", "-n", 3, *GO, "--final", "over", "-d", 10)
    assert (load.connected, load.events, load.received, load.final, load.comments) == (3, 18, 18, 3, 15)
    assert (load.missing, load.disordered, load.repeated) == (0, 0, 0)
    assert load.latency.n == 15
    whole = sum(len(raw) for raw, _ in sent)
    assert whole - 6 <= load.bytes <= whole  # the window may close before the line end behind the last chunk


async def test_packed_streams_are_unpacked_and_counted_as_they_were_on_the_wire(tiny):
    tiny.is_packed = True
    tiny.first = event(0, text=b"light " * 50)

    def posted(path, body):
        for writer in tiny.streams:
            for number in range(1, 11):
                tiny.send(writer, event(number, text=b"light " * 50))
        return b""

    tiny.posted = posted
    load = await tiny.drive("/sub/0", "-n", 4, "-H", "Accept-Encoding: gzip", *GO, "-e", 40, "-d", 10)
    assert (load.gzip, load.events, load.missing) == (4, 40, 0)
    assert 0 < load.bytes < 40 * 200
    assert "Accept-Encoding: gzip\r\n" in tiny.heads[0]


@pytest.mark.parametrize("how", [(), ("--spin",)], ids=["sleeping", "spinning"])
async def test_closed_loop_waits_until_an_event_is_everywhere(tiny, how):
    heard, under_way = [], []

    def deliver(body, *writers):
        tiny.send(writers[0], b"data: %s\n\n" % body.encode())
        if len(writers) > 1:
            asyncio.get_running_loop().call_later(0.005, deliver, body, *writers[1:])
        else:
            under_way.remove(body)

    def posted(path, body):
        heard.append((path, body, len(under_way)))
        under_way.append(body)
        asyncio.get_running_loop().call_soon(deliver, body, *tiny.streams)
        return b""

    tiny.posted = posted
    load = await tiny.drive("/sub/%d", *how, "-n", 5, "-m", 1, "--publish", "/pub/%d", "-W", 1, "-X", 8, "-z", 200, "-d", 10)
    assert (load.published, load.received, load.missing) == (8, 40, 0)
    assert {(path, len(body), waiting) for path, body, waiting in heard} == {("/pub/0", 200, 0)}
    assert [body.split()[1] for _, body, _ in heard] == [f"n={number}" for number in range(8)]


async def test_client_with_a_core_of_its_own_never_sleeps(tiny):
    sseload()  # to compile it is work of children too
    used = [os.times().children_user + os.times().children_system]
    for how in ((), ("--spin",)):
        await tiny.drive("/sub/0", "-n", 1, *how, "-d", 1)
        used.append(os.times().children_user + os.times().children_system)
    asleep, awake = used[1] - used[0], used[2] - used[1]
    assert awake > 5 * asleep


async def test_open_loop_times_from_the_moment_an_event_was_due(tiny):
    heard = []

    def posted(path, body):
        heard.append(body)
        if len(heard) == 1:
            time.sleep(0.2)  # a server that is held up, and a publisher that has to wait for it
        for writer in tiny.streams:
            tiny.send(writer, b"data: %s\n\n" % body.encode())
        return b""

    tiny.posted = posted
    load = await tiny.drive("/sub/0", "-n", 2, "--publish", "/pub/0", "-R", 100, "-X", 10, "-d", 5)
    assert (load.published, load.received, load.latency.n) == (10, 20, 20)
    assert load.latency.p50 > 100  # the fifth was due after 40 ms


async def test_what_is_skipped_or_out_of_order_or_said_twice_is_told_apart(tiny):
    def posted(path, body):
        for number in (0, 1, 1, 5, 4, 6):
            tiny.send(tiny.streams[0], event(number))
        return b""

    tiny.posted = posted
    load = await tiny.drive("/sub/0", *GO, "-e", 6, "-d", 10)
    assert (load.events, load.missing, load.disordered, load.repeated) == (6, 4, 1, 1)


async def test_laggard_reads_its_first_event_and_is_not_counted_after_it(tiny):
    tiny.first = event(0)

    def posted(path, body):
        for writer in tiny.streams:
            for number in range(1, 4):
                tiny.send(writer, event(number))
        return b""

    tiny.posted = posted
    load = await tiny.drive("/sub/0", "-n", 4, "--laggards", 1, *GO, "-d", 1.5)
    assert (load.connected, load.events, load.received) == (4, 9, 9)


async def test_storm_comes_back_with_the_last_id_and_counts_what_comes_then(tiny):
    published = []

    def posted(path, body):
        published.append(body)
        tiny.first = event(len(published))
        return b""

    tiny.posted = posted
    load = await tiny.drive("/sub/0", "-n", 3, "--storm", "--publish", "/pub/0")
    assert (load.completed, load.events, len(published)) == (3, 3, 2)
    streams = [head for head in tiny.heads if head.startswith("GET")]
    assert [("Last-Event-ID: 7-1\r\n" in head) for head in streams] == [False] * 3 + [True] * 3


@pytest.mark.parametrize("how", [("-p", 4), ("-R", 200)])
async def test_creation_is_over_with_the_first_event_of_its_own_stream(tiny, how):
    made = []

    def posted(path, body):
        made.append(body)
        return b'{"success":true,"sessionId":"run-%d","more":1}' % len(made)

    tiny.posted = posted
    tiny.first = b": ok\n\n" + event(0)
    words = ("--create", 12, "--publish", "/make", "--id", "sessionId", "-B", '{"prompt":"%n"}', *how)
    load = await tiny.drive("/watch/%s/events", *words, "-d", 10)
    assert (load.completed, load.failed, load.completing.n) == (12, 0, 12)
    paths = {head.split(" ")[1] for head in tiny.heads if head.startswith("GET")}
    assert paths == {f"/watch/run-{number}/events" for number in range(1, 13)}
    assert sorted(made) == sorted(f'{{"prompt":"{number}"}}' for number in range(12))


async def test_refused_stream_is_counted_as_failed(tiny):
    tiny.status = b"503 Service Unavailable"
    load = await tiny.drive("/sub/0", "-n", 3, "-d", 0.1)
    assert (load.connected, load.failed) == (0, 3)
    assert load.complaint.startswith("sseload: refused: HTTP/1.1 503 Service Unavailable\n")


async def test_stream_that_ends_is_counted_as_ended(tiny):
    def posted(path, body):
        for writer in tiny.streams:
            tiny.send(writer, event(0))
            writer.write(b"0\r\n\r\n")
        return b""

    tiny.posted = posted
    load = await tiny.drive("/sub/0", "-n", 2, *GO, "-d", 1.5)
    assert (load.events, load.ended, load.failed) == (2, 2, 0)


async def test_time_of_the_server_is_what_the_kernel_accounts_to_it(tiny):
    def posted(path, body):
        end = time.thread_time() + 0.3
        while time.thread_time() < end:
            pass
        tiny.send(tiny.streams[0], event(0))
        return b""

    tiny.posted = posted
    load = await tiny.drive("/sub/0", *GO, "-e", 1, "-d", 20, pids=[os.getpid()])
    assert 0.29 < load.cpu_seconds < 0.6
    assert load.rss_kib["connected"] > 1000


async def test_mistake_in_the_arguments_is_said_in_words(tiny):
    with pytest.raises(LoadFailed, match="streams: 1 to 65536"):
        await tiny.drive("/sub/0", "-n", 0)
