import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CALLS = '#!/bin/sh\necho "${{0##*/}} $*"\nexit {code}\n'


@pytest.fixture(scope="module")
def dev():
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(tmp_path):
    """The files of a checkout that dev.py reads, in a folder with a space in its name."""
    root = tmp_path / "my checkout"
    for name in ("dev.py", "pyproject.toml", "requirements/dev.txt", "service/safelight/__init__.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    for plugin in ROOT.glob("plugins/*/pyproject.toml"):
        (root / "plugins" / plugin.parent.name).mkdir(parents=True)
        shutil.copy(plugin, root / "plugins" / plugin.parent.name)
    return root


@pytest.fixture
def checkout(dev, root):
    """A checkout whose `.venv` was set up earlier; its Python, and so pip, fails when it is called."""
    checkout = dev.Checkout(root)
    (checkout.venv / "bin").mkdir(parents=True)
    program(checkout, "python", code=97)
    for name in ("ruff", "safelight", "pytest"):
        program(checkout, name)
    checkout.write_stamp({}, "dev")
    return checkout


def program(checkout, name, *, code=0):
    """Put a program into `.venv` that says how it was called."""
    executable(checkout.venv / "bin" / name, CALLS.format(code=code))


def executable(path, text="#!/bin/sh\n"):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def call(root, *arguments, cwd="/", **environment):
    """Run a checkout's dev.py with this Python."""
    command = [sys.executable, str(root / "dev.py"), *arguments]
    return subprocess.run(command, check=False, cwd=cwd, capture_output=True, text=True, env={**os.environ, **environment})


def test_help_tells_every_command():
    done = call(ROOT, "--help")
    assert done.returncode == 0
    for command in ("run", "test", "check", "fix", "bench"):
        assert f"python3 dev.py {command}" in done.stdout


def test_unknown_command_is_refused_by_name():
    done = call(ROOT, "tset")
    assert (done.returncode, done.stderr) == (2, "dev.py: unknown command 'tset'; one of: run, test, check, fix, bench\n")


def test_argument_that_nothing_takes_is_refused(checkout):
    done = call(checkout.root, "fix", "--hard")
    assert (done.returncode, done.stderr) == (2, "dev.py: unexpected: --hard\n")


def test_second_run_starts_at_once_without_pip_from_any_folder(checkout):
    started = time.monotonic()
    done = call(checkout.root, "run", "--port", "9 9")
    assert (done.returncode, done.stdout, done.stderr) == (0, "safelight serve --port 9 9\n", "")
    assert time.monotonic() - started < 1


def test_exit_code_is_that_of_the_service(checkout):
    program(checkout, "safelight", code=7)
    assert call(checkout.root, "run").returncode == 7


def test_signal_reaches_the_service(checkout):
    service = checkout.venv / "bin" / "safelight"
    service.write_text("#!/bin/sh\ntrap 'echo leaving; exit 5' TERM\necho serving\nwhile :; do read -r _; done\n")
    command = [sys.executable, str(checkout.root / "dev.py"), "run"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "serving\n"
        process.send_signal(signal.SIGTERM)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "leaving\n"
        assert process.wait(10) == 5


def test_tests_run_on_every_core_unless_told_what_to_run(dev, checkout, tmp_path):
    for name in dev.PROGRAMS:
        if not name.startswith("/"):
            executable(tmp_path / "bin" / name)
    path = str(tmp_path / "bin")
    assert call(checkout.root, "test", PATH=path).stdout == "pytest -n auto --dist loadfile --no-loadscope-reorder\n"
    assert call(checkout.root, "test", "tests/unit", "-x", PATH=path).stdout == "pytest tests/unit -x\n"


def test_fix_mends_then_formats_and_fails_when_something_is_left(checkout):
    done = call(checkout.root, "fix")
    assert (done.returncode, done.stdout) == (0, "ruff check --fix .\nruff format .\n")
    program(checkout, "ruff", code=1)
    assert call(checkout.root, "fix").returncode != 0


def test_check_runs_everything_although_the_first_fails(checkout):
    for name in ("mypy", "lint-imports"):
        program(checkout, name)
    program(checkout, "ruff", code=1)
    done = call(checkout.root, "check")
    assert done.returncode == 2
    assert [line.split()[0] for line in done.stdout.splitlines() if not line.startswith("—")] == [
        "ruff",
        "ruff",
        "mypy",
        "lint-imports",
        "pytest",
    ]
    assert done.stderr == "dev.py: failed: ruff, ruff\n"


def test_what_serves_tests_serves_running_but_not_the_other_way_round(checkout):
    assert checkout.is_ready("run")
    checkout.write_stamp({}, "run")
    assert checkout.is_ready("run")
    assert not checkout.is_ready("dev")


@pytest.mark.parametrize(
    "name",
    ["pyproject.toml", "requirements/dev.txt", "service/safelight/__init__.py", "plugins/safelight-sketch/pyproject.toml"],
)
def test_changed_requirements_are_noticed(checkout, name):
    with (checkout.root / name).open("a") as file:
        file.write("\n")
    assert not checkout.is_ready("run")


def test_new_plugin_is_noticed(checkout):
    (checkout.root / "plugins" / "another").mkdir()
    (checkout.root / "plugins" / "another" / "pyproject.toml").write_text("")
    assert not checkout.is_ready("run")


def test_moved_checkout_is_noticed(dev, checkout):
    moved = checkout.root.with_name("elsewhere")
    checkout.root.rename(moved)
    assert not dev.Checkout(moved).is_ready("run")


def test_lost_python_is_noticed(checkout):
    checkout.python.unlink()
    checkout.python.symlink_to("/nowhere/python3")
    assert not checkout.is_ready("run")


@pytest.mark.parametrize("stamp", ["", "{", "[]", "null", "[1]"])
def test_damaged_stamp_counts_as_none(checkout, stamp):
    checkout.stamp.write_text(stamp)
    assert not checkout.is_ready("run")


def test_half_made_environment_is_made_anew_and_each_step_is_told(dev, checkout, monkeypatch, capsys):
    checkout.unfinished.touch()
    leftover = checkout.venv / "leftover"
    leftover.touch()
    made = 'import sys, pathlib; p = pathlib.Path(sys.argv[1], "bin/python"); p.parent.mkdir(); p.write_text("#!/bin/sh\\n"); p.chmod(0o755)'
    monkeypatch.setattr(dev, "venv_command", lambda venv: [sys.executable, "-c", made, str(venv)])
    monkeypatch.setattr(dev, "base_python", lambda: "/bin/true")
    checkout.set_up("run")
    assert checkout.is_ready("run")
    assert not leftover.exists()
    head, *steps = capsys.readouterr().err.splitlines()
    assert head.startswith("setting up (first run only)")
    assert [step.split()[0] for step in steps] == ["making", "downloading"]


def test_failed_installation_is_told_and_tried_again(checkout):
    with (checkout.root / "pyproject.toml").open("a") as file:
        file.write("\n")
    (checkout.venv / "lib" / "python3" / "site-packages" / "pip").mkdir(parents=True)
    done = call(checkout.root, "run")
    assert done.returncode == 2
    assert done.stderr.startswith(f"bringing up to date: {checkout.venv} …\n")
    assert "dev.py: failed: " in done.stderr
    assert not checkout.is_ready("run")
    assert checkout.unfinished.exists()


def test_running_needs_no_extras_but_the_command_lines(dev, checkout):
    arguments = checkout.requirements("run")
    assert arguments[:2] == ["-e", ".[cli]"]
    assert arguments[2::2] == ["-e"] * len(list(ROOT.glob("plugins/*/pyproject.toml")))
    assert not any("[" in argument for argument in arguments[2:])
    assert checkout.requirements("dev") == ["-r", "requirements/dev.txt"]


def test_the_benchmark_needs_its_peers_besides_and_neither_purpose_stands_for_the_other(checkout):
    assert checkout.requirements("bench")[:2] == ["-e", ".[cli,bench]"]
    assert not checkout.is_ready("bench")
    checkout.write_stamp(checkout._read_stamp(), "bench")
    assert checkout.is_ready("bench")
    assert checkout.is_ready("dev")


@pytest.mark.parametrize("missing", [{"ensurepip", "pip"}, {"venv"}])
def test_python_that_cannot_make_an_environment_is_told_what_to_install(dev, monkeypatch, capsys, missing):
    monkeypatch.setattr(dev, "find_spec", lambda name: None if name in missing else object())
    with pytest.raises(SystemExit) as stopped:
        dev.venv_command(Path(".venv"))
    assert stopped.value.code == 2
    assert "apt install python3-venv" in capsys.readouterr().err


def test_python_without_ensurepip_installs_from_outside(dev, monkeypatch, root):
    monkeypatch.setattr(dev, "find_spec", lambda name: None if name == "ensurepip" else object())
    assert "--without-pip" in dev.venv_command(Path(".venv"))
    checkout = dev.Checkout(root)
    assert checkout._pip()[1:] == ["-m", "pip", "--python", str(checkout.python)]


@pytest.fixture
def machine(dev, tmp_path, monkeypatch):
    """A machine that has none of the programs and files; its apt-get installs what it is asked for."""
    folder = tmp_path / "machine"
    wanted = {str(folder / Path(name).name) if name.startswith("/") else name: it for name, it in dev.PROGRAMS.items()}
    monkeypatch.setattr(dev, "PROGRAMS", wanted)
    names = " ".join(Path(name).name for name in wanted)
    log = tmp_path / "apt.log"
    install = f"for name in {names}; do printf '#!/bin/sh\\n' > {folder}/$name; chmod 755 {folder}/$name; done"
    executable(folder / "apt-get", f'#!/bin/sh\necho "$*" >> {log}\nPATH=/usr/bin:/bin\n[ "$1" = update ] || {{ {install}; }}\n')
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(dev, "SYSTEM_PATH", str(folder))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.delenv("CI", raising=False)
    return lambda: log.read_text().splitlines() if log.exists() else []


def test_root_gets_the_missing_programs_installed_once(dev, machine):
    dev.install_programs(dev.PROGRAMS)
    dev.install_programs(dev.PROGRAMS)
    assert machine() == [
        "update --quiet",
        "install --yes --quiet --no-install-recommends chromium curl nginx-light nodejs npm gcc libc6-dev zlib1g-dev",
    ]


def test_others_are_told_the_command(dev, machine, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    dev.install_programs(dev.PROGRAMS)
    command = (
        "sudo apt-get install --yes --quiet --no-install-recommends chromium curl nginx-light nodejs npm gcc libc6-dev zlib1g-dev"
    )
    assert command in capsys.readouterr().err
    assert machine() == []


def test_ci_stops_loudly_without_the_programs(dev, machine, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("CI", "true")
    executable(tmp_path / "machine" / "apt-get", "#!/bin/sh\necho no such package\nexit 100\n")
    with pytest.raises(SystemExit) as stopped:
        dev.install_programs(dev.PROGRAMS)
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert "apt-get install" in told


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], ["tests/live"]),
        (["-x"], ["tests/live", "-x"]),
        (["container", "-x"], ["tests/live/test_container.py", "-x"]),
    ],
)
def test_a_slow_lane_is_named_by_its_file(dev, arguments, wanted):
    assert dev.lanes(dev.Checkout(dev.ROOT), arguments) == wanted
