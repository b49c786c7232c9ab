"""The command line: `python -m bench [ROW…]`."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench.measuring.cores import Cores
from bench.places import BUILT, PAGE, RESULTS, all_results
from bench.reporting import charts, page
from bench.rows import ROWS, Bench
from bench.running import is_met, keep, run


def main(arguments: list[str] | None = None) -> int:
    """Measure, keep, draw; return 1 if a goal was missed or could not be tried."""
    asked = _parser().parse_args(arguments)
    if asked.draw:
        return _draw()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that servers under test end with us
    BUILT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=BUILT) as folder:
        bench = Bench(
            rounds=asked.rounds or (1 if asked.quick else 3),
            is_quick=asked.quick,
            cores=Cores.shared() if asked.quick else Cores.apart(),
            folder=Path(folder),
            tell=lambda line: print(line, flush=True),
        )
        results = run(bench, asked.rows or list(ROWS), lambda found: None if asked.quick else keep(found, asked.out))
    if not asked.quick:
        print(f"\nkept in {asked.out}")
        if asked.out.parent.resolve() == RESULTS:
            _draw()
    return 0 if is_met(results) else 1


def _draw() -> int:
    runs = all_results()
    if not runs:
        print(f"no results in {RESULTS}: measure first", file=sys.stderr)
        return 1
    charts.draw(runs[-1])
    PAGE.write_text(page.page(runs), encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    rows = "\n".join(f"  {name:<12} {row.title}" for name, row in ROWS.items())
    parser = argparse.ArgumentParser(
        prog="dev.py bench",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measure the service beside its peers. Exit code 1: a goal was missed, or could not be tried.",
        epilog=f"rows:\n{rows}",
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", choices=[*ROWS, []], help="all of them unless said")
    parser.add_argument("--rounds", type=int, help="how often each is measured (3)")
    parser.add_argument("--quick", action="store_true", help="see that it works: everything small, nothing kept or judged")
    parser.add_argument(
        "--out", type=Path, default=RESULTS / f"{datetime.now(UTC):%Y-%m-%d}.json", help="the file of results to add to"
    )
    parser.add_argument("--draw", action="store_true", help="draw the newest results again, and measure nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
