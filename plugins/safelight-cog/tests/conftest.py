"""A Cog server that says what a test wants it to, on loopback, and providers opened on it as core opens them."""

import asyncio
import json
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from safelight.testing import admitted, open_provider, open_service
from safelight_cog.provider import Cog

RECORDINGS = Path(__file__).parent / "recordings"
DOCUMENT = json.loads((RECORDINGS / "openapi.json").read_text(encoding="utf-8"))
HEALTH = {"status": "READY", "setup": {"started_at": "2026-11-23T13:32:46Z"}, "version": {"coglet": "0.23.1"}}


class FakeCog:
    """
    Answers as a real server did when it was recorded.

    Attributes:
        document: What `/openapi.json` says; None: it has none yet.
        running: What a look at a job shows, by key; whoever is not in here is not running.
        story: What a listener is sent, one part per connection.
        refusals: The statuses that listeners are answered in place of a stream, one each.
        is_endless: Whether the connection then stays open, until somebody calls `free`.
        on_put: What happens to a job that is put and not running.
        asked: Every request as `(method, path, body, headers)`.
    """

    def __init__(self):
        self.document = DOCUMENT
        self.health = HEALTH
        self.health_status = 200
        self.running = {}
        self.story = []
        self.refusals = []
        self.is_endless = False
        self.last_words = ""
        self.freed = asyncio.Event()
        self.on_put = self.accept
        self.asked = []
        self.canceled = []
        self.on_cancel = lambda: None
        self.app = web.Application()
        self.app.router.add_get("/openapi.json", self._document)
        self.app.router.add_get("/health-check", self._health)
        self.app.router.add_put("/predictions/{key}", self._put)
        self.app.router.add_post("/predictions/{key}/cancel", self._cancel)

    @property
    def started(self):
        """The inputs of all jobs that were started, or would have been."""
        return [body["input"] for method, _, body, _ in self.asked if method == "PUT" and isinstance(body["input"], dict)]

    async def accept(self, request, key):
        self.running[key] = {"id": key, "status": "processing", "logs": "", "metrics": {}}
        return web.json_response({"id": key, "status": "starting"}, status=202)

    async def _document(self, request):
        if self.document is None:
            return web.json_response({"error": "OpenAPI schema not available"}, status=503)
        return web.json_response(self.document)

    async def _health(self, request):
        return web.json_response(self.health, status=self.health_status)

    async def _cancel(self, request):
        key = request.match_info["key"]
        self.canceled.append(key)
        self.on_cancel()
        return web.json_response({}, status=200 if key in self.running else 404)

    async def _put(self, request):
        key, body = request.match_info["key"], await request.json()
        self.asked.append((request.method, request.path, body, dict(request.headers)))
        is_stream = request.headers["Accept"] == "text/event-stream"
        if is_stream and self.refusals:
            return web.Response(status=self.refusals.pop(0), text="<html>", headers={"Location": "/elsewhere"})
        if key in self.running:
            return await self._tell(request) if is_stream else web.json_response(self.running[key], status=202)
        if not isinstance(body["input"], dict):
            fault = {"loc": ["body", "input", "__root__"], "msg": '"x" is not of type "object"', "type": "value_error"}
            return web.json_response({"detail": [fault]}, status=422)
        return await self.on_put(request, key)

    async def _tell(self, request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        part = self.story.pop(0) if self.story else ""
        await response.write(part.encode())
        if self.is_endless:
            await self.freed.wait()
            await response.write(self.last_words.encode())
        return response

    def free(self, last_words):
        """Let every connection that stays open end with these words."""
        self.last_words = last_words
        self.freed.set()


@pytest.fixture
async def fake():
    server = FakeCog()
    async with TestServer(server.app) as listening:
        server.url = str(listening.make_url("/"))
        yield server


@pytest.fixture
def recorded():
    """A recorded stream, as text."""
    return lambda name: (RECORDINGS / f"sse_{name}.txt").read_text(encoding="utf-8")


@pytest.fixture
def open_cog(fake, tmp_path):
    """`async with open_cog(**settings) as provider`; opened twice it finds the same folder."""
    return lambda **settings: open_provider(Cog, tmp_path, {"url": fake.url, **settings})


@pytest.fixture
def open_whole(fake, tmp_path):
    """`async with open_whole() as service`: with the service around the provider."""
    return lambda: open_service(Cog, tmp_path / "data", {"url": fake.url})


@pytest.fixture
def ask():
    """A request as it is admitted under a provider's terms."""
    return admitted


@pytest.fixture
def heard():
    """Everything a provider says of a job."""

    async def listen(provider, job):
        return [update async for update in provider.watch(job)]

    return listen
