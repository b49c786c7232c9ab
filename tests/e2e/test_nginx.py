"""Behind nginx as it comes: no setting but where to send requests."""

import json
import shutil
import socket
import subprocess
import zlib
from http.client import HTTPConnection

import pytest

CONFIG = """
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen unix:nginx.sock;
        location / {
            proxy_pass %s;
        }
    }
}
"""


class ThroughNginx(HTTPConnection):
    """A connection to nginx's socket: a file, so that no port can be taken."""

    def __init__(self, path):
        super().__init__("127.0.0.1", timeout=30)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@pytest.fixture
def nginx(service, tmp_path, eventually):
    """Give connections to an nginx in front of the service."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert program, "These tests run a real nginx; install it: apt-get install nginx-light"
    folder = tmp_path / "nginx"
    folder.mkdir()
    path = folder / "nginx.sock"
    (folder / "nginx.conf").write_text(CONFIG.replace("unix:nginx.sock", f"unix:{path}") % service.url)
    process = subprocess.Popen([program, "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"])
    try:
        eventually(lambda: path.exists() or process.poll(), bool)
        assert process.poll() is None, (folder / "error.log").read_text()
        yield lambda: ThroughNginx(path)
    finally:
        process.terminate()
        process.wait(10)


def test_events_arrive_through_nginx_one_by_one_as_they_are_made(service, nginx):
    reply = service.create("/api/generation", options={"seconds": 4})
    behind = []
    with service.stream(reply["streamUrl"], through=nginx()) as stream:
        for _, snapshot in stream:
            if snapshot["status"] == "processing":
                behind.append(service.snapshot(reply["sessionId"])["seq"] - snapshot["seq"])
    assert snapshot["status"] == "succeeded"
    assert stream.comments[0] == "ok"
    newest = [steps for steps in behind if steps <= 1]  # a step is a preview and a progress, one right after the other
    assert len(newest) > len(behind) / 2, f"nginx kept events back: so many newer ones at each arrival: {behind}"


def test_stream_through_nginx_ends_properly_and_the_reconnect_gets_204(service, nginx):
    generation = service.create(options={"seconds": 0})["sessionId"]
    path = f"/v1/generations/{generation}/events"
    with service.stream(path, through=nginx()) as stream:
        assert (stream.answer.status, stream.answer.version) == (200, 11)
        assert stream.answer.getheader("Content-Type") == "text/event-stream"
        *_, (end, snapshot) = stream
    assert snapshot["status"] == "succeeded"
    with service.stream(path, through=nginx(), **{"Last-Event-ID": end}) as stream:
        assert (stream.answer.status, stream.answer.read()) == (204, b"")


def test_picture_comes_through_nginx_whole(service, nginx):
    generation = service.create(options={"seconds": 0})["sessionId"]
    with service.stream(f"/v1/generations/{generation}/events") as stream:
        *_, (_, end) = stream
    with service.stream(end["output"][0], through=nginx()) as picture:
        assert picture.answer.getheader("Content-Type") == "image/png"
        assert len(picture.answer.read()) == end["outputs"][0]["bytes"]


def test_a_packed_stream_comes_through_nginx_event_by_event(service, nginx):
    reply = service.create(options={"seconds": 4})
    behind, unpack, text = [], zlib.decompressobj(zlib.MAX_WBITS | 16), b""
    with service.stream(reply["streamUrl"], through=nginx(), **{"Accept-Encoding": "gzip"}) as stream:
        assert stream.answer.getheader("Content-Encoding") == "gzip"
        while some := stream.answer.read1():
            text += unpack.decompress(some)
            events = [json.loads(line[6:]) for line in text.split(b"\n")[:-1] if line.startswith(b"data: ")]
            if events and events[-1]["status"] == "processing":
                behind.append(service.snapshot(reply["sessionId"])["seq"] - events[-1]["seq"])
    assert unpack.eof, "the gzip stream has no end"
    assert events[-1]["status"] == "succeeded"
    assert sum(steps <= 1 for steps in behind) > len(behind) / 2, f"held back: so many newer ones at each arrival: {behind}"
