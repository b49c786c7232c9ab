"""Fan-out: one generation, many viewers, and every event at each of them."""

from __future__ import annotations

from bench.measuring.sheet import Sheet
from bench.rows.base import SERVICE, US, Bench, Row
from bench.rows.feeding import feed

_EVERYONE = (SERVICE, "limit", "nchan", "prototype", "aiohttp-sse", "better-sse", "sse-starlette")
_EVENTS = {100: 60, 1_000: 40, 5_000: 25, 10_000: 25}
_OF_NCHAN = {1_000: 0.95, 5_000: 0.85, 10_000: 0.85}
_OF_LIMIT = 1.4
_OF_STARLETTE = 0.3


def _measure(bench: Bench, sheet: Sheet) -> None:
    sizes = bench.sizes(*_EVENTS, quick=(20,))
    for viewers in sizes:
        case = f"{viewers:,} viewers"
        for number in range(bench.rounds):
            for name in bench.at_hand(*_EVERYONE):
                with bench.running(name, streams__progress_seconds=0) as server:
                    load = feed(bench, server, viewers=viewers, events=_EVENTS.get(viewers, 5))
                sheet.note(US, case, name, load.cpu_us_per_delivery)
                bench.tell(f"  {case}, round {number + 1}: {name} {load.cpu_us_per_delivery:.2f} µs")
        if viewers in _OF_NCHAN:
            bound = _OF_NCHAN[viewers]
            sheet.compare(f"at most {bound} × Nchan", US, case, "nchan", bound)
            sheet.compare(f"at most {_OF_LIMIT} × the C limit", US, case, "limit", _OF_LIMIT)
            sheet.compare(f"at most {_OF_STARLETTE} × sse-starlette", US, case, "sse-starlette", _OF_STARLETTE)


ROW = Row(
    name="fanout",
    title="Fan-out, every event delivered",
    how="""One generation, N viewers, events of 500 bytes of data handed in over HTTP one after the other: the next when the one before
is at every viewer. Each event of the service is folded, journalled on disk and encoded, with the default configuration but for
`streams.progress_seconds = 0`: else it alone would rest for a tenth of a second before each event, and begin with cold caches
while the peers never rest. The peers only pass it on. Deliveries must be events times viewers.""",
    goals=(
        "at most 0.95, 0.85, 0.85 × Nchan at 1,000, 5,000, 10,000 viewers",
        "at most 1.4 × the C limit",
        "at most 0.3 × sse-starlette",
    ),
    unit=US,
    measure=_measure,
)
