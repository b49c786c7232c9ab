"""A network that fails at every possible moment costs nobody the result."""

import asyncio
import re
import resource

import pytest
from structlog.testing import capture_logs

from safelight.providers import Progressed
from safelight.web.keys import STREAMS

EVENT = re.compile(rb"id: ([0-9]+-[0-9]+)\ndata: [^\n]*\n\n")
POSITIONS = 3600
"""More than any of these streams has bytes, head and framing counted; the test proves it."""


@pytest.fixture(autouse=True)
def _many_files():
    """Both ends of every connection live in this process, and ten thousand log lines would be its slowest part."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with capture_logs():
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Reader:
    """Follows a generation on a connection that breaks after so many bytes, then on one that holds."""

    def __init__(self, service, path, position):
        self.service, self.path, self.position = service, path, position
        self.raw = b""
        self.seen = []
        self.events = []
        self.is_turned_away = False
        self.is_back = asyncio.Event()

    async def live(self):
        await self._first()
        ids = EVENT.findall(unchunked(self.raw))
        self.seen = [tuple(map(int, seen.split(b"-"))) for seen in ids]
        stream = await self.service.stream(self.path, headers=[("Last-Event-ID", ids[-1])] if ids else [])
        self.is_turned_away = stream.status == 204
        self.is_back.set()
        self.events = [] if self.is_turned_away else await stream.rest()
        await stream.close()

    async def _first(self):
        connection = await self.service.connect()
        connection.writer.write(f"GET {self.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        while len(self.raw) < self.position and (some := await connection.reader.read(self.position - len(self.raw))):
            self.raw += some
        connection.cut()


def unchunked(raw):
    """Return what a browser has of the body by then, the part of a chunk that is not whole included."""
    body, rest = b"", raw.partition(b"\r\n\r\n")[2]
    while (size := rest.partition(b"\r\n"))[1]:
        length = int(size[0], 16)
        body += size[2][:length]
        rest = size[2][length + 2 :]
    return body


@pytest.mark.parametrize("path", ["/v1/generations/{}/events", "/api/generation?sessionId={}&providerId=puppet"])
async def test_a_cut_at_any_byte_leads_to_the_same_end_and_never_back(serve, puppet, eventually, path):
    service = await serve(engine="sqlite")
    generation = await service.create()
    run = await puppet.run()
    await eventually(lambda: service.core.hub.newest(generation).version.seq == 2)
    undisturbed, *readers = (Reader(service, path.format(generation), position) for position in (POSITIONS, *range(POSITIONS)))
    lives = [asyncio.create_task(reader.live()) for reader in (undisturbed, *readers)]
    await eventually(lambda: len(service.app[STREAMS]) >= POSITIONS - 600)  # all but those that were cut in the first bytes

    async def everybody_is_where_the_stream_is(seq):
        await eventually(lambda: EVENT.findall(unchunked(undisturbed.raw))[-1:] == [b"%d-%d" % (epoch, seq)])
        for reader in readers[: len(undisturbed.raw) + 1]:
            await reader.is_back.wait()

    epoch = service.core.hub.newest(generation).version.epoch
    await everybody_is_where_the_stream_is(2)
    for seq in (3,):
        run.say(Progressed(seq / 10))
        await everybody_is_where_the_stream_is(seq)
    cut_while_it_ran = len(undisturbed.raw)
    assert not service.core.hub.newest(generation).is_terminal
    run.succeed()
    final = await service.ended(generation)
    await asyncio.gather(*lives)

    assert 900 < cut_while_it_ran < len(undisturbed.raw) < POSITIONS
    for reader in readers:
        versions = [*reader.seen, *(event.version for event in reader.events)]
        assert versions == sorted(set(versions)), f"cut after {reader.position} bytes"
        assert versions[-1] == (final["epoch"], final["seq"])
        assert reader.is_turned_away == (reader.seen[-1:] == [versions[-1]])
        if reader.events:
            assert reader.events[-1].data == final
