"""A tiny server of streams whose every byte the test decides, for the load client to count."""

import asyncio
import threading
import time
import zlib

import pytest

from bench.load.client import drive

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%s\r\n"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


class Packer:
    """Packs a stream so that it can be read up to each flush."""

    def __init__(self):
        self._zip = zlib.compressobj(wbits=31)

    def __call__(self, data):
        return self._zip.compress(data) + self._zip.flush(zlib.Z_SYNC_FLUSH)


class Tiny:
    """
    Streams on `/sub/…`; a POST is told to `posted`, which may send.

    Attributes:
        heads: Of every request.
        streams: The writers of the open streams, in the order in which they came.
        first: What a stream begins with.
    """

    def __init__(self):
        self.heads = []
        self.streams = []
        self.first = b""
        self.is_chunked = True
        self.is_packed = False
        self.status = b""
        self.posted = lambda path, body: b""
        self._packers = {}

    async def serve(self, reader, writer):
        while head := await self._head(reader):
            self.heads.append(head)
            method, path, _ = head.split(" ", 2)
            length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0] or 0)
            body = await reader.readexactly(length)
            if method == "POST":
                answer = self.posted(path, body.decode())
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
            elif self.status:
                writer.write(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % self.status)
            else:
                self._open(writer)

    def send(self, writer, data):
        """Send a part of a stream."""
        if self.is_packed:
            data = self._packers[writer](data)
        writer.write(chunk(data) if self.is_chunked else data)

    async def dribble(self, writer, data, size):
        """Send bytes as they are, in pieces that arrive one by one."""
        for start in range(0, len(data), size):
            writer.write(data[start : start + size])
            await writer.drain()
            await asyncio.sleep(0)

    def _open(self, writer):
        more = b"Transfer-Encoding: chunked\r\n" if self.is_chunked else b""
        more += b"Content-Encoding: gzip\r\n" if self.is_packed else b""
        writer.write(HEAD % more)
        self._packers[writer] = Packer()
        self.streams.append(writer)
        if self.first:
            self.send(writer, self.first)

    @staticmethod
    async def _head(reader):
        try:
            return (await reader.readuntil(b"\r\n\r\n")).decode()
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return ""


@pytest.fixture
async def tiny():
    """The server, and `tiny.drive(path, …)`, which runs the client against it to its end."""
    server = Tiny()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**20)
    at = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"

    async def run(path, *arguments, **more):
        return await asyncio.to_thread(drive, at, path, "-w", "0.05", "--hard", "20", *map(str, arguments), **more)

    server.drive = run
    yield server
    for writer in server.streams:
        writer.close()
    listening.close()


@pytest.fixture
def eventually():
    """Ask again until the answer is wanted."""

    def ask(question, wanted):
        deadline = time.monotonic() + 20
        while not wanted(answer := question()):
            assert time.monotonic() < deadline, f"still {answer!r}"
            threading.Event().wait(0.02)
        return answer

    return ask
