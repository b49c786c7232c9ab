"""A folder of outputs, pictures, and servers that behave badly."""

import io
import struct
import zlib
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import attrs
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image

from safelight.config.model import OutputSettings
from safelight.egress import open_session
from safelight.outputs.local import LocalOutputs

GENERATION = "0123456789abcdef0123456789abcdef"


class FixedClock:
    def now(self):
        return datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


def picture(kind="PNG", size=(8, 6)):
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, kind)
    return file.getvalue()


def bomb(width, height):
    """A PNG that claims to be huge and carries next to nothing."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@attrs.frozen
class Shop:
    """Open outputs with a look behind the counter."""

    outputs: LocalOutputs
    folder: object

    async def keep(self, content, claimed=None, **more):
        return await self.outputs.keep(GENERATION, content, claimed_type=claimed, seed=None, **more)

    async def bytes_of(self, url):
        kept = await self.outputs.open(*url.split("/")[-2:])
        with kept.file:
            return kept.file.read()

    def files(self):
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
async def open_shop(tmp_path):
    async with AsyncExitStack() as stack:

        async def open_(*, min_free_bytes=0, folder=tmp_path / "outputs", **settings):
            outputs = LocalOutputs(folder, OutputSettings(**settings), FixedClock(), min_free_bytes=min_free_bytes)
            return Shop(await stack.enter_async_context(outputs), folder)

        yield open_


@pytest.fixture
async def shop(open_shop):
    return await open_shop()


@pytest.fixture
async def session():
    async with open_session(private_network=True) as opened:
        yield opened


@pytest.fixture
async def serve():
    """Serves handlers by path, on loopback, and returns the URL of the server."""
    async with AsyncExitStack() as stack:

        async def serve_(routes, host="127.0.0.1", ssl=None):
            app = web.Application()
            for path, handler in routes.items():
                app.router.add_get(path, handler)
            server = TestServer(app, host=host, scheme="https" if ssl else "http")
            await server.start_server(ssl=ssl)
            stack.push_async_callback(server.close)
            return f"{server.scheme}://{host}:{server.port}"

        yield serve_


@pytest.fixture
def make_picture():
    return picture


@pytest.fixture
def make_bomb():
    return bomb
