"""A connection cut at any byte, and then the service: whoever comes back gets the same end, once, and nothing older."""

import asyncio
import json
import re
import resource
import socket
from contextlib import asynccontextmanager

import pytest

from safelight.versions import Version

PATIENCE = 30.0
AT_ONCE = 400
MANY = 64 * 1024
"""More bytes than any of these streams has; the test proves it."""
PATHS = ("/v1/generations/{}/events", "/api/generation?sessionId={}&providerId=puppet")
EVENT = re.compile(rb"id: ([0-9]+-[0-9]+)\ndata: ([^\n]*)\n\n")
PUPPET = """
import asyncio
from io import BytesIO

import attrs
from PIL import Image
from safelight.providers import LocalProvider, Produced, Progressed, hookimpl

@attrs.frozen
class Settings:
    port: int

class Puppet(LocalProvider):
    Settings = Settings

    async def generate(self, request, control):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.settings.port)
        async for line in reader:
            yield Progressed(float(line))
        writer.close()
        made = BytesIO()
        Image.new("RGB", (8, 8), "teal").save(made, "png")
        yield Produced(made.getvalue())

@hookimpl
def safelight_providers():
    return [Puppet]
"""
"""Each run ties a string to the test, takes fractions from it, one a line, and succeeds when the string is cut."""


