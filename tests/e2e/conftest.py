"""The service as its users have it: a process of its own, real sockets, a real data folder."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import textwrap
import threading
import time
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from tempfile import TemporaryFile

import pytest

PATIENCE = 30.0


def clean_environment(**more):
    """The tests' own environment without settings of the service, and what a process is given besides."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SAFELIGHT_")} | more


class Service:
    """A running `safelight serve`, its log lines as they come, and what tests ask of it."""

    def __init__(self, warm, folder, data, port, settings, env):
        overrides = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
        arguments = ["serve", "--port", str(port), "--data", str(data), *overrides]
        log, err = os.pipe()
        out = os.open(os.devnull, os.O_WRONLY)
        self._process = warm.start(arguments, folder=folder, env=clean_environment(**env), out=out, err=err)
        os.close(out)
        os.close(err)
        self._log = os.fdopen(log, encoding="utf-8")
        self._lines = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def is_up(self):
        """Wait until it listens; return itself."""
        listening = self.logged("service_listening")
        self.url = listening["url"]
        self.port = int(self.url.rpartition(":")[2])
        self.admin_port = listening["admin_port"]
        return self

    def logged(self, event, **facts):
        """Wait for a log line with these facts; return it."""
        with self._news:
            found = self._news.wait_for(lambda: self._find({"event": event, **facts}) or self._is_over(), PATIENCE)
        assert isinstance(found, dict), f"no {event} {facts} in the log:\n" + "\n".join(self._lines)
        return found

    def logged_with(self, *words):
        """Wait for a log line in which all of these words stand; return it."""
        with self._news:
            found = self._news.wait_for(lambda: self._search(words) or self._is_over(), PATIENCE)
        assert isinstance(found, dict), f"no line with {words} in the log:\n" + "\n".join(self._lines)
        return found

    def worries(self):
        """Return the events of what is more than information, up to now."""
        lines = (json.loads(line) for line in self._lines if line.startswith("{"))
        return [line["event"] for line in lines if line["level"] != "info"]

    def all_logged(self, event):
        """Return every log line of an event; for a process that has ended."""
        self._reader.join(PATIENCE)
        lines = (json.loads(line) for line in self._lines if line.startswith("{"))
        return [line for line in lines if line["event"] == event]

    def said(self):
        """Return what it said to people rather than to the log; for a process that has ended."""
        self._reader.join(PATIENCE)
        return [line for line in self._lines if not line.startswith("{")]

    def send(self, number):
        self._process.send_signal(number)

    def ended(self, seconds=PATIENCE):
        """Wait for its end; return the exit code."""
        return self._process.wait(seconds)

    def left(self):
        """Ask it to leave and wait until it has; return the exit code."""
        self.send(signal.SIGTERM)
        return self.ended()

    @property
    def pid(self):
        return self._process.pid

    def kill(self):
        """End it as a power cut would."""
        self.send(signal.SIGKILL)
        self.ended()

    def stop(self):
        """Leave nothing behind."""
        if self._process.poll() is None:
            self.kill()
        self._reader.join(PATIENCE)
        self._log.close()

    def create(self, path="/v1/generations", **body):
        """Start a generation; return the reply."""
        status, reply = self.call("POST", path, {"prompt": "a lighthouse at dusk", **body})
        assert status < 300, reply
        return reply

    def call(self, method, path, body=None, port=None, headers=()):
        """Return the HTTP status and the JSON of the answer."""
        connection = HTTPConnection("127.0.0.1", port or self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), dict(headers))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def snapshot(self, generation):
        return self.call("GET", f"/v1/generations/{generation}")[1]

    def stream(self, path, *, through=None, **headers):
        """Open a stream, on a connection of the test's own if there is one."""
        return Stream(through or HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE), path, headers)

    def _find(self, wanted):
        lines = (json.loads(line) for line in self._lines if line.startswith("{"))
        return next((line for line in lines if wanted.items() <= {name: line.get(name) for name in wanted}.items()), None)

    def _search(self, words):
        return next(
            (json.loads(line) for line in self._lines if line.startswith("{") and all(map(line.__contains__, words))), None
        )

    def _is_over(self):
        return self._process.poll() is not None and not self._reader.is_alive()

    def _read(self):
        for line in self._log:
            with self._news:
                self._lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()


