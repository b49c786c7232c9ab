"""The journal by itself: how many appends a second, how late at a steady pace, and what it asks of the disk."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.load.building import built
from bench.measuring.cores import pinned
from bench.measuring.machine import NO_DISK, file_system
from bench.measuring.sheet import Sheet, Wrong
from bench.places import HERE, ROOT
from bench.rows.base import SERVICE, Bench, Row

UNIT = "appends a second"
_CPU, _P99 = "µs of CPU per append", "p99 at 10,000 a second, ms"
_PER_SECOND, _PER_SYNC = "fsyncs a second", "appends per fsync"
_LEAST, _MOST_MS = 100_000, 10.0
_GROUPED, _DURABLE, _STEADY = "progress, grouped", "durable, grouped", "progress, steady"


def _measure(bench: Bench, sheet: Sheet) -> None:
    if file_system(bench.folder).split()[0] in NO_DISK:
        raise Wrong(f"{bench.folder} is on no disk")
    for _ in range(bench.rounds):
        said = _appends(bench, bench.size(100_000, 200))
        for case, key in ((_GROUPED, "progress"), (_DURABLE, "durable")):
            found = said[key]
            sheet.note(UNIT, case, SERVICE, found["rate"])
            sheet.note(_CPU, case, SERVICE, found["cpu_us"])
            sheet.note(_PER_SECOND, case, SERVICE, found["fsyncs_per_second"])
            sheet.note(_PER_SYNC, case, SERVICE, found["appends_per_fsync"])
            each = f"{found['cpu_us']:.1f} µs each, {found['appends_per_fsync']:,.0f} for each fsync"
            bench.tell(f"  {case}: {found['rate']:,.0f} a second, {each}")
        sheet.note(_P99, _STEADY, SERVICE, said["p99_ms"])
        bench.tell(f"  {_STEADY}: p99 {said['p99_ms']:.2f} ms")
    rates = sheet.values(UNIT, _GROUPED, SERVICE)
    sheet.judge(f"at least {_LEAST:,} a second, grouped", _GROUPED, "a second", rates, _LEAST, is_least=True)
    sheet.judge(f"p99 at most {_MOST_MS:g} ms at 10,000 a second", _STEADY, "ms", sheet.values(_P99, _STEADY, SERVICE), _MOST_MS)


def _appends(bench: Bench, count: int) -> dict[str, Any]:
    folder = bench.folder / "journal"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    counter = built("fsyncs.so", HERE / "load" / "fsyncs", "-shared", "-fPIC", "-ldl")
    done = subprocess.run(
        [sys.executable, "-m", "bench.measuring.appends", str(folder / "data"), str(count)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={
            "PYTHONPATH": str(ROOT),
            "LD_PRELOAD": str(counter),
            "BENCH_FSYNCS": str(folder / "fsyncs"),
            "HOME": str(Path.home()),
        },
        preexec_fn=pinned(bench.cores.server),
    )
    if done.returncode:
        raise Wrong(f"the appends failed: {done.stderr[-2000:]}")
    shutil.rmtree(folder)
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])  # the journal's log goes before it
    return said


ROW = Row(
    name="journal",
    title="Appends to the journal",
    how="""The SQLite journal by itself, in a process of its own on one core, on a real disk: 2,000 generations that each append one status
after the other, all at once, first as progress, then durably; then 10,000 a second, each timed from the moment it was due. What the
process asks of the disk is counted under `fsync` and `fdatasync`.""",
    goals=("at least 100,000 a second, grouped", "p99 at most 10 ms at 10,000 a second"),
    unit=UNIT,
    measure=_measure,
)
