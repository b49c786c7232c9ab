"""On what it was measured: machine, kernel, file system, and the version of everything in play."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.places import BUILT, ROOT

_PACKAGES = ("aiohttp", "aiohttp-sse", "sse-starlette", "starlette", "uvicorn", "uvloop", "httptools", "msgspec")
_PROGRAMS = {
    "node": ("node", "--version"),
    "nginx": ("nginx", "-v"),
    "cc": ("cc", "--version"),
    "nchan": ("dpkg-query", "-W", "-f=${Version}", "libnginx-mod-nchan"),
}
NO_DISK = frozenset({"tmpfs", "ramfs", "devtmpfs"})


def facts() -> dict[str, str]:
    """Return everything about the machine that a figure depends on."""
    said = {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "file system of the data folder": file_system(BUILT),
        "python": " ".join(sys.version.split()),  # with its build: one that is not optimised is a fifth slower
        "sqlite": sqlite3.sqlite_version,
        "safelight": _revision(),
    }
    for name in _PACKAGES:
        try:
            said[name] = version(name)
        except PackageNotFoundError:
            said[name] = "not installed"
    return said | {name: _said_by(command) for name, command in _PROGRAMS.items()}


def file_system(folder: Path) -> str:
    """Return the kind of file system a folder lies on, and its device."""
    folder.mkdir(parents=True, exist_ok=True)
    best = ("", "unknown", "")
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        device, place, kind, *_ = line.split()
        if folder.resolve().is_relative_to(place) and len(place) >= len(best[0]):
            best = (place, kind, device)
    return f"{best[1]} ({best[2]})"


def load_average() -> float:
    """Return how many tasks wanted a core during the last minute, ours not yet among them."""
    return os.getloadavg()[0]


def _processor() -> str:
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else platform.machine()


def _revision() -> str:
    return _said_by(("git", "-C", str(ROOT), "describe", "--always", "--dirty"))


def _said_by(command: tuple[str, ...]) -> str:
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"}
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    except OSError:
        return "not at hand"
    said = (done.stdout or done.stderr).strip().splitlines()
    return said[0] if said and not done.returncode else "not at hand"
