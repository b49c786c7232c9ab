"""Programs of the benchmark with the service's own classes inside, each in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

from bench.measuring.cores import pinned
from bench.measuring.machine import NO_DISK, file_system
from bench.measuring.sheet import Wrong
from bench.peers.service import PROVIDER
from bench.places import ROOT
from bench.rows.base import Bench

_SECONDS = 120


def inside(bench: Bench, module: str, *arguments: object, **environment: str) -> dict[str, Any]:
    """
    Run a module of `bench.measuring` on a fresh data folder; return what it prints.

    Raises:
        Wrong: It failed, or there is no disk to journal on.
    """
    if file_system(bench.folder).split()[0] in NO_DISK:
        raise Wrong(f"{bench.folder} is on no disk")
    folder = bench.folder / module
    shutil.rmtree(folder, ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", f"bench.measuring.{module}", str(folder), *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}{os.pathsep}{PROVIDER}", **environment},
        preexec_fn=pinned(bench.cores.server),
    )
    if done.returncode:
        raise Wrong(f"{module} failed: {done.stderr[-2000:]}")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])  # the service's log goes before it
    return said
