"""Calls upstream: one watch, however many look."""

from __future__ import annotations

import json
from urllib.request import urlopen

from bench.measuring.sheet import Sheet, Wrong
from bench.peers import Server
from bench.rows.base import SERVICE, Bench, Row

UNIT = "calls upstream in ten seconds"
_SECONDS = 10


def _measure(bench: Bench, sheet: Sheet) -> None:
    crowds = bench.sizes(1, 100, 1_000, quick=(1, 10))
    for _ in range(bench.rounds):
        for viewers in crowds:
            case = _case(viewers)
            for name in (SERVICE, "seed"):
                with bench.running(name) as server:
                    path = server.channel(0, how="held")
                    load = bench.watch(server, path, "-n", viewers, "-w", 0, "-d", bench.size(_SECONDS, 1))
                    calls = _calls(server)
                if load.connected != viewers:
                    raise Wrong(f"{name}: {load.connected} of {viewers} viewers are there")
                sheet.note(UNIT, case, name, calls)
                bench.tell(f"  {case}: {name} {calls} calls")
    for viewers in crowds:
        case = _case(viewers)
        sheet.judge("one watch for each generation", case, "calls", sheet.values(UNIT, case, SERVICE), 1.0)


def _case(viewers: int) -> str:
    return f"{viewers:,} viewer{'s' if viewers > 1 else ''}"


def _calls(server: Server) -> int:
    with urlopen(f"http://{server.publish_at}/calls", timeout=10) as answer:
        calls: int = json.loads(answer.read())["calls"]
    return calls


ROW = Row(
    name="upstream",
    title="Calls upstream",
    how="""One generation that runs for ten seconds with 1, 100 and 1,000 viewers. The provider counts how often it is asked; beside it the
loop that this service replaced, in which each viewer's connection polls the upstream once a second.""",
    goals=("one watch for each generation, whatever the number of viewers",),
    unit=UNIT,
    measure=_measure,
)