@pytest.fixture(autouse=True)
def _many_files():
    """The test, and the service, which inherits this, hold thousands of connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Viewer(asyncio.BufferedProtocol):
    """Reads so many bytes of a stream, not one more, and breaks the connection; later it comes back on one that holds."""

    def __init__(self, path, position):
        self.path, self.position = path, position
        self.is_cut = asyncio.Event()
        self.count = 0
        self._buffer = bytearray(position)

    def connection_made(self, transport):
        self._transport = transport
        transport.write(request(self.path))

    def get_buffer(self, sizehint):
        return memoryview(self._buffer)[self.count :]

    def buffer_updated(self, nbytes):
        self.count += nbytes
        if self.count == self.position:
            self._transport.abort()

    def connection_lost(self, exc):
        self.is_cut.set()

    @property
    def head(self):
        """How many bytes came before those of the stream."""
        return self._buffer.index(b"\r\n\r\n") + 4

    @property
    def seen(self):
        """The events that were whole by then, as a browser counts: `(version, snapshot)`."""
        return events(unchunked(self._buffer[self.head : self.count])[0])

    async def come_back(self, port, final):
        """Ask with the id seen last: what comes is what was missed, no more, and ends as it should."""
        end = Version(final["epoch"], final["seq"])
        seen, news = self.seen, []
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(self.path, *(f"Last-Event-ID: {version}" for version, _ in seen[-1:])))
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        if seen[-1:] == [(end, final)]:
            assert head.startswith(b"HTTP/1.1 204 ")
            assert body == b""
        else:
            assert head.startswith(b"HTTP/1.1 200 ")
            stream, is_whole = unchunked(body)
            news = events(stream)
            assert is_whole
            assert len(news) == (2 if self.path.startswith("/api") and not seen else 1)
            assert news[-1] == (end, final)
        versions = [version for version, _ in (*seen, *news)]
        assert versions == sorted(set(versions)), f"cut after {self.count} bytes"


class Play:
    """One generation and, by stream, its viewers: the first is not disturbed, the others are cut at a position each."""

    def __init__(self, service, strings, positions=None):
        self._service, self._strings = service, strings
        self.generation = service.create()["sessionId"]
        self._crowds = {
            path: [Viewer(path.format(self.generation), position) for position in (MANY, *(positions[path] if positions else ()))]
            for path in PATHS
        }
        self._everybody = [viewer for crowd in self._crowds.values() for viewer in crowd]

    async def develop(self, *fractions):
        """Wait until it runs, let everybody connect, a few at a time, and let it come so far."""
        self._string = await self._strings.get()
        await until(lambda: self._service.snapshot(self.generation)["seq"] == 2)
        loop = asyncio.get_running_loop()
        for some in few_at_a_time(self._everybody):
            await asyncio.gather(
                *(loop.create_connection(lambda v=viewer: v, "127.0.0.1", self._service.port) for viewer in some)
            )
            await until(lambda some=some: all(viewer.count for viewer in some))
        await self._are_at(2)
        for seq, fraction in enumerate(fractions, 3):
            self._string.write(b"%f\n" % fraction)
            await self._are_at(seq)

    async def succeed(self):
        """Let it come to its end, and the streams to theirs."""
        self._string.close()
        await self.are_cut()
        return self._service.snapshot(self.generation)

    async def are_cut(self):
        """Wait until nobody is connected any more."""
        async with asyncio.timeout(PATIENCE):
            for viewer in self._everybody:
                await viewer.is_cut.wait()
        assert all(crowd[0].count < MANY for crowd in self._crowds.values())

    async def come_back(self, port, final):
        """Let everybody come back."""
        for some in few_at_a_time(self._everybody):
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(viewer.come_back(port, final) for viewer in some))

    def positions(self, *, beyond=1, step=1):
        """Where each stream can be cut: from its first byte to where it stands now."""
        return {path: range(crowd[0].head, crowd[0].count + beyond, step) for path, crowd in self._crowds.items()}

    async def _are_at(self, seq):
        for undisturbed, *others in self._crowds.values():
            await until(lambda u=undisturbed: any(version.seq == seq for version, _ in u.seen))
            await until(lambda u=undisturbed, o=others: all(viewer.count == min(viewer.position, u.count) for viewer in o))


def request(path, *headers):
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", "")).encode()


def unchunked(rest):
    """Return what a browser has of a body by then, the part of a chunk that is not whole included; and whether it has all."""
    body = b""
    while (size := rest.partition(b"\r\n"))[1]:
        length = int(size[0], 16)
        if not length:
            return body, size[2] == b"\r\n"
        body += size[2][:length]
        rest = size[2][length + 2 :]
    return body, False


def events(body):
    return [(Version.parse(id_.decode()), json.loads(data)) for id_, data in EVENT.findall(body)]


def few_at_a_time(viewers):
    return (viewers[start : start + AT_ONCE] for start in range(0, len(viewers), AT_ONCE))


async def until(condition):
    async with asyncio.timeout(PATIENCE):
        while True:
            if condition():
                return
            await asyncio.sleep(0.005)


def is_listening(port):
    with socket.socket() as ours:
        return ours.connect_ex(("127.0.0.1", port)) == 0


@asynccontextmanager
async def hands():
    """Hold the strings: give the port that runs tie them to, and a queue of them."""
    strings = asyncio.Queue()
    async with await asyncio.start_server(lambda _, writer: strings.put_nowait(writer), "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], strings


@pytest.mark.parametrize(("stop", "cuts"), [("kill", {}), ("left", {"beyond": 800, "step": 7})], ids=["killed", "left-in-order"])
async def test_a_cut_at_any_byte_and_then_a_restart_lead_to_the_same_end_and_never_back(launch, site, free_port, stop, cuts):
    site.ship("puppet", PUPPET)
    async with hands() as (port, strings):

        async def up():
            puppet = {"default_provider": "puppet", "providers__puppet__plugin": "puppet", "providers__puppet__port": port}
            fast = {"server__drain_seconds": 0, "streams__progress_seconds": 0, "logs__level": "warning"}
            service = launch(port=free_port, env=site.env, **fast, **puppet)
            service.port = free_port  # where browsers come back to; that it listens would be logged as info
            await until(lambda: is_listening(free_port))
            return service

        service = await up()
        rehearsal = Play(service, strings)
        await rehearsal.develop()
        await rehearsal.succeed()
        finished = Play(service, strings, rehearsal.positions(**cuts))
        await finished.develop()
        result = await finished.succeed()
        assert finished.positions(**cuts) == rehearsal.positions(**cuts)
        assert (result["outcome"], result["charged"]) == ("succeeded", "no")

        rehearsal = Play(service, strings)
        await rehearsal.develop(0.25, 0.5)
        positions = rehearsal.positions(**cuts)
        running = Play(service, strings, positions)
        await running.develop(0.25, 0.5)
        assert running.positions(**cuts) == positions
        await rehearsal.succeed()  # no sooner: after a third success estimates are told, and no two runs are alike
        before = service.snapshot(running.generation)
        await asyncio.to_thread(getattr(service, stop))
        await running.are_cut()

        service = await up()
        final = service.snapshot(running.generation)
        assert (final["status"], final["outcome"], final["charged"]) == ("failed", "interrupted", "no")
        assert final["seq"] == before["seq"] + 1
        assert final["epoch"] > before["epoch"] if stop == "kill" else final["epoch"] == before["epoch"]
        assert service.snapshot(finished.generation) == result
        await finished.come_back(service.port, result)
        await running.come_back(service.port, final)
