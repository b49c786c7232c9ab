"""Many generations with one viewer each: all of the service's work, against nothing but the stream."""

from __future__ import annotations

from bench.measuring.sheet import Sheet
from bench.peers import Server
from bench.peers.service import Service
from bench.rows.base import SERVICE, Bench, Row
from bench.rows.feeding import DATA_BYTES

UNIT = "µs of CPU per event"
_EVENTS, _SECONDS = 20, 10
_BOUND = 2.5


def _measure(bench: Bench, sheet: Sheet) -> None:
    count = bench.size(2_000, 20)
    case = f"{count:,} generations"
    seconds = bench.size(_SECONDS, 1)
    for _ in range(bench.rounds):
        for name in bench.at_hand(SERVICE, "prototype"):
            with bench.running(name) as server:
                where, go = _paths(bench, server, count, seconds)
                due = count * _EVENTS
                load = bench.watch(
                    server, where[0], *where[1:], "-n", count, "--publish", go, "--go", "-e", due, "-d", 2 * seconds
                )
            if load.received < due:
                sheet.remark(
                    f"{name} was too late for some: a newer event replaced up to {100 * load.missing / due:.0f} % of them."
                )
            value = load.cpu_seconds * 1e6 / load.received
            sheet.note(UNIT, case, name, value)
            sheet.note("p99, ms", case, name, load.latency.p99)
            bench.tell(f"  {name}: {value:.1f} µs per event, p99 {load.latency.p99:.1f} ms")
    sheet.compare(f"at most {_BOUND} × the bare prototype", UNIT, case, "prototype", _BOUND)


def _paths(bench: Bench, server: Server, count: int, seconds: int) -> tuple[list[str], str]:
    """Return the client's arguments for the paths of all streams, the pattern first, and what makes the events begin."""
    if not isinstance(server, Service):
        return ["/sub/%d"], f"/go?channels={count}&events={_EVENTS}&seconds={seconds}"
    size = server.message_bytes(DATA_BYTES)
    file = bench.folder / "paths"
    paths = server.channels(range(count), how="paced", events=_EVENTS, seconds=seconds, size=size)
    file.write_text("\n".join(paths), encoding="ascii")
    return ["/", "-u", str(file)], "/go"


ROW = Row(
    name="many",
    title="2,000 generations, one viewer each",
    how="""2,000 generations, one viewer each, twenty events over ten seconds, made in the server's process. The service watches the
provider, folds, journals on disk and frames, with the default configuration; the bare prototype only encodes and writes.""",
    goals=("at most 2.5 × the bare prototype",),
    unit=UNIT,
    measure=_measure,
)
