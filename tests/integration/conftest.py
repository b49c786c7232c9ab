"""The real service on loopback, a provider that does what the test says, and a client that forgives nothing."""

import asyncio
import json
import re
import time
from contextlib import AsyncExitStack, asynccontextmanager
from inspect import isawaitable
from io import BytesIO
from urllib.parse import urlsplit

import attrs
import pytest
from PIL import Image

from safelight.config.model import Config, Data, Deadlines, Instance, JournalSettings, Retries, Server, Streams, Webhooks
from safelight.plugins import Offer, discover
from safelight.providers import (
    Capabilities,
    Durability,
    Job,
    LocalProvider,
    Produced,
    RemoteProvider,
    Started,
    WebhookRefused,
)
from safelight.web.serving import listening

PATIENCE = 20.0
ID = re.compile(rb"[0-9]{1,20}-[0-9]{1,20}")
OVER = object()
PROBLEM = {"type", "title", "status", "detail", "instance", "success", "error", "code", "retryable", "requestId"}


@attrs.define
class Event:
    """One event of a stream, and the bytes of the body up to and with its blank line."""

    id: str | None
    data: dict
    read: int
    name: str | None = None

    @property
    def status(self):
        return self.data["status"]

    @property
    def version(self):
        return self.data["epoch"], self.data["seq"]


