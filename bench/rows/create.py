"""From a create to its first event: how many a second, and how long at half of that."""

from __future__ import annotations

import json

from bench.load.client import Load
from bench.measuring.sheet import Sheet, Wrong
from bench.peers import Server
from bench.peers.service import Service, draft
from bench.rows.base import SERVICE, Bench, Row
from bench.rows.inside import inside

UNIT = "creations with their first event a second"
_P99 = "p99 at 1,000 a second, ms"
_CPU = "µs of CPU per creation"
_LEAST, _MOST_MS = 2_000, 20.0


def _measure(bench: Bench, sheet: Sheet) -> None:
    count = bench.size(6_000, 40)
    flat, half = "as fast as they go", "1,000 a second"
    for _ in range(bench.rounds):
        for name in bench.at_hand(SERVICE, "prototype"):
            with bench.running(name) as server:
                load = _create(bench, server, count, "-p", 32)
            rate = load.completed / load.busy_seconds
            sheet.note(UNIT, flat, name, rate)
            cost = load.cpu_seconds * 1e6 / load.completed
            sheet.note(_CPU, flat, name, cost)
            with bench.running(name) as server:
                paced = _create(bench, server, count, "-R", bench.size(_LEAST // 2, 40))
            sheet.note(_P99, half, name, paced.completing.p99)
            bench.tell(f"  {name}: {rate:,.0f} a second, {cost:.0f} µs each; p99 {paced.completing.p99:.1f} ms at 1,000 a second")
        said = inside(bench, "creates", count, bench.size(_LEAST // 2, 40))
        sheet.note(UNIT, f"embedded, {flat}", SERVICE, said["rate"])
        sheet.note(_CPU, f"embedded, {flat}", SERVICE, said["cpu_us"])
        sheet.note(_P99, f"embedded, {half}", SERVICE, said["p99_ms"])
        bench.tell(f"  embedded: {said['rate']:,.0f} a second, {said['cpu_us']:.0f} µs each; p99 {said['p99_ms']:.1f} ms")
    for case in ("embedded, ", ""):
        rates, late = sheet.values(UNIT, case + flat, SERVICE), sheet.values(_P99, case + half, SERVICE)
        goal = f"at least {_LEAST:,} a second with the journal on disk"
        sheet.judge(goal, case + flat, "a second", rates, _LEAST, is_least=True)
        sheet.judge(f"p99 at most {_MOST_MS:g} ms at half that", case + half, "ms", late, _MOST_MS)


def _create(bench: Bench, server: Server, count: int, *how: object) -> Load:
    if isinstance(server, Service):
        body, key, path = json.dumps(draft(1, how="held")), "sessionId", "/v1/generations/%s/events"
        publish = "/v1/generations"
    else:
        body, key, path, publish = "{}", "id", "/sub/%s", "/create"
    words = ("--create", count, "--id", key, "-B", body, *how, "-d", 60)
    load = bench.watch(server, path, *words, "--publish", publish)
    if load.completed != count:
        raise Wrong(f"{server.name}: {load.completed} of {count} creations came to a first event")
    return load


ROW = Row(
    name="create",
    title="From create to first event",
    how="""Over HTTP, as an application does it: POST, then the stream on the same connection, until its first event; then it is closed. And
embedded, through the client that opens the service in its own process, with the collector and the log as `serve` sets them. Either way
the generation and its first intent are journalled durably before the create returns, with the default configuration; the provider then
holds still. Thirty-two at once for the rate; then 1,000 a second, each timed from the moment it was due.""",
    goals=("at least 2,000 a second with the journal on disk", "p99 at most 20 ms at half that"),
    unit=UNIT,
    measure=_measure,
)
