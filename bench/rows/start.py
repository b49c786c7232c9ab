"""Starting: help at once, and serving soon."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

from bench.measuring.cores import pinned
from bench.measuring.sheet import Sheet
from bench.rows.base import SERVICE, Bench, Row

UNIT = "ms"
_CPU = "ms of CPU"
_HELP_MS, _SERVING_MS = 150.0, 1_000.0
_HELP, _SERVING = "safelight --help", "safelight serve"


def _measure(bench: Bench, sheet: Sheet) -> None:
    program = [str(Path(sys.executable).with_name("safelight")), "--help"]
    for _ in range(bench.size(max(bench.rounds, 5), 1)):
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(program, check=True, stdout=subprocess.DEVNULL, preexec_fn=pinned(bench.cores.server))
        sheet.note(UNIT, _HELP, SERVICE, (time.perf_counter() - began) * 1e3)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        sheet.note(_CPU, _HELP, SERVICE, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3)
        began = time.perf_counter()
        with bench.running(SERVICE):
            sheet.note(UNIT, _SERVING, SERVICE, (time.perf_counter() - began) * 1e3)
    for figure in sheet.figures:
        bench.tell(f"  {figure.case}: {figure.spread.median:.0f} {figure.unit}")
    sheet.judge(f"{_HELP} within {_HELP_MS:g} ms", _HELP, "ms", sheet.values(UNIT, _HELP, SERVICE), _HELP_MS)
    sheet.judge(f"serving within {_SERVING_MS / 1e3:g} s", _SERVING, "ms", sheet.values(UNIT, _SERVING, SERVICE), _SERVING_MS)


ROW = Row(
    name="start",
    title="Starting",
    how="""From the start of the process to its end for `safelight --help`, and until the port takes connections for `safelight serve` on an
empty data folder.""",
    goals=("`safelight --help` within 150 ms", "serving within 1 s"),
    unit=UNIT,
    measure=_measure,
)
