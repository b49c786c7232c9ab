"""What the how-to gives to nginx, as nginx runs it."""

import json
import shutil
import socket
import subprocess
from http.client import HTTPConnection

import pytest

PAGE = "docs/how-to/behind-a-proxy.md"
PUBLIC = "https://pictures.example.com"
AROUND = """
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
    %s
}
"""


class ThroughNginx(HTTPConnection):
    """A connection to nginx's socket: a file, so that no port can be taken."""

    def __init__(self, path):
        super().__init__("pictures.example.com", timeout=30)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@pytest.fixture
def service(launch):
    return launch(server__public_url=PUBLIC).is_up()


@pytest.fixture
def nginx(document, service, tmp_path, eventually):
    """Give connections to an nginx that has the page's block; its addresses are the test's, nothing else is."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert program, "This test runs a real nginx; install it: apt-get install nginx-light"
    path = tmp_path / "nginx.sock"
    block = document(PAGE).block("nginx")
    assert "listen 80;" in block
    block = block.replace("listen 80;", f"listen unix:{path};").replace("http://127.0.0.1:8080", service.url)
    (tmp_path / "nginx.conf").write_text(AROUND % block)
    process = subprocess.Popen([program, "-p", str(tmp_path), "-c", "nginx.conf", "-e", "error.log"])
    try:
        eventually(lambda: path.exists() or process.poll(), bool)
        assert process.poll() is None, (tmp_path / "error.log").read_text()
        yield lambda: ThroughNginx(path)
    finally:
        process.terminate()
        process.wait(10)


def test_the_page_about_nginx_brings_events_and_pictures_through(service, nginx):
    connection = nginx()
    connection.request("POST", "/v1/generations", json.dumps({"prompt": "a fox"}), {"Origin": PUBLIC})
    created = connection.getresponse()
    reply = json.loads(created.read())
    assert (created.status, reply["streamUrl"]) == (202, f"{PUBLIC}/v1/generations/{reply['sessionId']}/events")
    behind = []
    with service.stream(reply["streamUrl"].removeprefix(PUBLIC), through=nginx()) as stream:
        for _, snapshot in stream:
            if snapshot["status"] == "processing":
                behind.append(service.snapshot(reply["sessionId"])["seq"] - snapshot["seq"])
    assert snapshot["status"] == "succeeded"
    assert sum(steps <= 1 for steps in behind) > len(behind) / 2, f"nginx kept events back: {behind}"
    with service.stream(snapshot["output"][0].removeprefix(PUBLIC), through=nginx()) as picture:
        assert len(picture.answer.read()) == snapshot["outputs"][0]["bytes"]


def test_without_its_public_url_pages_from_there_are_refused(launch, document):
    assert f'public_url = "{PUBLIC}"' in document(PAGE).block("toml")
    service = launch().is_up()
    connection = HTTPConnection("127.0.0.1", service.port, timeout=30)
    connection.request("POST", "/v1/generations", json.dumps({"prompt": "a fox"}), {"Origin": PUBLIC})
    assert connection.getresponse().status == 403


def test_a_name_the_proxy_calls_it_by_is_served_once_it_is_listed(launch):
    for settings, status in (({}, 403), ({"server__allowed_hosts": '["safelight"]'}, 202)):
        service = launch(server__public_url=PUBLIC, **settings).is_up()
        said, _ = service.call(
            "POST", "/v1/generations", {"prompt": "a fox"}, headers={"Host": "safelight:8080", "Origin": PUBLIC}
        )
        assert said == status
        service.stop()
