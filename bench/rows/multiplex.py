"""Many generations on one connection: a page that watches a hundred at once."""

from __future__ import annotations

from bench.measuring.sheet import Sheet, Wrong
from bench.peers.service import Service
from bench.rows.base import SERVICE, US, Bench, Row
from bench.rows.feeding import DATA_BYTES

_EVENTS = 20
_P99 = "p99, ms"


def _measure(bench: Bench, sheet: Sheet) -> None:
    generations, viewers = bench.size(100, 5), bench.size(200, 10)
    seconds = bench.size(20, 3)
    case = f"{generations} generations, {viewers} viewers"
    for _ in range(bench.rounds):
        with bench.running(SERVICE) as server:
            if not isinstance(server, Service):
                raise TypeError(server)
            size = server.message_bytes(DATA_BYTES)
            paths = server.channels(range(generations), how="paced", events=_EVENTS, seconds=seconds, size=size)
            path = "/v1/events?" + "&".join(f"id={path.split('/')[3]}" for path in paths)
            due = generations * _EVENTS * viewers
            load = bench.watch(server, path, "-n", viewers, "--mixed", "--publish", "/go", "--go", "-e", due, "-d", seconds + 20)
        if load.received != due:
            raise Wrong(f"{load.received} of {due} events arrived")
        sheet.note(US, case, SERVICE, load.cpu_us_per_delivery)
        sheet.note(_P99, case, SERVICE, load.latency.p99)
        bench.tell(f"  {load.cpu_us_per_delivery:.2f} µs, p99 {load.latency.p99:.1f} ms")


ROW = Row(
    name="multiplex",
    title="A hundred generations on one connection",
    how="""100 generations that each say twenty things over twenty seconds, and 200 viewers that watch all of them on one connection each;
default configuration. Every event must be at every viewer.""",
    goals=(),
    unit=US,
    measure=_measure,
)
