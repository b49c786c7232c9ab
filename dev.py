#!/usr/bin/env python3
"""
Run, test and check Safelight from a checkout: the one command there is.

    python3 dev.py run [ARGS]    start the service (`safelight serve ARGS`)
    python3 dev.py test [ARGS]   run the tests (`pytest ARGS`; everything, on every core, when there are none)
    python3 dev.py test --live [LANE…]
                                 run the slow lanes of tests/live: real servers, the container image
    python3 dev.py check         lint, formatting, types, import floors, documents
    python3 dev.py fix           format, and mend what can be mended by machine
    python3 dev.py bench [ROW…]  measure the service beside its peers (`bench --help`)

It needs Python 3.11 or newer and nothing else: the first run makes `.venv` in the checkout, later ones start at once.
Everything runs in the checkout, so relative paths start there.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
EVERYTHING = ("-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder")
COMPILER = {"cc": "gcc", "/usr/include/stdio.h": "libc6-dev", "/usr/include/zlib.h": "zlib1g-dev"}
PROGRAMS = {"chromium": "chromium", "curl": "curl", "nginx": "nginx-light", "node": "nodejs", "npm": "npm"} | COMPILER
"""What the tests run besides Python, or compile with, and the Debian package of each."""
NCHAN = {"/usr/lib/nginx/modules/ngx_nchan_module.so": "libnginx-mod-nchan"}
BENCH_PROGRAMS = {"nginx": "nginx-light", "node": "nodejs", "npm": "npm"} | COMPILER | NCHAN
"""What the benchmark runs and compiles with."""
LIVE_PROGRAMS = {"buildah": "buildah", "caddy": "caddy", "debootstrap": "debootstrap"}
"""What the slow lanes run besides."""
SYSTEM_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


class Checkout:
    """A checkout and its `.venv`: made once, mended when half-made, brought up to date when what it rests on changes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.python = self.venv / "bin" / "python"
        self.stamp = self.venv / "safelight.json"
        self.unfinished = self.venv / "unfinished"

    def is_ready(self, purpose: str) -> bool:
        """Whether nothing has to be installed for `run`, for `dev`, which includes what `run` needs, or for `bench`."""
        stamp = self._read_stamp()
        if self.unfinished.exists() or not self.python.exists() or stamp.get("ground") != self.ground():
            return False
        return self.digest() in {stamp.get("dev" if purpose == "run" else purpose), stamp.get(purpose)}

    def ground(self) -> str:
        """Return what a `.venv` cannot outlive: its Python and its place."""
        return f"{sys.implementation.cache_tag} {sys.base_prefix} {self.root}"

    def digest(self) -> str:
        """Return the hash of every file that says what is to be installed."""
        files = ("pyproject.toml", "requirements/dev.txt", "service/safelight/__init__.py", "plugins/*/pyproject.toml")
        sha = hashlib.sha256()
        for file in sorted(file for pattern in files for file in self.root.glob(pattern)):
            sha.update(f"{file.relative_to(self.root)}\0".encode() + file.read_bytes() + b"\0")
        return sha.hexdigest()

    def requirements(self, purpose: str) -> list[str]:
        """Return pip's arguments: the distributions of this checkout, of their extras only those that matter."""
        if purpose == "dev":
            return ["-r", "requirements/dev.txt"]
        extras = "[cli]" if purpose == "run" else "[cli,bench]"
        lines = (self.root / "requirements" / "dev.txt").read_text().splitlines()
        return [word for line in lines if line.startswith("-e ") for word in re.sub(r"\[.*\]", extras, line).split(" ", 1)]

    def set_up(self, purpose: str) -> None:
        """Make `.venv` fit for `run`, `dev` or `bench`; costs nothing when it is."""
        if self.is_ready(purpose):
            return
        with self._locked():
            if self.is_ready(purpose):
                return
            stamp = self._read_stamp()
            if self.unfinished.exists() or not self.python.exists() or stamp.get("ground", self.ground()) != self.ground():
                shutil.rmtree(self.venv, ignore_errors=True)
                stamp = {}
            print(f"{'bringing up to date' if stamp else 'setting up (first run only)'}: {self.venv} …", file=sys.stderr)
            self.venv.mkdir(exist_ok=True)
            self.unfinished.touch()
            if not self.python.exists():
                print("  making a virtual environment …", file=sys.stderr)
                subprocess.run(venv_command(self.venv), check=True, cwd=self.root)
            print("  downloading and installing packages, half a minute or so …", file=sys.stderr)
            pip = [*self._pip(), "--disable-pip-version-check", "install", "-qq", *self.requirements(purpose)]
            subprocess.run(pip, check=True, cwd=self.root)
            self.write_stamp(stamp, purpose)
            self.unfinished.unlink()

    def write_stamp(self, before: dict[str, str], purpose: str) -> None:
        """Note that `.venv` now holds what `purpose` needs."""
        stamp = {**before, "ground": self.ground(), purpose: self.digest()}
        self.stamp.write_text(json.dumps(stamp, indent=1), encoding="utf-8")

    def _read_stamp(self) -> dict[str, str]:
        try:
            return dict(json.loads(self.stamp.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return {}  # none, or cut off while it was written: either way nothing is known to be installed

    def _pip(self) -> list[str]:
        if any(self.venv.glob("lib/python*/site-packages/pip")):
            return [str(self.python), "-m", "pip"]
        return [base_python(), "-m", "pip", "--python", str(self.python)]

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        folder = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)  # two first runs at once would install into each other
            yield
        finally:
            os.close(folder)


def base_python() -> str:
    """Return the interpreter beneath any virtual environment, which would not survive its own removal."""
    if sys.prefix == sys.base_prefix:
        return sys.executable
    return str(Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}"))


def venv_command(venv: Path) -> list[str]:
    """Return the command that makes a virtual environment with what this Python brings."""
    if not find_spec("venv") or not (find_spec("ensurepip") or find_spec("pip")):
        stop(f"{base_python()} cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv")
    pip = [] if find_spec("ensurepip") else ["--without-pip"]  # then ours installs into it from outside
    return [base_python(), "-m", "venv", *pip, str(venv)]


def install_programs(programs: Mapping[str, str]) -> None:
    """See to programs, and files named by their whole path: install them where that is ours to do, else say what would."""
    missing = [package for program, package in programs.items() if not is_here(program)]
    if not missing:
        return
    apt = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *missing]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"installing {', '.join(missing)} …", file=sys.stderr)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "--quiet"], apt):
            done = subprocess.run(command, check=False, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if done.returncode:
                sys.stderr.buffer.write(done.stdout)
                break
        else:
            return
    sentence = f"some of it needs programs that are not here; on Debian and Ubuntu: sudo {shlex.join(apt)}"
    if os.environ.get("CI") == "true":
        stop(sentence)
    print(sentence, file=sys.stderr)  # what needs them says so for itself, the rest is worth running


def is_here(program: str) -> bool:
    """Whether a program can be found, or a file exists."""
    return Path(program).exists() if program.startswith("/") else bool(shutil.which(program, path=SYSTEM_PATH))


def run(checkout: Checkout, arguments: Sequence[str]) -> NoReturn:
    """Become the service: signals reach it and its exit code is ours."""
    checkout.set_up("run")
    become(checkout, "safelight", "serve", *arguments)


def test(checkout: Checkout, arguments: Sequence[str]) -> NoReturn:
    """Become pytest."""
    checkout.set_up("dev")
    if arguments[:1] == ["--live"]:
        install_programs(PROGRAMS | LIVE_PROGRAMS)
        become(checkout, "pytest", "--live", *lanes(checkout, arguments[1:]))
    install_programs(PROGRAMS)
    become(checkout, "pytest", *(arguments or EVERYTHING))


def lanes(checkout: Checkout, arguments: Sequence[str]) -> list[str]:
    """Return pytest's arguments, with the names of lanes as their files."""
    files = {path.stem.removeprefix("test_"): path for path in checkout.root.glob("tests/live/test_*.py")}
    named = [str(files[word].relative_to(checkout.root)) if word in files else word for word in arguments]
    return named if any(word in files for word in arguments) else ["tests/live", *named]


def check(checkout: Checkout, arguments: Sequence[str]) -> None:
    """Run every check, the later ones too when an earlier one fails, so that one run tells everything."""
    refuse(arguments)
    checkout.set_up("dev")
    sources = [str(path.relative_to(checkout.root)) for path in sorted(checkout.root.glob("plugins/*/src"))]
    commands = (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy", "dev.py", "bench", "service", *sources),
        ("lint-imports", "--config", "setup.cfg"),
        ("pytest", "tests/docs"),
    )
    failed = []
    for program, *rest in commands:
        print(f"— {shlex.join((program, *rest))}", flush=True)
        if subprocess.run([checkout.venv / "bin" / program, *rest], check=False, cwd=checkout.root).returncode:
            failed.append(program)
    if failed:
        stop(f"failed: {', '.join(failed)}")


def fix(checkout: Checkout, arguments: Sequence[str]) -> None:
    """Let ruff mend and format."""
    refuse(arguments)
    checkout.set_up("dev")
    mended = subprocess.run([checkout.venv / "bin" / "ruff", "check", "--fix", "."], check=False, cwd=checkout.root)
    subprocess.run([checkout.venv / "bin" / "ruff", "format", "."], check=True, cwd=checkout.root)
    sys.exit(mended.returncode)


def bench(checkout: Checkout, arguments: Sequence[str]) -> NoReturn:
    """Become the benchmark."""
    checkout.set_up("bench")
    install_programs(BENCH_PROGRAMS)
    become(checkout, "python", "-m", "bench", *arguments)


def become(checkout: Checkout, program: str, *arguments: str) -> NoReturn:
    """Replace this process by a program of the `.venv`."""
    os.chdir(checkout.root)
    path = str(checkout.venv / "bin" / program)
    os.execv(path, [path, *arguments])


def refuse(arguments: Sequence[str]) -> None:
    """Stop when arguments are given to a command that takes none."""
    if arguments:
        stop(f"unexpected: {shlex.join(arguments)}")


def stop(sentence: str) -> NoReturn:
    """End with a sentence for people and a code for machines."""
    print(f"dev.py: {sentence}", file=sys.stderr)
    sys.exit(2)


def on_terminate(number: int, _frame: FrameType | None) -> NoReturn:
    """Unwind, so that a child of ours ends with us and does not go on installing alone."""
    sys.exit(128 + number)


def main(arguments: Sequence[str]) -> None:
    """Do what the command line says."""
    if sys.version_info < (3, 11):  # noqa: UP036 - older ones get as far as this line, and a sentence is kinder than what follows
        stop(f"Safelight needs Python 3.11 or newer, this is {sys.version.split()[0]}; try: python3.11 dev.py")
    commands = {"run": run, "test": test, "check": check, "fix": fix, "bench": bench}
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(__doc__.strip())
        sys.exit(0 if arguments else 2)
    if arguments[0] not in commands:
        stop(f"unknown command {arguments[0]!r}; one of: {', '.join(commands)}")
    signal.signal(signal.SIGTERM, on_terminate)
    try:
        commands[arguments[0]](Checkout(ROOT), arguments[1:])
    except subprocess.CalledProcessError as error:
        stop(f"failed: {shlex.join(map(str, error.cmd))}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main(sys.argv[1:])
