"""Idle streams: what it costs to hold them, to keep them alive, and to let them in."""

from __future__ import annotations

from bench.measuring.files import raise_open_files
from bench.measuring.sheet import Sheet, Wrong
from bench.rows.base import SERVICE, Bench, Row

UNIT = "KB of memory per idle stream"
_BEATS = "% of a core for all heartbeats"
_CONNECT = "s of CPU to connect"
_HEARTBEAT_SECONDS = 15
_OTHER_FILES = 200
_MOST_KB, _MOST_PERCENT, _MOST_SECONDS = 11.0, 2.0, 1.2


def _measure(bench: Bench, sheet: Sheet) -> None:
    many, fewer = bench.size(20_000, 40), bench.size(10_000, 20)
    if (room := raise_open_files() - _OTHER_FILES) < many:
        sheet.remark(f"The hard limit of open files here is {room + _OTHER_FILES:,}: it leaves room for {room:,} streams.")
        many = room
    held, let_in = f"{many:,} streams", f"{fewer:,} streams"
    for _ in range(bench.rounds):
        for name in bench.at_hand(SERVICE, "nchan", "prototype"):
            _hold(bench, sheet, name, many, held)
            with bench.running(name) as server:
                load = bench.watch(server, server.channel(0, how="held"), "-n", fewer, "-r", 0, "-d", 0.1)
            sheet.note(_CONNECT, let_in, name, load.cpu_connect_seconds)
            bench.tell(f"  {name}: {load.cpu_connect_seconds:.2f} s of CPU to connect {fewer:,}")
    memory = sheet.values(UNIT, held, SERVICE)
    sheet.judge(f"20,000 on one process, at most {_MOST_KB:g} KB each", held, "KB", memory, _MOST_KB)
    beats = sheet.values(_BEATS, held, SERVICE)
    sheet.judge(f"heartbeats for all at most {_MOST_PERCENT:g} % of a core", held, "%", beats, _MOST_PERCENT)
    connect = sheet.values(_CONNECT, let_in, SERVICE)
    sheet.judge(f"connecting {fewer:,} at most {_MOST_SECONDS:g} s of CPU", let_in, "s", connect, _MOST_SECONDS)


def _hold(bench: Bench, sheet: Sheet, name: str, streams: int, case: str) -> None:
    """Connect, and listen to nothing; the service's window is two of its heartbeats long."""
    seconds = bench.size(2 * _HEARTBEAT_SECONDS, 1) if name == SERVICE else 0.1
    with bench.running(name) as server:
        load = bench.watch(server, server.channel(0, how="held"), "-n", streams, "-r", 2_500, "-d", seconds)
    if load.connected != streams or load.ended:
        raise Wrong(f"{name}: {load.connected} of {streams} streams are open, {load.ended} were closed")
    each = (load.rss_kib["connected"] - load.rss_kib["start"]) * 1.024 / streams
    sheet.note(UNIT, case, name, each)
    bench.tell(f"  {name}: {each:.1f} KB each")
    if name == SERVICE:
        if not bench.is_quick and load.comments < streams:
            raise Wrong(f"{load.comments} heartbeats for {streams} streams in {seconds} s")
        sheet.note(_BEATS, case, name, 100 * load.cpu_seconds / load.window_seconds)


ROW = Row(
    name="idle",
    title="20,000 idle streams",
    how="""20,000 viewers of one generation in which nothing happens, or as many as there may be open files. Memory is what the process grew by while they connected; heartbeats
are all of its time over the next thirty seconds, two of its heartbeats. Connecting is measured apart, with 10,000 that
come as fast as they are let in.""",
    goals=(
        "20,000 on one process, at most 11 KB each",
        "heartbeats for all at most 2 % of a core",
        "connecting 10,000 at most 1.2 s of CPU",
    ),
    unit=UNIT,
    measure=_measure,
)
