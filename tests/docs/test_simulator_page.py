"""What the page of the simulator shows to be tried is answered as it says."""

import json
import subprocess

import pytest

from safelight_simulator.ledger import Ledger

PAGE = "plugins/safelight-simulator/README.md"


@pytest.fixture
def service(document, launch, tmp_path):
    """A service with the page's configuration."""
    (tmp_path / "config.toml").write_text(document(PAGE).block("toml"), encoding="utf-8")
    return launch().is_up()


def test_the_call_and_the_script_are_taken_and_come_to_their_ends(document, service, eventually):
    typed = document(PAGE).block("sh").replace("http://127.0.0.1:8080", service.url).replace('"seconds": 8', '"seconds": 1')
    said = subprocess.run(["sh", "-euc", typed], capture_output=True, text=True, timeout=60, check=True).stdout
    scripted = service.create(providerId="far", options=json.loads(document(PAGE).block("json")))
    ends = [
        eventually(lambda id_=one: service.snapshot(id_), lambda snapshot: snapshot["status"] in {"succeeded", "failed"})
        for one in (json.loads(said)["sessionId"], scripted["sessionId"])
    ]
    assert [end["outcome"] for end in ends] == ["succeeded", "succeeded"]
    asked = json.loads(typed.split("-d '")[1].rstrip("'\n"))["params"]
    assert {name: ends[0]["outputs"][0][name] for name in ("width", "height", "seed")} == {
        name: asked[name] for name in ("width", "height", "seed")
    }
    assert (ends[1]["charged"], ends[1]["cost"]["amount"], ends[1]["outputs"][0]["type"]) == ("yes", 0.04, "image/jpeg")


def test_the_ledger_is_read_as_shown(document, service, eventually, tmp_path, monkeypatch):
    service.create(providerId="far", options={"seconds": 0})
    ledger = Ledger(tmp_path / "data" / "providers" / "far")
    eventually(ledger.charges, bool)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(document(PAGE).block("python"), names)
    assert names["ledger"].charges() == ledger.charges()
