"""The unit for systemd: what it starts, how it reloads it, and what it takes for an end."""

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys

import pytest

from safelight.config.model import Config

from .conftest import ROOT, e2e

PAGE = "docs/how-to/run-under-systemd.md"
UNIT = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / "deploy" / "safelight.service").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.fixture
def command(tmp_path):
    """What the unit starts, with places of the test's own."""
    program, *words = shlex.split(UNIT["ExecStart"])
    assert program == "/opt/safelight/bin/safelight"
    assert "/var/lib/" + UNIT["StateDirectory"] in words
    places = {"/etc/safelight.toml": str(tmp_path / "safelight.toml"), "/var/lib/safelight": str(tmp_path / "data")}
    return [sys.executable, "-m", "safelight", *(places.get(word, word) for word in words)]


def logged(process, event):
    """Read the log of a process up to an event; return that."""
    lines = (json.loads(line) for line in process.stderr)
    return next(line for line in lines if line["event"] == event)


def test_what_the_unit_starts_serves_is_reloaded_and_leaves(command, tmp_path):
    shutil.copy(ROOT / "config.toml", tmp_path / "safelight.toml")
    program, sign, who = shlex.split(UNIT["ExecReload"])
    assert (program, who) == ("/bin/kill", "$MAINPID")
    environment = e2e.clean_environment(SAFELIGHT_SERVER__PORT="0")
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as service:
        try:
            assert logged(service, "service_listening")["url"].startswith("http://127.0.0.1:")
            service.send_signal(signal.Signals[f"SIG{sign.removeprefix('-')}"])
            assert logged(service, "config_reloaded")["needs_restart"] == []
        finally:
            service.terminate()
        assert service.wait(int(UNIT["TimeoutStopSec"])) == 0
    assert (tmp_path / "data" / "journal.sqlite3").exists()


def test_faults_of_the_configuration_keep_it_down(command, tmp_path):
    (tmp_path / "safelight.toml").write_text("[server]\nprot = 1\n")
    done = subprocess.run(command, cwd=tmp_path, env=e2e.clean_environment(), capture_output=True, timeout=60, check=False)
    assert str(done.returncode) in UNIT["RestartPreventExitStatus"].split()
    assert UNIT["Restart"] == "on-failure"


def test_its_bounds_leave_room_for_those_of_the_service_and_the_page_says_them(document):
    config, text = Config(), document(PAGE).text
    assert int(UNIT["TimeoutStopSec"]) > config.server.drain_seconds
    assert int(UNIT["LimitNOFILE"]) > 2 * config.streams.max_streams
    assert f"no kill before {UNIT['TimeoutStopSec']} s" in text
    assert f"`server.drain_seconds` ({config.server.drain_seconds:g})" in text
    assert f"{UNIT['LimitNOFILE']}, for `streams.max_streams` ({config.streams.max_streams})" in text


def test_the_page_installs_what_the_configuration_names(document):
    [first, second] = re.findall(r"pip install (.*)$", document(PAGE).text, re.MULTILINE)
    assert first == second
    installed = {path.removeprefix("./safelight/plugins/safelight-") for path in shlex.split(first)[1:]}
    assert installed == set(Config().providers)
