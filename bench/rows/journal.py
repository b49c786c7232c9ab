"""The journal by itself: how many appends a second, how late at a steady pace, and what it asks of the disk."""

from __future__ import annotations

from bench.load.building import built
from bench.measuring.sheet import Sheet
from bench.places import HERE
from bench.rows.base import SERVICE, Bench, Row
from bench.rows.inside import inside

UNIT = "appends a second"
_CPU, _P99 = "µs of CPU per append", "p99 at 10,000 a second, ms"
_PER_SECOND, _PER_SYNC = "fsyncs a second", "appends per fsync"
_LEAST, _MOST_MS = 100_000, 10.0
_GROUPED, _DURABLE, _STEADY = "progress, grouped", "durable, grouped", "progress, steady"


def _measure(bench: Bench, sheet: Sheet) -> None:
    counter = built("fsyncs.so", HERE / "load" / "fsyncs", "-shared", "-fPIC", "-ldl")
    syncs = bench.folder / "fsyncs"
    for _ in range(bench.rounds):
        said = inside(bench, "appends", bench.size(100_000, 200), LD_PRELOAD=str(counter), BENCH_FSYNCS=str(syncs))
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


ROW = Row(
    name="journal",
    title="Appends to the journal",
    how="""The SQLite journal by itself, in a process of its own on one core, on a real disk: 2,000 generations that each append one status
after the other, all at once, first as progress, then durably; each status is made and encoded by the caller, as the service does it, and
that is counted too; the collector is set as `serve` sets it. Then 10,000 a second, each timed from the moment it was due. What the
process asks of the disk is counted under `fsync` and `fdatasync`.""",
    goals=("at least 100,000 a second, grouped", "p99 at most 10 ms at 10,000 a second"),
    unit=UNIT,
    measure=_measure,
)
