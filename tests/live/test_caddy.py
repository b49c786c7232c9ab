"""What the how-to gives to Caddy, as Caddy runs it."""

import importlib.util
import json
import re
import shutil
import subprocess
from http.client import HTTPConnection
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "behind-a-proxy.md").read_text(encoding="utf-8")
PUBLIC = "https://pictures.example.com"

_spec = importlib.util.spec_from_file_location("safelight_e2e_conftest", ROOT / "tests" / "e2e" / "conftest.py")
e2e = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(e2e)
launch, eventually, free_port = e2e.launch, e2e.eventually, e2e.free_port


@pytest.fixture
def service(launch):
    return launch(server__public_url=PUBLIC).is_up()


@pytest.fixture
def caddy(service, tmp_path, free_port, eventually):
    """Give connections to a Caddy that has the page's block, on plain HTTP and a port of the test's own."""
    program = shutil.which("caddy")
    assert program, "This test runs a real Caddy; install it: apt-get install caddy"
    block = re.search(r"```caddyfile\n(.*?)```", PAGE, re.DOTALL)[1]
    block = block.replace("pictures.example.com", f"http://pictures.example.com:{free_port}")
    block = block.replace("127.0.0.1:8080", service.url.removeprefix("http://"))
    (tmp_path / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https off\n}\n" + block)
    environment = e2e.clean_environment(XDG_DATA_HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path))
    with (tmp_path / "caddy.log").open("w") as log:
        process = subprocess.Popen(
            [program, "run", "--config", "Caddyfile", "--adapter", "caddyfile"], cwd=tmp_path, env=environment, stderr=log
        )
        try:
            eventually(lambda: "serving initial configuration" in (tmp_path / "caddy.log").read_text() or process.poll(), bool)
            assert process.poll() is None, (tmp_path / "caddy.log").read_text()
            yield lambda: HTTPConnection("127.0.0.1", free_port, timeout=30)
        finally:
            process.terminate()
            process.wait(10)


def test_the_page_about_caddy_brings_events_and_pictures_through(service, caddy):
    there = {"Host": "pictures.example.com"}
    connection = caddy()
    connection.request("POST", "/v1/generations", json.dumps({"prompt": "a fox"}), {"Origin": PUBLIC, **there})
    created = connection.getresponse()
    reply = json.loads(created.read())
    assert (created.status, reply["streamUrl"]) == (202, f"{PUBLIC}/v1/generations/{reply['sessionId']}/events")
    behind = []
    with service.stream(reply["streamUrl"].removeprefix(PUBLIC), through=caddy(), **there) as stream:
        for _, snapshot in stream:
            if snapshot["status"] == "processing":
                behind.append(service.snapshot(reply["sessionId"])["seq"] - snapshot["seq"])
    assert snapshot["status"] == "succeeded"
    assert sum(steps <= 1 for steps in behind) > len(behind) / 2, f"Caddy kept events back: {behind}"
    with service.stream(snapshot["output"][0].removeprefix(PUBLIC), through=caddy(), **there) as picture:
        assert len(picture.answer.read()) == snapshot["outputs"][0]["bytes"]
