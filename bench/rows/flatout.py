"""Flat out: updates come faster than they can be shown, and whoever is behind gets the newest."""

from __future__ import annotations

from bench.measuring.sheet import Sheet, Wrong
from bench.peers import Server
from bench.peers.service import Service
from bench.rows.base import SERVICE, Bench, Row
from bench.rows.feeding import DATA_BYTES

UNIT = "µs of CPU per event and viewer"
_ARRIVED = "µs of CPU per event that arrived"
_SKIPPED = "% of events skipped for a newer one"
_BOUND = 0.6


def _measure(bench: Bench, sheet: Sheet) -> None:
    seconds = bench.size(5, 1)
    for viewers in bench.sizes(1_000, 5_000, 10_000, quick=(20,)):
        case = f"{viewers:,} viewers"
        for _ in range(bench.rounds):
            for name in bench.at_hand(SERVICE, "nchan", "limit", "prototype"):
                with bench.running(name, streams__progress_seconds=0) as server:
                    if isinstance(server, Service):
                        _flood(bench, sheet, server, case, viewers, seconds)
                    else:
                        _push(bench, sheet, server, case, viewers, seconds)
        sheet.compare(f"at most {_BOUND} × Nchan", UNIT, case, "nchan", _BOUND)


def _flood(bench: Bench, sheet: Sheet, server: Service, case: str, viewers: int, seconds: int) -> None:
    path = server.channel(0, how="flood", seconds=seconds, size=server.message_bytes(DATA_BYTES))
    before = server.snapshot(path)["seq"]
    load = bench.watch(
        server, path, "-n", viewers, "--publish", "/go", "--go", "--final", '"status":"succeeded"', "-d", seconds + 60
    )
    if load.final != viewers:
        raise Wrong(f"{load.final} of {viewers} viewers saw the end")
    shown = server.snapshot(path)["seq"] - before
    sheet.note(UNIT, case, server.name, load.cpu_seconds * 1e6 / (shown * viewers))
    sheet.note(_ARRIVED, case, server.name, load.cpu_us_per_delivery)
    sheet.note(_SKIPPED, case, server.name, 100 * (1 - load.received / (shown * viewers)))
    bench.tell(f"  {case}: {server.name}, {shown} events, {load.received / viewers:.1f} at each viewer")


def _push(bench: Bench, sheet: Sheet, server: Server, case: str, viewers: int, seconds: int) -> None:
    publish = server.publish_path % 0
    load = bench.watch(
        server, server.channel(0), "-n", viewers, "--publish", publish, "-W", 8, "-d", seconds, "-z", DATA_BYTES, "--drain", 20
    )
    if load.received != load.published * viewers:
        raise Wrong(f"{server.name}: {load.published} events for {viewers} viewers are {load.received} deliveries")
    sheet.note(UNIT, case, server.name, load.cpu_us_per_delivery)
    bench.tell(f"  {case}: {server.name}, {load.published} events")


ROW = Row(
    name="flatout",
    title="Fan-out flat out",
    how="""One generation, N viewers, and a provider that says as much as is taken for five seconds; `streams.progress_seconds = 0`, so
that every update is an event. A viewer that cannot take an event gets the newest when it can. The figure is the server's time divided
by events journalled and shown times viewers; what it costs for each event that arrived, and how many were skipped, stands beside it.
Peers get eight events ahead and skip none. Every viewer must see the end.""",
    goals=("at most 0.6 × Nchan", "every viewer sees the end"),
    unit=UNIT,
    measure=_measure,
)