@attrs.define
class Answer:
    """An answer read to its end."""

    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Connection:
    """One TCP connection, spoken to in bytes."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.version = self.status = self.headers = None

    @classmethod
    async def open(cls, port, **options):
        place = {} if "sock" in options else {"host": "127.0.0.1", "port": port}
        return cls(*await asyncio.open_connection(**place, **options))

    async def ask(self, method, path, *, headers=(), body=None, version="1.1"):
        """Send a request and read the answer's head. `headers` are pairs of text or bytes."""
        lines = [f"{method} {path} HTTP/{version}".encode("latin-1")]
        names = {name for name, _ in headers}
        given = [("Host", "localhost")] if "Host" not in names else []
        given += headers
        if body is not None:
            given.append(("Content-Length", str(len(body))))
        for name, value in given:
            if value is not None:
                lines.append(name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()))
        self.writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + (body or b""))
        await self.head()

    async def head(self):
        async with asyncio.timeout(PATIENCE):
            status_line, *lines = (await self.reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
        self.version, status, _ = status_line.split(" ", 2)
        self.status = int(status)
        self.headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            assert name.lower() not in self.headers or name.lower() == "vary", f"{name} stands twice"
            self.headers[name.lower()] = value.strip()

    async def body(self):
        """Yield the body as it comes; end with a proper end only."""
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int((await self.reader.readuntil(b"\r\n"))[:-2], 16):
                yield await self.reader.readexactly(size)
                assert await self.reader.readexactly(2) == b"\r\n"
            assert await self.reader.readexactly(2) == b"\r\n"
        elif "content-length" in self.headers:
            yield await self.reader.readexactly(int(self.headers["content-length"]))
        elif self.status not in {204, 304}:
            while some := await self.reader.read(65536):
                yield some

    async def answer(self):
        async with asyncio.timeout(PATIENCE):
            return Answer(self.status, self.headers, b"".join([some async for some in self.body()]))

    def cut(self):
        """Leave without a word, as a lost network does."""
        self.writer.transport.abort()


class Stream:
    """
    A server-sent event stream, read strictly.

    Only what the protocol page allows passes: LF, one `data` line, comments, `retry` and `id`, no named event, and a
    blank line behind everything. Iterating ends with a proper end; anything else raises.

    Attributes:
        named: The names that events may have; none, unless the test asked the service for some.
    """

    named = frozenset()

    def __init__(self, connection):
        self.connection = connection
        self.comments, self.retries = [], []
        self.last_event_id = ""
        self.lines = []
        self.read = 0
        self._events = self._parse()

    @property
    def status(self):
        return self.connection.status

    @property
    def headers(self):
        return self.connection.headers

    async def next(self):
        """Return the next event, None at the end."""
        async with asyncio.timeout(PATIENCE):
            return await anext(self._events, None)

    async def until(self, wanted):
        """Read on to the first event that is wanted; return all on the way."""
        events = []
        while (event := await self.next()) is not None:
            events.append(event)
            if wanted(event.data):
                return events
        raise AssertionError(f"the stream ended before: {events}")

    async def rest(self):
        """Return the events to the end."""
        events = []
        while (event := await self.next()) is not None:
            events.append(event)
        return events

    async def close(self):
        await self._events.aclose()
        self.connection.cut()

    async def _parse(self):
        held = b""
        async for some in self.connection.body():
            held += some
            while b"\n\n" in held:
                block, _, held = held.partition(b"\n\n")
                self.read += len(block) + 2
                if (event := self._event(block)) is not None:
                    yield event
        assert held == b"", f"the last event has no blank line behind it: {held!r}"

    def _event(self, block):
        assert b"\r" not in block
        assert b"\0" not in block
        fields = {}
        for line in block.decode().split("\n"):
            self.lines.append(line)
            name, colon, value = line.partition(": ")
            assert colon, line
            if not name:
                self.comments.append(value)
                continue
            assert name in {"id", "data", "retry", "event"}, f"'{name}' has no place on this stream"
            assert name not in fields, f"two '{name}' lines in one event"
            fields[name] = value
        if "event" in fields:
            assert fields["event"] in self.named, f"no event may be named '{fields['event']}' here"
            assert "id" not in fields
        if "retry" in fields:
            self.retries.append(int(fields["retry"]))
        if "data" not in fields:
            assert "id" not in fields
            return None
        if "id" in fields:
            assert ID.fullmatch(fields["id"].encode())
            self.last_event_id = fields["id"]
        data = json.loads(fields["data"])
        assert len(fields["data"]) <= 16 * 1024
        return Event(fields.get("id"), data, self.read, fields.get("event"))


class Run:
    """One run of the puppet; what the test says is what happens."""

    def __init__(self, request):
        self.request = request
        self.said = asyncio.Queue()

    def say(self, *updates):
        for update in updates:
            self.said.put_nowait(update)

    def succeed(self):
        self.say(Produced(picture()), OVER)


def picture():
    """Return a small real PNG."""
    made = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(made, "png")
    return made.getvalue()


class Puppeteer:
    """Holds the strings: every run so far, the newest last."""

    def __init__(self):
        self.runs = []
        puppeteer = self

        class Puppet(LocalProvider):
            """Does what the test says."""

            name = "puppet"

            async def generate(self, request, control):
                run = Run(request)
                puppeteer.runs.append(run)
                while (update := await run.said.get()) is not OVER:
                    if isinstance(update, BaseException):
                        raise update
                    yield update

        self.offer = Offer(cls=Puppet, plugin="puppet", distribution="safelight-tests", version="0")

    async def run(self, number=-1):
        """Return a run, once it has begun."""
        await eventually(lambda: len(self.runs) > max(number, 0))
        return self.runs[number]


class Switchboard:
    """
    An upstream that calls back, and the provider that knows it; its jobs stand where the test says.

    Attributes:
        said: What a poll answers.
        urls: Where it may call, by the key of the submission.
        heard: Every message that the provider was to judge.
        gate: Opened, lets a judgement pass that was told to wait.
    """

    def __init__(self):
        self.said = [Started()]
        self.polls = 0
        self.urls = {}
        self.heard = []
        self.gate = asyncio.Event()
        board = self

        class Hooked(RemoteProvider):
            """Is polled once a minute, and at once when it is called."""

            name = "hooked"
            capabilities = Capabilities(durability=Durability.REMOTE, poll_seconds=1)

            async def submit(self, request, key):
                board.urls[key] = self.resources.webhook_url(key)
                return Job(key)

            async def poll(self, job):
                board.polls += 1
                return list(board.said)

            async def webhook(self, raw, headers):
                board.heard.append((raw, headers))
                match headers.get("x-signature"):
                    case "slow":
                        await board.gate.wait()
                    case "slow and forged":
                        await board.gate.wait()
                        raise WebhookRefused("It is not signed by the upstream.")
                    case "broken":
                        raise RuntimeError
                    case said if said != "good":
                        raise WebhookRefused("It is not signed by the upstream.")

        self.offer = Offer(cls=Hooked, plugin="hooked", distribution="safelight-tests", version="0")

    async def path(self):
        """Return the path of the newest submission's URL, once it is polled."""
        await eventually(lambda: self.urls and self.polls)
        return urlsplit(list(self.urls.values())[-1]).path


async def eventually(condition):
    """Wait until `condition()`, awaited where it has to be, is true; return what it is."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = condition()
        if answer := (await answer if isawaitable(answer) else answer):
            return answer
        assert time.monotonic() < deadline, "still not so"
        await asyncio.sleep(0.005)


def check_problem(answer, status, code):
    """Every refusal has one shape, and can be read by the seed's client too."""
    assert answer.status == status, answer
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    problem = answer.json
    assert set(problem) >= PROBLEM
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == f"urn:safelight:error:{code}"
    assert problem["success"] is False
    assert problem["error"] == problem["detail"] != ""
    assert re.fullmatch(r"[0-9a-f]{16}", problem["requestId"])
    assert "Traceback" not in answer.body.decode()
    return problem


class Service:
    """A service that listens, and what tests ask of it."""

    def __init__(self, up):
        self.up = up
        self.core, self.app, self.port, self.admin_port = up.core, up.app, up.port, up.admin_port
        self.connections = []

    async def connect(self, **options):
        connection = await Connection.open(self.port, **options)
        self.connections.append(connection)
        return connection

    async def call(self, method, path, body=None, *, headers=(), port=None, version="1.1"):
        """Ask once, on a connection of its own; a body that is not bytes is sent as JSON."""
        connection = await Connection.open(port or self.port)
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            await connection.ask(method, path, headers=headers, body=sent, version=version)
            return await connection.answer()
        finally:
            connection.cut()

    async def create(self, path="/v1/generations", **body):
        """Start a generation; return its id."""
        answer = await self.call("POST", path, {"prompt": "a lighthouse", **body})
        assert answer.json["success"] is True, answer
        return answer.json["sessionId"]

    async def snapshot(self, generation):
        return (await self.call("GET", f"/v1/generations/{generation}")).json

    async def until(self, generation, wanted):
        """Look until the snapshot is as wanted; return it."""

        async def look():
            snapshot = await self.snapshot(generation)
            return wanted(snapshot) and snapshot

        return await eventually(look)

    async def ended(self, generation):
        """Wait for the end; return the snapshot."""
        return await self.until(generation, lambda snapshot: snapshot["status"] in {"succeeded", "failed"})

    async def stream(self, path, *, headers=(), version="1.1", **options):
        connection = await self.connect(**options)
        await connection.ask("GET", path, headers=headers, version=version)
        return Stream(connection)

    async def watch(self, generation, query="", **more):
        return await self.stream(f"/v1/generations/{generation}/events{query}", **more)

    async def watch_seed(self, generation, query="", **more):
        return await self.stream(f"/api/generation?sessionId={generation}&providerId=puppet{query}", **more)

    def hang_up(self):
        for connection in self.connections:
            connection.cut()


@pytest.fixture
def puppet():
    return Puppeteer()


@pytest.fixture
def switchboard():
    return Switchboard()


@pytest.fixture
async def serve(tmp_path, puppet, switchboard):
    """Start the real service on free ports, with the puppet as its default provider; it must leave no task behind."""
    offers = {**discover().providers, "puppet": puppet.offer, "hooked": switchboard.offer}
    before = asyncio.all_tasks()

    @asynccontextmanager
    async def up(
        *,
        engine="memory",
        server=None,
        data=None,
        streams=None,
        deadlines=None,
        retries=None,
        min_free_bytes=0,
        providers=None,
        default_provider="puppet",
        routes=None,
        webhooks=Webhooks(),  # noqa: B008 - frozen
    ):
        config = Config(
            default_provider=default_provider,
            server=Server(**{"port": 0, "drain_seconds": 0.0, **(server or {})}),
            data=Data(**{"folder": str(tmp_path / "data"), "min_free_bytes": min_free_bytes, **(data or {})}),
            journal=JournalSettings(engine=engine),
            streams=Streams(**{"progress_seconds": 0.0, **(streams or {})}),
            webhooks=webhooks,
            deadlines=Deadlines(**(deadlines or {})),
            retries=Retries(**{"attempts": 1, **(retries or {})}),
            providers={"puppet": Instance(plugin="puppet"), "simulator": Instance(plugin="simulator"), **(providers or {})},
            routes=routes or {},
        )
        async with listening(config, discovery=attrs.evolve(discover(), providers=offers)) as listener:
            service = Service(listener)
            try:
                yield service
            finally:
                service.hang_up()

    async with AsyncExitStack() as stack:

        async def start(**settings):
            return await stack.enter_async_context(up(**settings))

        yield start
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"left behind: {left}"


@pytest.fixture
async def service(serve):
    return await serve()


@pytest.fixture(name="begun")
def _begun(puppet, eventually):
    """Start a generation on a service; return it and its run, which waits for the test."""

    async def begun(service):
        generation = await service.create()
        run = await puppet.run()
        await eventually(lambda: service.core.hub.newest(generation).version.seq == 2)
        return generation, run

    return begun


@pytest.fixture
async def one(service, begun):
    """A generation that runs and waits for the test, and its run."""
    return await begun(service)


@pytest.fixture(name="picture")
def _picture():
    return picture


@pytest.fixture(name="eventually")
def _eventually():
    return eventually


@pytest.fixture(name="check_problem")
def _check_problem():
    return check_problem
