"""The command line as people meet it: what it says, and with which exit code."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from urllib.request import Request, urlopen

import pytest

from safelight import __version__
from safelight.cli import main

from .conftest import clean_environment

EX_CONFIG = 78
JSON = {"Content-Type": "application/json"}
LONG = {"prompt": "a fox", "providerId": "simulator", "options": {"seconds": 60}}
QUICK = ("--provider", "sketch", "--option", "seconds=0", "--param", "width=64", "--param", "height=64")


@pytest.fixture
def loading(tmp_path):
    """Start a command as a shell does: in a process that has to load what it needs, as those of the other tests have not."""

    def start(*arguments):
        command = [sys.executable, "-m", "safelight", *arguments]
        return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return start


def test_every_command_loads_what_it_needs(loading):
    tried = {"serve"}

    def said(*arguments):
        tried.add(arguments[0])
        with loading(*arguments) as command:
            out, err = command.communicate(timeout=60)
        assert (command.returncode, err) == (0, ""), arguments
        return out

    with loading("serve", "--port", "0") as service:
        try:
            while "service_listening" not in (line := service.stderr.readline()):
                assert line, "it did not come up"
            made = json.loads(said("generate", "a fox", *QUICK, "--json").splitlines()[-1])["sessionId"]
            assert "succeeded" in said("watch", made, "--out", "watched")
            assert made in said("list")
            assert "asked of 'sketch'" in said("journal", made)
            assert said("healthcheck") == "ready\n"
            assert "is ready" in said("doctor")
            assert "was taken" in said("webhooks", "list")
            url = f"{json.loads(line)['url']}/v1/generations"
            with urlopen(Request(url, json.dumps(LONG).encode(), JSON), timeout=60) as answer:
                assert "canceled" in said("cancel", json.load(answer)["sessionId"])
        finally:
            service.terminate()
            service.communicate(timeout=60)
    assert service.returncode == 0
    assert "the data folder" in said("generate", "a fox", *QUICK)
    assert "sketch" in said("providers")
    assert "sketch" in said("plugins")
    assert "config ok" in said("config", "check")
    assert "complete" in said("completion", "bash")
    assert __version__ in said("version")
    assert tried == {*main.commands}


def test_help_names_every_command(safelight):
    result = safelight("--help")
    assert (result.returncode, result.stderr) == (0, "")
    for command in ("serve", "config", "plugins", "version"):
        assert f"\n  {command} " in result.stdout


def test_help_imports_no_server(tmp_path):
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "safelight", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "click" in imported
    assert not imported & {"aiohttp", "pluggy", "PIL", "numpy", "structlog"}


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_version_is_said(safelight, arguments):
    result = safelight(*arguments)
    assert result.returncode == 0
    assert __version__ in result.stdout


def test_plugins_lists_what_each_installed_plugin_offers(safelight):
    result = safelight("plugins")
    assert result.returncode == 0
    for name in ("sketch", "simulator"):
        assert any(line.split()[:2] == [name, f"safelight-{name}"] for line in result.stdout.splitlines()), result.stdout


def test_config_check_of_the_defaults_is_content(safelight):
    result = safelight("config", "check")
    assert (result.returncode, result.stdout, result.stderr) == (0, "config ok\n", "")


def test_config_check_names_every_fault_at_once_with_its_place_and_a_suggestion(safelight, tmp_path):
    (tmp_path / "config.toml").write_text(
        "[server]\n"
        "prot = 8080\n"
        "drain_seconds = -1\n"
        "[streams]\n"
        'heartbeat_seconds = "often"\n'
        "[providers.sketch]\n"
        "max_paralel = 2\n"
        "[providers.atelier]\n"
        'plugin = "sketsh"\n'
    )
    result = safelight("config", "check")
    assert (result.returncode, result.stdout) == (EX_CONFIG, "")
    faults = result.stderr.splitlines()
    assert all(fault.startswith("config: ") for fault in faults)
    for path, hint in {
        "server.prot": "did you mean 'port'?",
        "server.drain_seconds": "0",
        "streams.heartbeat_seconds": "number",
        "providers.sketch.max_paralel": "did you mean 'max_parallel'?",
        "providers.atelier": "did you mean 'sketch'?",
    }.items():
        assert any(f"@ {path}" in fault and hint in fault for fault in faults), (path, result.stderr)
    assert len(faults) == 5


def test_config_check_never_shows_a_secret(safelight, tmp_path):
    (tmp_path / "config.toml").write_text('[providers.sketch]\nmax_parallel = { env = "STUDIO_KEY" }\n')
    result = safelight("config", "check", STUDIO_KEY="hush-4711-hush")
    assert result.returncode == EX_CONFIG
    assert "providers.sketch.max_parallel" in result.stderr
    assert "4711" not in result.stdout + result.stderr


def test_config_check_says_where_a_file_is_no_toml(safelight, tmp_path):
    (tmp_path / "other.toml").write_text("[server]\nport = \n")
    result = safelight("config", "check", "-c", "other.toml")
    assert result.returncode == EX_CONFIG
    assert "line 2" in result.stderr
    assert "other.toml" in result.stderr
    assert "Traceback" not in result.stderr


def test_config_show_prints_what_is_in_force_and_can_be_read_back(safelight, tmp_path):
    (tmp_path / "config.toml").write_text("[server]\nport = 1234\n")
    shown = safelight("config", "show", "--set", "streams.heartbeat_seconds=5", SAFELIGHT_SERVER__DRAIN_SECONDS="7")
    assert shown.returncode == 0
    lines = shown.stdout.splitlines()
    assert {"port = 1234", "heartbeat_seconds = 5.0", "drain_seconds = 7.0"} <= set(lines)
    (tmp_path / "config.toml").write_text(shown.stdout)
    assert safelight("config", "show").stdout == shown.stdout


def test_unknown_name_in_the_environment_is_refused_with_a_suggestion(safelight):
    result = safelight("serve", SAFELIGHT_SERVER__PROT="8080")
    assert result.returncode == EX_CONFIG
    assert "SAFELIGHT_SERVER__PROT" in result.stderr
    assert "did you mean 'SAFELIGHT_SERVER__PORT'?" in result.stderr


def test_address_for_everybody_is_refused_unless_it_is_allowed_in_writing(safelight):
    result = safelight("serve", "--host", "0.0.0.0", "--port", "0")
    assert result.returncode == EX_CONFIG
    [fault] = result.stderr.splitlines()
    assert "server.host" in fault
    assert "allow_anonymous = true" in fault


def test_address_for_everybody_is_served_where_it_is_allowed_in_writing(launch):
    service = launch(server__host="0.0.0.0", server__allow_anonymous="true").is_up()
    assert service.call("GET", "/v1/providers")[0] == 200


def test_port_in_use_is_said_in_one_sentence(launch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        service = launch(port=port)
        assert service.ended() == 1
    assert service.said() == [f"safelight: Port {port} of 127.0.0.1 cannot be listened on: address already in use."]


@pytest.mark.parametrize("arguments", [["config", "show"], ["doctor"], ["list"]])
def test_output_that_cannot_be_written_is_said_in_one_sentence(warm, tmp_path, arguments):
    (tmp_path / "data").mkdir()
    with Path("/dev/full").open("w") as out, TemporaryFile("w+") as err:
        process = warm.start(arguments, folder=tmp_path, env=clean_environment(), out=out.fileno(), err=err.fileno())
        assert process.wait(60) == 1
        err.seek(0)
        assert err.read() == "safelight: The output cannot be written: No space left on device.\n"


def test_data_folder_that_cannot_be_made_is_said_in_one_sentence(launch, tmp_path):
    (tmp_path / "file").write_text("")
    service = launch(data=tmp_path / "file")
    assert service.ended() == 1
    assert service.said() == [f"safelight: The data folder '{tmp_path / 'file'}' cannot be made: a file has that name."]