class Stream:
    """An event stream, read as it comes; iterating gives `(id, snapshot)` and ends with a proper end only."""

    def __init__(self, connection, path, headers):
        self._connection = connection
        connection.request("GET", path, headers=headers)
        self.answer = connection.getresponse()
        self.comments = []
        self.retry = 0

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.answer.close()
        self._connection.close()

    def __iter__(self):
        fields = {}
        for line in self.answer:
            assert line.endswith(b"\n"), "the stream broke off inside a line"
            name, _, value = line.decode().rstrip("\n").partition(":")
            if line == b"\n":
                if "data" in fields:
                    yield fields.get("id"), json.loads(fields["data"])
                fields = {}
            elif not name:
                self.comments.append(value.strip())
            else:
                fields[name] = value.strip()
                self.retry = int(fields.get("retry", self.retry))
        assert not fields, "the last event has no blank line behind it"

    def until(self, wanted):
        """Read on to the first snapshot that is wanted; return all on the way, as `(id, snapshot)`."""
        seen = []
        for seen_id, snapshot in self:
            seen.append((seen_id, snapshot))
            if wanted(snapshot):
                return seen
        raise AssertionError(f"the stream ended before: {seen}")


@contextmanager
def launching(folder, warm):
    """Start processes in a folder, on one data folder unless said; whatever still runs is killed at the end."""
    started = []

    def start(*, data=folder / "data", port=0, env=None, **settings):
        settings = {name.replace("__", "."): value for name, value in settings.items()}
        started.append(Service(warm, folder, data, port, settings, env or {}))
        return started[-1]

    yield start
    for service in started:
        service.stop()


@pytest.fixture
def launch(tmp_path, warm):
    with launching(tmp_path, warm) as start:
        yield start


@pytest.fixture(scope="module")
def launch_shared(tmp_path_factory, warm):
    """Start processes that serve every test of a file."""
    with launching(tmp_path_factory.mktemp("shared"), warm) as start:
        yield start


class Site:
    """A folder of installed distributions, as `site-packages` is one, for processes that are given its `env`."""

    def __init__(self, folder):
        self._folder = folder
        self.env = {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])}

    def ship(self, distribution, source, *, plugin=None):
        """Install a distribution whose one plugin, of its own name unless said, is this source."""
        module = distribution.replace("-", "_")
        (self._folder / f"{module}.py").write_text(textwrap.dedent(source))
        info = self._folder / f"{module}-1.2.3.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2.3\n")
        (info / "entry_points.txt").write_text(f"[safelight]\n{plugin or distribution} = {module}\n")


@pytest.fixture(scope="session")
def make_site(tmp_path_factory):
    """Make places for plugins by strangers, each empty and to itself."""
    return lambda: Site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def site(make_site):
    """A place for plugins by strangers; empty."""
    return make_site()


@pytest.fixture
def safelight(tmp_path, warm):
    """Run the command to its end, in the test's own folder."""

    def run(*arguments, **environment):
        with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
            env = clean_environment(**environment)
            code = warm.start(arguments, folder=tmp_path, env=env, out=out.fileno(), err=err.fileno()).wait(60)
            return subprocess.CompletedProcess(arguments, code, *(file.seek(0) or file.read() for file in (out, err)))

    return run


@pytest.fixture
def service(launch):
    return launch().is_up()


@pytest.fixture
def eventually():
    """Ask again until the answer is wanted."""

    def ask(question, wanted):
        deadline = time.monotonic() + PATIENCE
        while not wanted(answer := question()):
            assert time.monotonic() < deadline, f"still {answer!r} after {PATIENCE:g} s"
            threading.Event().wait(0.02)
        return answer

    return ask


@pytest.fixture
def free_port():
    """A port that was free a moment ago, for who must know it before the service does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextmanager
def _running(upstream):
    """Run an upstream on a loop of its own; `upstream.do` awaits something there."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    upstream.do = lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(PATIENCE)
    try:
        upstream.do(upstream.__aenter__())
        yield upstream
        upstream.do(upstream.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


@pytest.fixture
def run_upstream():
    """Run a `FakeUpstream` beside a test that blocks."""
    with ExitStack() as stack:
        yield lambda upstream: stack.enter_context(_running(upstream))
