"""Compression: what it saves on the wire, and what it costs."""

from __future__ import annotations

from bench.measuring.sheet import Sheet, Wrong
from bench.rows.base import SERVICE, US, Bench, Row
from bench.rows.feeding import feed

_BYTES = "bytes on the wire per delivery"
_CASES = {"plain": (), "gzip": ("Accept-Encoding: gzip",)}
_DATA_BYTES = 1_000


def _measure(bench: Bench, sheet: Sheet) -> None:
    viewers, events = bench.size(1_000, 20), bench.size(40, 5)
    for _ in range(bench.rounds):
        for case, headers in _CASES.items():
            with bench.running(SERVICE) as server:
                load = feed(bench, server, viewers=viewers, events=events, data_bytes=_DATA_BYTES, headers=headers)
            if load.gzip not in {0, viewers} or (load.gzip and not headers):
                raise Wrong(f"{load.gzip} of {viewers} streams are compressed, asked for by {headers}")
            if headers and not load.gzip:
                sheet.remark("The service did not compress.")
            sheet.note(US, case, SERVICE, load.cpu_us_per_delivery)
            sheet.note(_BYTES, case, SERVICE, load.bytes / load.received)
            bench.tell(f"  {case}: {load.cpu_us_per_delivery:.2f} µs, {load.bytes / load.received:.0f} bytes per delivery")


ROW = Row(
    name="compression",
    title="Compressed fan-out",
    how="""One generation, 1,000 viewers, events of 1,000 bytes of data, each at every viewer before the next one; default configuration. Once
without, once with `Accept-Encoding: gzip`; the client unpacks every stream.""",
    goals=(),
    unit=US,
    measure=_measure,
)
