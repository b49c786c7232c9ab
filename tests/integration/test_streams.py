"""One generation on one stream: what comes first, what comes at the end, and where a reader takes up again."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest
from structlog.testing import capture_logs

from safelight.providers import Progressed, Started
from safelight.web.app import REPLAYS_AT_ONCE
from safelight.web.keys import REPLAYING, STREAMS

BOTH = pytest.mark.parametrize("surface", ["watch", "watch_seed"])
NO_CURSORS = [
    None,
    "",
    "0-0",
    "1-1",
    "5-99999999999999999999",
    "99999999999999999999-1",
    "99999999999999999999-99999999999999999999",
    "-",
    "1-",
    "-1-1",
    "1 - 1",
    "1-1-1",
    "0x1-1",
    "1e3-1",
    "nonsense",
    "\u0661-\u0661".encode(),
    bytes(range(0x80, 0x100)),
    b"\xff\xfe",
    "7" * 7000,
    b"\xe9" * 7000,
]


async def halfway(service, puppet, path="/v1/generations"):
    """Start a generation and bring it to 50 %; return its id, its run and its snapshot."""
    generation = await service.create(path)
    run = await puppet.run()
    run.say(Started(), Progressed(0.25), Progressed(0.5))
    return generation, run, await service.until(generation, lambda snapshot: snapshot.get("progress") == 50)


def id_of(snapshot):
    return f"{snapshot['epoch']}-{snapshot['seq']}"


@BOTH
async def test_a_stream_opens_with_a_comment_a_retry_and_the_headers_that_keep_proxies_from_buffering(service, puppet, surface):
    generation, _, _ = await halfway(service, puppet)
    stream = await getattr(service, surface)(generation)
    await stream.next()

    assert stream.status == 200
    assert stream.lines[:2] == [": ok", stream.lines[1]]
    assert 1500 <= stream.retries[0] <= 3000
    assert stream.headers["content-type"].split(";")[0] == "text/event-stream"
    assert stream.headers["cache-control"] == "no-cache, no-transform"
    assert stream.headers["x-accel-buffering"] == "no"
    assert stream.headers["x-content-type-options"] == "nosniff"
    assert stream.headers["transfer-encoding"] == "chunked"
    assert "content-encoding" not in stream.headers


async def test_readers_are_told_different_times_to_come_back(service, puppet):
    generation, _, _ = await halfway(service, puppet)
    retries = set()
    for _ in range(20):
        stream = await service.watch(generation)
        await stream.next()
        retries.update(stream.retries)
        await stream.close()

    assert len(retries) > 5


async def test_the_first_event_is_the_newest_snapshot_with_its_id(service, puppet):
    generation, run, snapshot = await halfway(service, puppet)
    stream = await service.watch(generation)

    first = await stream.next()
    assert first.data == snapshot
    assert first.id == id_of(snapshot)
    run.succeed()
    events = await stream.rest()
    assert events[-1].status == "succeeded"
    assert events[-1].data == await service.snapshot(generation)
    assert events[-1].id == stream.last_event_id


async def test_the_seeds_url_shows_the_first_snapshot_before_the_newest(service, puppet):
    generation, _, snapshot = await halfway(service, puppet)
    stream = await service.watch_seed(generation)

    assert (await stream.next()).data["seq"] == 1
    assert (await stream.next()).data == snapshot


@BOTH
async def test_a_finished_generation_is_shown_to_its_end_and_closed(service, puppet, surface):
    generation, run, _ = await halfway(service, puppet)
    run.succeed()
    ended = await service.ended(generation)
    events = await (await getattr(service, surface)(generation)).rest()

    assert events[-1].data == ended
    assert len(events) == (2 if surface == "watch_seed" else 1)


@BOTH
@pytest.mark.parametrize("how", ["header", "last_event_id", "lastEventId", "from"])
async def test_who_comes_back_with_the_terminal_id_gets_204(service, puppet, surface, how):
    generation, run, _ = await halfway(service, puppet)
    run.succeed()
    ended = id_of(await service.ended(generation))
    mark = "?" if surface == "watch" else "&"
    headers, query = ([("Last-Event-ID", ended)], "") if how == "header" else ([], f"{mark}{how}={ended}")
    answer = await (await getattr(service, surface)(generation, query, headers=headers)).connection.answer()

    assert (answer.status, answer.body) == (204, b"")


@BOTH
@pytest.mark.parametrize("cursor", NO_CURSORS, ids=range(len(NO_CURSORS)))
@pytest.mark.parametrize("is_over", [False, True], ids=["running", "over"])
async def test_a_cursor_from_nowhere_gets_the_current_snapshot(service, puppet, surface, cursor, is_over):
    generation, run, snapshot = await halfway(service, puppet)
    if is_over:
        run.succeed()
        snapshot = await service.ended(generation)
    stream = await getattr(service, surface)(generation, headers=[("Last-Event-ID", cursor)])
    events = await stream.until(lambda data: data["seq"] == snapshot["seq"])

    assert events[-1].data == snapshot
    assert [event.version for event in events] == sorted(event.version for event in events)


@BOTH
async def test_an_old_cursor_gets_the_newest_snapshot_only(service, puppet, surface):
    generation, _, snapshot = await halfway(service, puppet)
    stream = await getattr(service, surface)(generation, headers=[("Last-Event-ID", f"{snapshot['epoch']}-1")])

    assert (await stream.next()).data == snapshot


@BOTH
async def test_a_reader_who_is_up_to_date_hears_nothing_until_there_is_news(service, puppet, surface):
    generation, run, snapshot = await halfway(service, puppet)
    stream = await getattr(service, surface)(generation, headers=[("Last-Event-ID", id_of(snapshot))])
    run.say(Progressed(0.75))
    first = await stream.next()

    assert first.data["progress"] == 75
    assert first.data["seq"] == snapshot["seq"] + 1


async def test_the_header_wins_over_the_query(service, puppet):
    generation, run, snapshot = await halfway(service, puppet)
    stream = await service.watch(generation, "?last_event_id=1-1", headers=[("Last-Event-ID", id_of(snapshot))])
    run.say(Progressed(0.75))

    assert (await stream.next()).data["progress"] == 75


@BOTH
async def test_a_cursor_of_ten_kilobytes_gets_the_snapshot_like_any_malformed_one(service, puppet, surface):
    generation, _, snapshot = await halfway(service, puppet)
    stream = await getattr(service, surface)(generation, headers=[("Last-Event-ID", "1" * 10_240)])

    assert stream.status == 200
    assert (await stream.next()).data["sessionId"] == snapshot["sessionId"]


@BOTH
@pytest.mark.parametrize("start", ["start", "", "nonsense", "9999999999-1", "5-99999999999999999999", "%ff%fe"])
async def test_from_anywhere_unknown_gives_the_whole_journal_then_live(service, puppet, surface, start):
    generation, run, snapshot = await halfway(service, puppet)
    mark = "?" if surface == "watch" else "&"
    stream = await getattr(service, surface)(generation, f"{mark}from={start}")
    events = await stream.until(lambda data: data["seq"] == snapshot["seq"])
    run.say(Progressed(0.9))
    run.succeed()
    events += await stream.rest()

    assert [event.data["seq"] for event in events] == list(range(1, events[-1].data["seq"] + 1))
    assert events[-1].status == "succeeded"


async def test_from_an_id_gives_the_journal_after_it(service, puppet):
    generation, run, snapshot = await halfway(service, puppet)
    run.succeed()
    ended = await service.ended(generation)
    stream = await service.watch(generation, f"?from={snapshot['epoch']}-2")

    assert [event.data["seq"] for event in await stream.rest()] == list(range(3, ended["seq"] + 1))


async def test_who_reconnects_while_reading_the_journal_goes_on_behind_what_it_saw(service, puppet):
    generation, run, snapshot = await halfway(service, puppet)
    run.succeed()
    ended = await service.ended(generation)
    stream = await service.watch(generation, "?from=start", headers=[("Last-Event-ID", f"{snapshot['epoch']}-2")])

    assert [event.data["seq"] for event in await stream.rest()] == list(range(3, ended["seq"] + 1))


async def test_a_long_journal_that_grows_while_it_is_read_has_no_gap_and_no_double(service, puppet):
    generation = await service.create()
    run = await puppet.run()
    run.say(*(Progressed(number / 1000, message=f"{number} of many") for number in range(350)))
    stream = await service.watch(generation, "?from=start")
    await stream.next()
    run.say(*(Progressed(number / 1000, message=f"{number} of many") for number in range(350, 700)))
    run.succeed()
    seqs = [event.data["seq"] for event in await stream.rest()]

    assert seqs == list(range(2, seqs[-1] + 1))
    assert seqs[-1] > 500


async def test_what_is_journalled_while_the_last_page_is_read_is_shown_step_by_step(service, puppet, eventually, monkeypatch):
    generation, run, snapshot = await halfway(service, puppet)
    read, steps = service.core.journal.read, iter((0.6, 0.7, 0.8))

    async def read_slowly(*args):
        page = await read(*args)
        if not page and (step := next(steps, None)):
            run.say(Progressed(step), Progressed(step + 0.05))
            await eventually(lambda: service.core.hub.newest(generation).progress == round(step * 100) + 5)
        return page

    monkeypatch.setattr(service.core.journal, "read", read_slowly)
    stream = await service.watch(generation, "?from=start")
    events = await stream.until(lambda data: data.get("progress") == 85)

    assert [event.data["seq"] for event in events] == list(range(1, snapshot["seq"] + 7))


@BOTH
async def test_a_silent_stream_carries_comments_that_no_client_sees(serve, puppet, eventually, surface):
    service = await serve(streams={"heartbeat_seconds": 0.05})
    generation, run, _ = await halfway(service, puppet)
    stream = await getattr(service, surface)(generation)
    reading = asyncio.create_task(stream.rest())
    await eventually(lambda: stream.comments.count("hb") >= 3)
    run.succeed()
    events = await reading

    assert set(stream.comments) == {"ok", "hb"}
    assert events[-1].status == "succeeded"


async def test_a_reader_that_says_close_is_told_so_and_gets_it(service, puppet):
    generation, run, _ = await halfway(service, puppet)
    stream = await service.watch(generation, headers=[("Connection", "close")])
    run.succeed()
    events = await stream.rest()

    assert stream.headers["connection"] == "close"
    assert stream.headers["transfer-encoding"] == "chunked"
    assert events[-1].status == "succeeded"
    assert await stream.connection.reader.read() == b""


async def test_what_came_while_the_past_was_shown_was_shown_and_not_skipped(service, puppet, eventually):
    generation, run, _ = await halfway(service, puppet)
    with capture_logs() as lines:
        async with AsyncExitStack() as busy:
            for _ in range(REPLAYS_AT_ONCE):
                await busy.enter_async_context(service.app[REPLAYING])
            stream = await service.watch(generation, "?from=start")
            run.say(Progressed(0.6), Progressed(0.7))
            await service.until(generation, lambda snapshot: snapshot.get("progress") == 70)
        run.succeed()
        events = await stream.rest()
        (closed,) = await eventually(lambda: [line for line in lines if line["event"] == "stream_closed"])

    assert [event.version[1] for event in events] == list(range(1, len(events) + 1))
    assert closed["skipped"] == 0


@BOTH
async def test_an_http_1_0_reader_gets_plain_bytes_and_a_closed_connection(serve, puppet, eventually, surface):
    service = await serve(streams={"heartbeat_seconds": 0.05})
    generation, run, _ = await halfway(service, puppet)
    stream = await getattr(service, surface)(generation, version="1.0", headers=[("Connection", "keep-alive")])
    await stream.next()
    reading = asyncio.create_task(stream.rest())
    await eventually(lambda: "hb" in stream.comments)
    run.succeed()
    events = await reading

    assert "transfer-encoding" not in stream.headers
    assert stream.headers.get("connection") == "close"
    assert stream.connection.version == "HTTP/1.0"
    assert events[-1].status == "succeeded"
    assert await stream.connection.reader.read() == b""


async def test_after_the_end_of_a_chunked_stream_the_connection_can_be_used_again(service, puppet):
    generation, run, _ = await halfway(service, puppet)
    stream = await service.watch(generation)
    run.succeed()
    await stream.rest()
    await stream.connection.ask("GET", f"/v1/generations/{generation}")

    assert (await stream.connection.answer()).json["status"] == "succeeded"


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE"])
async def test_a_stream_is_only_ever_asked_for_with_get(service, puppet, method):
    generation, _, _ = await halfway(service, puppet)
    connection = await service.connect()
    await connection.ask(method, f"/v1/generations/{generation}/events")

    assert connection.status == 405
    assert connection.headers["allow"] == "GET"


async def test_an_unknown_generation_is_404_on_v1(service):
    answer = await service.call("GET", f"/v1/generations/{'0' * 32}/events")

    assert (answer.status, answer.json["code"]) == (404, "not_found")


async def test_past_the_limit_readers_are_sent_away_so_that_they_come_back(serve, puppet):
    service = await serve(streams={"max_streams": 1})
    generation, _, _ = await halfway(service, puppet)
    first = await service.watch(generation)
    await first.next()
    with capture_logs() as lines:
        for path in (f"/v1/generations/{generation}/events", "/v1/events"):
            away = await service.stream(path)
            assert await away.rest() == []
            assert away.status == 200
            assert 5000 <= away.retries[0] <= 15000
        (event,) = await (await service.watch_seed(generation)).rest()
    assert (event.id, event.status, event.data["code"]) == (None, "failed", "busy")
    told = [(line["profile"], line["reason"]) for line in lines if line["event"] == "stream_turned_away"]
    assert told == [("v1", "full"), ("events", "full"), ("seed", "full")]


async def test_a_crowd_that_comes_at_once_gets_no_more_places_than_there_are(serve, puppet, monkeypatch):
    service = await serve(streams={"max_streams": 2})
    generation, _, _ = await halfway(service, puppet)
    all_are_here, asked, look = asyncio.Event(), 0, service.core.look

    async def slowly(*args, **options):
        nonlocal asked
        asked += 1
        if asked == 5:
            all_are_here.set()
        await all_are_here.wait()
        return await look(*args, **options)

    monkeypatch.setattr(service.core, "look", slowly)
    streams = await asyncio.gather(*(service.watch(generation) for _ in range(5)))
    monkeypatch.undo()

    assert len(service.app[STREAMS]) == 2
    assert sorted("content-length" in stream.headers for stream in streams) == [False, False, True, True, True]


async def test_a_long_poll_answers_when_there_is_news(service, puppet, eventually):
    generation, run, snapshot = await halfway(service, puppet)
    path = f"/v1/generations/{generation}?wait=25&after={id_of(snapshot)}"
    polling = asyncio.create_task(service.call("GET", path))
    await eventually(lambda: service.core.hub._channels[generation].subscriptions)
    assert not polling.done()
    run.say(Progressed(0.75))

    assert (await polling).json["progress"] == 75


async def test_a_long_poll_that_hears_nothing_answers_with_what_is_known(service, puppet):
    generation, _, snapshot = await halfway(service, puppet)
    answer = await service.call("GET", f"/v1/generations/{generation}?wait=1&after={id_of(snapshot)}")

    assert (answer.status, answer.json) == (200, snapshot)


@pytest.mark.parametrize("after", ["1-1", "99999999999999999999-1", "nonsense", ""])
async def test_a_long_poll_from_anywhere_else_answers_at_once(service, puppet, after):
    generation, _, snapshot = await halfway(service, puppet)
    async with asyncio.timeout(5):
        answer = await service.call("GET", f"/v1/generations/{generation}?wait=60&after={after}")

    assert answer.json == snapshot


async def test_an_unchanged_snapshot_costs_no_bytes(service, puppet):
    generation, _, snapshot = await halfway(service, puppet)
    path = f"/v1/generations/{generation}"
    etag = (await service.call("GET", path)).headers["etag"]
    answer = await service.call("GET", path, headers=[("If-None-Match", etag)])

    assert etag == f'"{id_of(snapshot)}"'
    assert (answer.status, answer.body) == (304, b"")


async def test_a_failed_journal_ends_the_stream_and_leaves_no_error_page_in_it(service, puppet, monkeypatch):
    generation, _, _ = await halfway(service, puppet)

    async def fail(*args):
        raise OSError("the disk is gone")

    monkeypatch.setattr(service.core.journal, "read", fail)
    stream = await service.watch(generation, "?from=start")

    assert await stream.rest() == []
    assert json.dumps(stream.lines).count("HTTP") == 0


async def test_a_success_that_a_provider_states_itself_is_not_late_as_well(serve, eventually):
    service = await serve()
    with capture_logs() as lines:
        generation = await service.create(providerId="simulator", options={"scenario": "success"})
        await service.ended(generation)
        ended = await eventually(lambda: [line for line in lines if line["event"] == "generation_ended"])
    assert [line for line in lines if line["event"] == "provider_late"] == []
    assert [line["ignored"] for line in ended] == [0]
