import json
import os
import shlex
import subprocess
import sys
from statistics import median

import click
import pytest
from click.testing import CliRunner

from safelight import __version__, logs
from safelight.cli import main
from safelight.errors import JournalError, JournalLocked
from safelight.plugins import discover
from safelight_sketch.plugin import Sketch

HEAVY = {"aiohttp", "cattrs", "msgspec", "structlog", "pluggy", "attrs", "attr", "asyncio", "PIL", "numpy", "difflib", "tomllib"}


@pytest.fixture
def safelight(tmp_path, monkeypatch):
    """Run a command in an empty folder with nothing of ours in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SAFELIGHT_")]:
        monkeypatch.delenv(name)

    def run(*arguments, env=None):
        return CliRunner().invoke(main, arguments, env=env)

    return run


COMMANDS = [[name] for name in main.commands] + [["config", name] for name in main.commands["config"].commands]


@pytest.mark.parametrize("command", [[], *COMMANDS])
def test_every_command_explains_itself_in_short_lines(safelight, command):
    result = safelight(*command, "--help")
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 100
    assert "..." not in result.stdout.replace("[ARGS]...", "")
    assert "\b" not in result.stdout


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in (["config"], ["webhooks"], ["version"])])
def test_every_command_has_examples_that_it_understands(safelight, command):
    shown = safelight(*command, "--help").stdout.partition("Examples:\n")[2].partition("\n\n")[0].splitlines()
    assert shown
    for line in shown:
        words = shlex.split(line.strip().partition(" | ")[0].partition(" > ")[0].partition(" >> ")[0])
        assert words[: len(command) + 1] == ["safelight", *command]
        context = main.make_context("safelight", words[1:], resilient_parsing=True)
        found, rest = main, words[1:]
        while isinstance(found, click.Group):
            _, found, rest = found.resolve_command(context, rest)
        found.make_context(found.name, rest, parent=context).close()


def test_help_imports_nothing_it_does_not_need():
    """This holds `--help` under its 150 ms on any machine; a clock would only hold it on this one."""
    names = subprocess.run(
        [sys.executable, "-c", "import sys, safelight.cli; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split()
    assert "click" in names
    assert not HEAVY & set(names)


def test_help_is_quick():
    def seconds():
        before = os.times()
        subprocess.run([sys.executable, "-m", "safelight", "--help"], capture_output=True, check=True, timeout=60)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert median(seconds() for _ in range(5)) < 0.15


def test_version_is_the_packages(safelight):
    assert safelight("version").stdout.strip() == __version__


def test_plugins_is_a_table_of_what_is_offered(safelight):
    result = safelight("plugins")
    assert result.exit_code == 0
    head, *rows = [line.split() for line in result.stdout.splitlines()]
    assert head == ["PROVIDER", "DISTRIBUTION", "VERSION", "PLUGIN"]
    assert ["sketch", "safelight-sketch", "0.1.0", "sketch"] in rows


def test_plugins_shows_the_laws_that_are_not_kept_with_their_reasons(safelight):
    waived = [(name, offer.cls.waivers) for name, offer in sorted(discover().providers.items()) if offer.cls.waivers]
    lines = [line for line in safelight("plugins").stdout.splitlines() if " does not keep '" in line]
    assert lines == [
        f"{name} does not keep '{law.replace('_', ' ')}': {why}" for name, laws in waived for law, why in laws.items()
    ]
    told = [json.loads(line) for line in safelight("plugins", "--json").stdout.splitlines()]
    assert [(one["provider"], one["waivers"]) for one in told if "waivers" in one] == waived
    assert ("sketch", dict(Sketch.waivers)) in waived


def test_the_file_of_the_folder_is_taken_unless_another_is_named(safelight, tmp_path):
    (tmp_path / "config.toml").write_text("[server]\nport = 1111\n")
    (tmp_path / "other.toml").write_text("[server]\nport = 2222\n")
    assert "\nport = 1111\n" in safelight("config", "show").stdout
    assert "\nport = 2222\n" in safelight("config", "show", "-c", "other.toml").stdout


@pytest.mark.parametrize("file", ["missing.toml", "."])
def test_a_file_that_is_named_and_cannot_be_read_is_a_fault_of_the_configuration(safelight, file):
    result = safelight("config", "check", "-c", file)
    assert (result.exit_code, result.stdout) == (78, "")
    assert "cannot be read" in result.stderr


def test_every_fault_has_its_line_those_of_plugins_settings_too(safelight):
    result = safelight(
        "config", "check", "--set", "server.port=x", "--set", "providers.sketch.nonsense=1", env={"SAFELIGHT_LOGS__LEVEL": "loud"}
    )
    assert (result.exit_code, result.stdout) == (78, "")
    lines = result.stderr.splitlines()
    assert [line.partition(" @ ")[2] for line in lines] == [
        "--set server.port",
        "SAFELIGHT_LOGS__LEVEL",
        "--set providers.sketch.nonsense",
    ]
    assert all(line.startswith("config: ") for line in lines)


def test_a_sound_configuration_is_said_to_be_one(safelight):
    result = safelight("config", "check")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "config ok\n", "")


@pytest.mark.parametrize(
    ("option", "setting"),
    [("--host=::1", 'host = "::1"'), ("--port=0", "port = 0"), ("--data=elsewhere", 'folder = "elsewhere"')],
)
def test_short_options_stand_for_settings(safelight, monkeypatch, option, setting):
    from safelight.cli import service
    from safelight.config.show import show

    seen = []
    monkeypatch.setattr(service, "run", lambda config, **_: seen.append(show(config)) or 0)
    assert safelight("serve", option).exit_code == 0
    assert f"\n{setting}\n" in seen[0]


def test_a_bad_configuration_is_no_traceback(safelight):
    result = safelight("serve", "--host", "0.0.0.0")
    assert result.exit_code == 78
    assert len(result.stderr.splitlines()) == 1
    assert "allow_anonymous = true" in result.stderr


def test_a_service_may_hold_as_many_streams_as_the_system_lets_it():
    program = (
        "import resource; from safelight.cli.service import _raise_open_files; _, hard = resource.getrlimit(resource.RLIMIT_NOFILE);"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard)); _raise_open_files();"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == "True\n"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (JournalLocked("Another process holds data."), "safelight: Another process holds data."),
        (PermissionError(13, "Permission denied", "data"), "safelight: data: Permission denied."),
        (JournalError("no https://user:pass@host/"), "safelight: no https://[redacted]@host/"),
    ],
)
def test_a_failed_start_is_one_sentence_and_exit_code_1(safelight, monkeypatch, error, sentence):
    from safelight.cli import service

    async def fail(config, **_):
        raise error

    monkeypatch.setattr(service, "serve", fail)
    monkeypatch.setattr(logs, "configure", lambda settings: None)  # the runner's streams end with the command
    monkeypatch.setattr(service, "_raise_open_files", lambda: None)
    result = safelight("serve")
    assert (result.exit_code, result.stderr) == (1, f"{sentence}\n")
