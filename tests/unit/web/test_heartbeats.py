"""Who is looked at, and when."""

import asyncio
from contextlib import asynccontextmanager
from functools import partial

import pytest
from structlog.testing import capture_logs

from safelight.frames import form_of
from safelight.rows import Row, Shortcut
from safelight.versions import Version
from safelight.web.heartbeats import Heartbeats

FORM = form_of(has_ids=True, is_chunked=True)
PATIENCE = 15.0
LATEST = 18.5


class Stream:
    """A stream that notes when it beat; one in a row beats for all in it."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.silent_since = self.loop.time()
        self.beats = []
        self.looks = 0
        self.row = None

    def __getattribute__(self, name):
        if name == "silent_since":
            self.looks += 1
        return super().__getattribute__(name)

    def beat(self):
        self.beats.append(self.loop.time())
        self.silent_since = self.loop.time()


@asynccontextmanager
async def beating(streams, seconds=PATIENCE):
    heartbeats = Heartbeats(streams, lambda: seconds)
    task = asyncio.create_task(heartbeats.run())
    yield heartbeats
    task.cancel()
    await asyncio.wait({task})


@pytest.mark.looptime
async def test_a_silent_stream_beats_again_and_again():
    stream = Stream()
    async with beating({stream}) as heartbeats:
        heartbeats.add(stream)
        await asyncio.sleep(100)
    pauses = [after - before for before, after in zip([0.0, *stream.beats], stream.beats, strict=False)]
    assert len(pauses) >= 5
    assert all(PATIENCE <= pause <= LATEST for pause in pauses)


@pytest.mark.looptime
async def test_a_stream_that_talks_is_looked_at_rarely_and_does_not_beat():
    stream = Stream()
    async with beating({stream}) as heartbeats:
        heartbeats.add(stream)
        for _ in range(300):
            await asyncio.sleep(1)
            stream.silent_since = stream.loop.time()
        assert stream.beats == []
        assert stream.looks < 2 * 300 / (PATIENCE - 1) + 4
        silent_from = stream.loop.time()
        await asyncio.sleep(LATEST + PATIENCE)
    assert PATIENCE <= stream.beats[0] - silent_from <= LATEST


@pytest.mark.looptime
async def test_a_crowd_that_fell_silent_together_does_not_beat_together():
    crowd = [Stream() for _ in range(2000)]
    async with beating(set(crowd)) as heartbeats:
        for stream in crowd:
            heartbeats.add(stream)
        await asyncio.sleep(LATEST)
    moments = [stream.beats[0] for stream in crowd]
    assert max(moments) - min(moments) > 2
    assert max(moments.count(moment) for moment in set(moments)) < len(crowd) / 4


@pytest.mark.looptime
async def test_a_stream_that_has_closed_is_let_go():
    stream, other = Stream(), Stream()
    streams = {stream, other}
    async with beating(streams) as heartbeats:
        heartbeats.add(stream)
        heartbeats.add(other)
        streams.discard(stream)
        await asyncio.sleep(LATEST)
        assert (stream.beats, stream.looks, len(other.beats)) == ([], 0, 1)


@pytest.mark.looptime
async def test_a_shorter_patience_holds_from_the_next_look_on():
    stream, patience = Stream(), [PATIENCE]
    heartbeats = Heartbeats({stream}, lambda: patience[0])
    task = asyncio.create_task(heartbeats.run())
    heartbeats.add(stream)
    patience[0] = 1.0
    await asyncio.sleep(30)
    assert len(stream.beats) >= 8
    task.cancel()
    await asyncio.wait({task})


@pytest.mark.looptime
async def test_a_stream_that_cannot_beat_is_not_looked_at_over_and_over():
    stream = Stream()
    stream.beat = lambda: stream.beats.append(stream.loop.time())
    async with beating({stream}) as heartbeats:
        heartbeats.add(stream)
        await asyncio.sleep(10 * LATEST)
    assert 9 <= len(stream.beats) <= 13, "tried once an interval"
    assert stream.looks <= 13


class Stand:
    """A row whose streams are told of its beats."""

    def __init__(self, streams):
        self.row = Row(Shortcut(FORM, None, None), Version(1, 1))
        for stream in streams:
            self.row.add(stream, None)
            stream.row = self.row
            stream.stand = self
            stream.beat = partial(self.beat, stream)

    def beat(self, stream):
        self.row.said_at = stream.loop.time()
        for member in self.row.members:
            member.beats.append(stream.loop.time())
            member.silent_since = stream.loop.time()

    def leave(self, stream):
        self.row.remove(stream)
        stream.row = None
        del stream.beat


def heard(stream):
    return stream.row.said_at


@pytest.fixture(autouse=True)
def _hears_with_its_row(monkeypatch):
    monkeypatch.setattr(Stream, "heard_at", property(heard), raising=False)


@pytest.mark.looptime
async def test_of_a_row_one_is_looked_at_and_all_beat():
    crowd = [Stream() for _ in range(100)]
    Stand(crowd)
    async with beating(set(crowd)) as heartbeats:
        for stream in crowd:
            heartbeats.add(stream)
        await asyncio.sleep(10 * LATEST)
    looks = sum(stream.looks for stream in crowd)
    assert looks <= 5 * len(crowd), "each once or twice, until it is kept by its row"
    for stream in crowd:
        pauses = [after - before for before, after in zip([0.0, *stream.beats], stream.beats, strict=False)]
        assert len(pauses) >= 10
        assert max(pauses) <= LATEST


@pytest.mark.looptime
async def test_whoever_leaves_a_row_is_looked_after_by_itself_and_the_others_go_on():
    crowd = [Stream() for _ in range(10)]
    stand, streams = Stand(crowd), set(crowd)
    async with beating(streams) as heartbeats:
        for stream in crowd:
            heartbeats.add(stream)
        await asyncio.sleep(3 * LATEST)
        stand.leave(crowd[0])
        stand.leave(crowd[5])
        streams.discard(crowd[5])
        told = len(crowd[5].beats)
        await asyncio.sleep(5 * LATEST)
    for stream in {*crowd} - {crowd[5]}:
        pauses = [after - before for before, after in zip([0.0, *stream.beats], stream.beats, strict=False)]
        assert len(pauses) >= 7
        assert max(pauses) <= LATEST
    assert len(crowd[5].beats) == told


@pytest.mark.looptime
async def test_a_row_that_everybody_has_left_is_let_go():
    crowd = [Stream() for _ in range(10)]
    stand = Stand(crowd)
    async with beating(set(crowd)) as heartbeats:
        for stream in crowd:
            heartbeats.add(stream)
        await asyncio.sleep(2 * LATEST)
        for stream in crowd:
            stand.leave(stream)
        await asyncio.sleep(3 * LATEST)
        assert heartbeats._kept == {}
    assert all(len(stream.beats) >= 4 for stream in crowd)


@pytest.mark.looptime
async def test_a_beat_that_fails_is_logged_and_costs_nobody_else_one():
    bad, good = Stream(), Stream()

    def fail():
        raise ZeroDivisionError

    bad.beat = fail
    with capture_logs() as lines:
        async with beating({bad, good}) as heartbeats:
            heartbeats.add(bad)
            heartbeats.add(good)
            await asyncio.sleep(100)
    assert len(good.beats) >= 5
    assert 5 <= len(lines) <= 6
    assert {line["event"] for line in lines} == {"heartbeat_failed"}


@pytest.mark.looptime
async def test_a_row_whose_beat_fails_is_tried_once_an_interval():
    crowd, tries = [Stream() for _ in range(5)], []

    def fail():
        tries.append(1)
        raise ZeroDivisionError

    Stand(crowd)
    for stream in crowd:
        stream.beat = fail
    with capture_logs() as lines:
        async with beating(set(crowd)) as heartbeats:
            for stream in crowd:
                heartbeats.add(stream)
            await asyncio.sleep(10 * LATEST)
    assert len(lines) == len(tries)
    assert 9 <= len(tries) <= 13 + len(crowd), "the row once an interval, and at first each until it is kept by its row"
