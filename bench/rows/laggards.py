"""Laggards: one viewer in ten never reads, and nobody else may notice."""

from __future__ import annotations

from bench.load.client import Load
from bench.measuring.sheet import Sheet
from bench.measuring.spread import ratios
from bench.rows.base import SERVICE, Bench, Row

UNIT = "p99 of those who read, ms"
_MEMORY = "KiB of memory per laggard"
_RATE, _BYTES = 100, 1_000
_BOUND, _MOST_KIB = 1.1, 1_024
_LEAST_ROUNDS = 3
"""A p99 of two or three milliseconds in one round may be off by a fifth, and it is a ratio of two of them that is judged."""
_WITHOUT, _WITH = "without laggards", "one in ten never reads"


def _measure(bench: Bench, sheet: Sheet) -> None:
    viewers, seconds = bench.size(200, 20), bench.size(10, 1)
    laggards = viewers // 10
    peers = bench.at_hand("nchan", "prototype", "better-sse", "sse-starlette")
    for turn in range(bench.size(max(bench.rounds, _LEAST_ROUNDS), bench.rounds)):
        for name in (SERVICE, *(peers if turn < bench.rounds else ())):
            for case, lagging in ((_WITHOUT, 0), (_WITH, laggards)):
                load = _watch(bench, name, viewers - laggards + lagging, lagging, seconds)
                sheet.note(UNIT, case, name, load.latency.p99)
                grown = load.rss_kib["max"] - load.rss_kib["connected"]
                if lagging:
                    sheet.note(_MEMORY, case, name, grown / lagging)
                bench.tell(f"  {name}, {case}: p99 {load.latency.p99:.2f} ms, memory grew by {grown} KiB")
    own = ratios(sheet.values(UNIT, _WITH, SERVICE), sheet.values(UNIT, _WITHOUT, SERVICE))
    sheet.judge(f"the others' p99 at most {_BOUND} × the one without laggards", _WITH, "×", own, _BOUND)
    memory = sheet.values(_MEMORY, _WITH, SERVICE)
    sheet.judge(f"memory bounded: at most {_MOST_KIB} KiB for each", _WITH, "KiB", memory, _MOST_KIB)


def _watch(bench: Bench, name: str, viewers: int, laggards: int, seconds: int) -> Load:
    with bench.running(name, streams__progress_seconds=0) as server:
        size = server.message_bytes(_BYTES)
        path = server.channel(0, how="fed")
        publish = ("--publish", server.publish_path % 0, "-R", _RATE, "-X", _RATE * seconds, "-z", size)
        return bench.watch(server, path, "-n", viewers, "--laggards", laggards, *publish, "-d", seconds + 5, "-w", 1)


ROW = Row(
    name="laggards",
    title="One viewer in ten never reads",
    how="""180 viewers that read, and 20 more that read their first event and nothing after it; 100 events of 1,000 bytes a second for ten
seconds, each stamped with the moment it was due. `streams.progress_seconds = 0`, so that every update is an event. The same without
the twenty, in the same round; the service's own ratio is the median of three rounds at least. Memory is the most there was over what
there was when everybody had connected.""",
    goals=("the others' p99 at most 1.1 × the one without laggards", "memory bounded"),
    unit=UNIT,
    measure=_measure,
)
