"""Growth: what a delivery costs with ever more viewers, and with ever more generations alive."""

from __future__ import annotations

from collections.abc import Sequence

from bench.measuring.sheet import Sheet
from bench.measuring.spread import ratios
from bench.peers.service import Service
from bench.rows.base import SERVICE, US, Bench, Row
from bench.rows.feeding import feed

_BOUND = 1.25


def _measure(bench: Bench, sheet: Sheet) -> None:
    crowds = bench.sizes(100, 1_000, 10_000, quick=(10, 20))
    alive = bench.sizes(1, 1_000, 10_000, quick=(1, 5))
    for _ in range(bench.rounds):
        for viewers in crowds:
            _sample(bench, sheet, f"{viewers:,} viewers", viewers, 1)
        for live in alive:
            _sample(bench, sheet, _alive(live), bench.size(1_000, 10), live)
    _judge(sheet, "with the viewers", [f"{viewers:,} viewers" for viewers in crowds])
    _judge(sheet, "with the generations", [_alive(live) for live in alive])


def _alive(live: int) -> str:
    return f"{live:,} generation{'s' if live > 1 else ''} alive"


def _sample(bench: Bench, sheet: Sheet, case: str, viewers: int, live: int) -> None:
    with bench.running(SERVICE) as server:
        if isinstance(server, Service):
            server.channels(range(1, live), how="held")
        load = feed(bench, server, viewers=viewers, events=bench.size(30, 5))
    sheet.note(US, case, SERVICE, load.cpu_us_per_delivery)
    bench.tell(f"  {case}: {load.cpu_us_per_delivery:.2f} µs")


def _judge(sheet: Sheet, what: str, cases: Sequence[str]) -> None:
    first = sheet.values(US, cases[0], SERVICE)
    for case in cases[1:]:
        grown = ratios(sheet.values(US, case, SERVICE), first)
        sheet.judge(f"does not grow {what} by more than 25 %", f"{case} / {cases[0]}", "×", grown, _BOUND)


ROW = Row(
    name="growth",
    title="Growth in viewers and in generations",
    how="""The service alone, default configuration. First one generation with 100, 1,000 and 10,000 viewers; then one generation with 1,000
viewers beside 0, 999 and 9,999 others that are alive and say nothing. Each event is at every viewer before the next one.""",
    goals=("flat within 25 % from 100 to 10,000 viewers", "flat within 25 % from 1 to 10,000 live generations"),
    unit=US,
    measure=_measure,
)
