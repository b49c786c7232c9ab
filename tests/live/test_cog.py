"""Real Cog servers, which nobody here wrote, behind a real process of the service."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

MODELS = Path(__file__).parent / "cog"
PATIENCE = 60.0
SLOW = {"params": {"steps": 20}, "options": {"delay": 0.2}}


@pytest.fixture(scope="module")
def python(tmp_path_factory, tried_with):
    """A Python with Cog in it, of its own."""
    home = tmp_path_factory.mktemp("cog") / "venv"
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    subprocess.run([home / "bin" / "pip", "--disable-pip-version-check", "install", "-q", "cog==0.23.*", "pillow"], check=True)
    tried_with({"Cog": ask("from importlib.metadata import version; print(version('cog'))", home / "bin" / "python")})
    return home / "bin" / "python"


def ask(source, python):
    return subprocess.run([python, "-c", source], check=True, capture_output=True, text=True).stdout.strip()


class CogServer:
    """A model under a Cog server, on one port for all its lives."""

    def __init__(self, python, folder, model, *arguments, **environment):
        shutil.copytree(MODELS / model, folder)
        (folder / ".cog").mkdir()
        (folder / "openapi_schema.json").rename(folder / ".cog" / "openapi_schema.json")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._python, self._folder, self._arguments, self._environment = python, folder, arguments, environment
        self._process = None

    def start(self):
        """Start it, in a process group of its own: the model runs in a worker."""
        self._process = subprocess.Popen(
            [self._python, "-m", "cog.server.http", "--host", "127.0.0.1", *self._arguments],
            cwd=self._folder,
            env={
                **os.environ,
                "PATH": f"{self._python.parent}{os.pathsep}{os.environ['PATH']}",
                "PORT": str(self.port),
                "COG_PREDICT_TYPE_STUB": "predict.py:Runner",
                **self._environment,
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def is_ready(self):
        deadline = time.monotonic() + PATIENCE
        while self.health() != "READY":
            assert time.monotonic() < deadline, "Cog does not get ready"
            time.sleep(0.1)
        return self

    def health(self):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", "/health-check")
            return json.load(connection.getresponse())["status"]
        except ConnectionError:
            return None
        finally:
            connection.close()

    @property
    def runs(self):
        """What the model was run with, in order: the proof that nothing was started twice."""
        file = self._folder / "runs"
        return file.read_text(encoding="utf-8").split("\n")[:-1] if file.exists() else []

    def kill(self):
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, 9)
            self._process.wait()


@pytest.fixture
def cog(python, tmp_path):
    """Start Cog servers; whatever still runs is killed at the end."""
    started = []

    def start(model="streaming", *arguments, **environment):
        server = CogServer(python, tmp_path / f"{model}-{len(started)}", model, *arguments, **environment)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def serve(launch):
    """Start the service on a Cog server; again on the same data folder."""

    def start(server, **settings):
        table = {"plugin": "cog", "url": server.url, "private_network": "true", **settings.pop("cog", {})}
        keys = {f"providers__cog__{key}": value for key, value in table.items()}
        return launch(default_provider="cog", **keys, **settings).is_up()

    return start


def watched(service, generation):
    """Return every snapshot of a generation to its end."""
    with service.stream(f"/v1/generations/{generation}/events") as stream:
        return [snapshot for _, snapshot in stream]


def end_of(service, **body):
    return watched(service, service.create(**body)["sessionId"])[-1]


def until(service, generation, wanted):
    with service.stream(f"/v1/generations/{generation}/events") as stream:
        return stream.until(wanted)[-1][1]


def has_picture(snapshot):
    return snapshot.get("output")


def test_success_shows_progress_and_pictures_as_they_come(cog, serve):
    service = serve(cog().is_ready())
    said = watched(service, service.create(params={"steps": 5}, options={"delay": 0.3})["sessionId"])
    assert (said[-1]["status"], len(said[-1]["output"])) == ("succeeded", 3)
    progress = [snapshot["progress"] for snapshot in said if "progress" in snapshot]
    assert progress == sorted(progress)
    assert len(set(progress)) >= 4
    assert any(has_picture(snapshot) and snapshot["status"] == "processing" for snapshot in said), "partial outputs"
    assert said[-1]["outputs"][0] | {"type": "image/png", "width": 16, "height": 16} == said[-1]["outputs"][0]
    with service.stream(said[-1]["output"][0]) as picture:
        assert picture.answer.read().startswith(b"\x89PNG")


def test_what_can_be_asked_for_is_the_servers_own_word(cog, serve):
    server = cog().is_ready()
    service = serve(server)
    described = service.call("GET", "/v1/providers/cog")[1]
    assert described["available"]
    assert described["capabilities"]["durability"] == "remote"
    assert described["params"]["properties"]["steps"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 4}
    assert set(described["options"]["properties"]) == {"delay", "fail"}
    status, problem = service.call(
        "POST", "/v1/generations", {"prompt": "x", "params": {"steps": 101, "width": 5}, "options": {"dely": 1}}
    )
    assert status == 422
    for path in ("params.steps", "params.width", "options.dely"):
        assert path in problem["error"]
    assert server.runs == []


def test_a_server_that_starts_after_us_is_taken_up_when_it_is_ready(cog, serve, eventually):
    service = serve(cog())
    if not service.call("GET", "/v1/providers/cog")[1]["available"]:
        status, problem = service.call("POST", "/v1/generations", {"prompt": "x"})
        assert (status, problem["code"]) == (503, "provider_unavailable")
    described = eventually(lambda: service.call("GET", "/v1/providers/cog")[1], lambda seen: seen["available"])
    assert described["capabilities"]["durability"] == "remote"
    assert end_of(service)["status"] == "succeeded"


def test_failure_is_told_in_the_models_own_words(cog, serve):
    end = end_of(serve(cog().is_ready()), options={"fail": True})
    assert (end["status"], end["code"]) == ("failed", "content_policy")
    assert "NSFW content detected" in end["error"]


def test_cancel_stops_the_model(cog, serve, eventually):
    server = cog().is_ready()
    service = serve(server)
    generation = service.create(**SLOW)["sessionId"]
    until(service, generation, has_picture)
    began = time.monotonic()
    assert service.call("POST", f"/v1/generations/{generation}/cancel")[0] == 202
    end = watched(service, generation)[-1]
    assert (end["outcome"], end["cancel"]) == ("canceled", "confirmed")
    assert time.monotonic() - began < 3
    assert eventually(server.health, lambda health: health == "READY")


def test_a_busy_server_is_asked_again_until_it_has_room(cog, serve):
    server = cog().is_ready()
    service = serve(server, retries__attempts=10)
    first = service.create(params={"steps": 6}, options={"delay": 0.25})["sessionId"]
    until(service, first, has_picture)
    second = end_of(service, prompt="the second")
    assert second["status"] == "succeeded"
    assert second["attempt"]["n"] > 1
    assert watched(service, first)[-1]["status"] == "succeeded"
    assert server.runs == ["a lighthouse at dusk", "the second"]


def test_a_job_is_watched_on_when_our_process_was_killed(cog, serve):
    server = cog().is_ready()
    service = serve(server)
    generation = service.create(**SLOW)["sessionId"]
    seen = until(service, generation, has_picture)
    service.kill()
    end = watched(serve(server), generation)[-1]
    assert end["status"] == "succeeded", end
    assert (end["epoch"] > seen["epoch"], end["progress"]) == (True, 100)
    assert server.runs == ["a lighthouse at dusk"], "it was started once"
    assert len(end["output"]) == 10, "each picture once"
    assert end["output"][: len(seen["output"])] == seen["output"]


def test_a_killed_cog_server_ends_the_job_in_bounded_time(cog, serve):
    server = cog().is_ready()
    service = serve(server, cog={"reconnect_seconds": 2})
    generation = service.create(**SLOW)["sessionId"]
    until(service, generation, has_picture)
    server.kill()
    began = time.monotonic()
    end = watched(service, generation)[-1]
    assert (end["status"], end["code"], end["retryable"]) == ("failed", "provider_unavailable", True)
    assert time.monotonic() - began < 15
    assert server.runs == ["a lighthouse at dusk"]


def test_a_restarted_cog_server_has_lost_the_job_and_starts_nothing_again(cog, serve):
    server = cog().is_ready()
    service = serve(server)
    generation = service.create(**SLOW)["sessionId"]
    until(service, generation, has_picture)
    server.kill()
    server.start()
    end = watched(service, generation)[-1]
    assert (end["status"], end["code"]) == ("failed", "provider_unavailable")
    assert "was restarted" in end["error"]
    assert server.runs == ["a lighthouse at dusk"]
    assert end_of(service, prompt="again")["status"] == "succeeded"


def test_a_model_that_does_not_stream_is_held_with_progress(cog, serve):
    server = cog("plain").is_ready()
    service = serve(server)
    assert service.call("GET", "/v1/providers/cog")[1]["capabilities"]["durability"] == "connection"
    said = watched(service, service.create(params={"steps": 12}, options={"delay": 0.3})["sessionId"])
    assert (said[-1]["status"], len(said[-1]["output"])) == ("succeeded", 1)
    assert len({snapshot["progress"] for snapshot in said if "progress" in snapshot}) >= 3
    assert server.runs == ["a lighthouse at dusk"]


def test_a_held_job_is_canceled_by_our_death_and_said_to_be_interrupted(cog, serve, eventually):
    server = cog("plain").is_ready()
    service = serve(server)
    generation = service.create(**SLOW)["sessionId"]
    until(service, generation, lambda snapshot: snapshot.get("progress", 0) > 0)
    service.kill()
    eventually(lambda: server.runs, lambda runs: runs == ["a lighthouse at dusk", "canceled"])
    assert serve(server).snapshot(generation)["outcome"] == "interrupted"


class Shelf(BaseHTTPRequestHandler):
    """Where Cog puts its files with --upload-url."""

    kept: dict[str, bytes]

    def do_PUT(self):
        self.kept[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.kept[self.path])

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def shelf():
    handler = type("ThisShelf", (Shelf,), {"kept": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/up/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("model", ["streaming", "plain"])
def test_uploaded_outputs_are_fetched_and_kept(cog, serve, shelf, model):
    service = serve(cog(model, "--upload-url", shelf).is_ready())
    end = end_of(service)
    assert end["status"] == "succeeded", end
    assert {output["type"] for output in end["outputs"]} == {"image/png"}


@pytest.fixture
def serve_called(serve, free_port):
    """Start the service where a Cog server can call it; again under the same address."""
    return lambda server, **settings: serve(
        server, port=free_port, server__public_url=f"http://127.0.0.1:{free_port}", **settings
    )


@pytest.mark.parametrize("model", ["streaming", "plain"])
def test_webhooks_are_heard_and_change_nothing(cog, serve_called, model):
    server = cog(model).is_ready()
    service = serve_called(server)
    end = end_of(service)
    assert end["status"] == "succeeded", end
    assert service.logged("webhook_received", provider="cog", generation=end["sessionId"], heard="poked")
    assert server.runs == ["a lighthouse at dusk"]


def test_a_webhook_brings_the_result_of_a_job_that_ended_while_we_were_dead(cog, serve_called, eventually):
    server = cog().is_ready()
    service = serve_called(server)
    generation = service.create(params={"steps": 10}, options={"delay": 0.2})["sessionId"]
    seen = until(service, generation, has_picture)
    service.kill()
    eventually(server.health, lambda health: health == "READY")
    end = watched(serve_called(server), generation)[-1]
    assert end["status"] == "succeeded", end
    assert len(end["output"]) == 5, "each picture once"
    assert end["output"][: len(seen["output"])] == seen["output"]
    assert server.runs == ["a lighthouse at dusk"]


@pytest.mark.parametrize(("token", "heard"), [("s3cr3t-of-cog", "poked"), ("another-0ne", "refused")])
def test_a_webhook_has_to_carry_the_token_where_there_is_one(cog, serve_called, token, heard):
    service = serve_called(cog(WEBHOOK_AUTH_TOKEN="s3cr3t-of-cog").is_ready(), cog={"webhook_token": token})
    end = end_of(service)
    assert end["status"] == "succeeded", end
    assert service.logged("webhook_received", heard=heard)


def test_a_webhook_that_nobody_can_deliver_costs_nothing(cog, serve):
    service = serve(cog().is_ready(), server__public_url="http://127.0.0.1:9")
    assert end_of(service)["status"] == "succeeded"
