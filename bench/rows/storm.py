"""A reconnect storm: everybody is cut, something happens, everybody is back at once."""

from __future__ import annotations

from bench.measuring.sheet import Sheet, Wrong
from bench.rows.base import SERVICE, Bench, Row
from bench.rows.feeding import DATA_BYTES

UNIT = "time to be back / time to connect"
_FRAMES = "events per viewer that is back"
_CPU = "µs of CPU per viewer that is back"
_BOUND = 1.2


def _measure(bench: Bench, sheet: Sheet) -> None:
    viewers = bench.size(2_000, 40)
    case = f"{viewers:,} viewers"
    for _ in range(bench.rounds):
        for name in bench.at_hand(SERVICE, "nchan", "limit", "prototype"):
            with bench.running(name) as server:
                size = server.message_bytes(DATA_BYTES)
                path = server.channel(0, how="fed")
                publish = ("--publish", server.publish_path % 0, "-z", size)
                load = bench.watch(server, path, "-n", viewers, "-p", viewers, "--storm", *publish)
            if load.completed != viewers:
                raise Wrong(f"{name}: {load.completed} of {viewers} came back")
            ratio = load.busy_seconds / load.storm_connect_seconds
            sheet.note(UNIT, case, name, ratio)
            sheet.note(_FRAMES, case, name, load.events / viewers)
            sheet.note(_CPU, case, name, load.cpu_seconds * 1e6 / viewers)
            bench.tell(f"  {name}: connected in {load.storm_connect_seconds:.3f} s, back in {load.busy_seconds:.3f} s")
    sheet.judge("one event each", case, "events", sheet.values(_FRAMES, case, SERVICE), 1.0)
    sheet.judge(f"at most {_BOUND} × the time to connect them", case, "×", sheet.values(UNIT, case, SERVICE), _BOUND)


ROW = Row(
    name="storm",
    title="A reconnect storm",
    how="""2,000 viewers connect at once, each until its first event. All are cut, one more event happens, and all come back at once with
the id of the last event they saw, until each has an event. Nothing else may come.""",
    goals=("one event each", "at most 1.2 × the time to connect them"),
    unit=UNIT,
    measure=_measure,
)
