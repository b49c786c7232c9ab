"""A run from its first row to its file: what fails, fails alone, and is told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.load.building import NotBuilt
from bench.load.client import LoadFailed
from bench.measuring.machine import facts, load_average
from bench.measuring.sheet import Sheet, Wrong, as_plain
from bench.peers.base import NotUp
from bench.places import read_results
from bench.reporting.words import verdict
from bench.rows import ROWS, Bench


def run(bench: Bench, names: Sequence[str], take: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Measure rows one after the other; return everything found, which `take` is given after each of them."""
    results: dict[str, Any] = {
        "when": datetime.now(UTC).isoformat(timespec="minutes").removesuffix("+00:00") + " UTC",
        "rounds": bench.rounds,
        "is_quick": bench.is_quick,
        "load_average": load_average(),
        "machine": facts(),
        "rows": {},
    }
    bench.tell("\n".join(f"{what}: {fact}" for what, fact in results["machine"].items()))
    for name in names:
        results["rows"][name] = _measured(bench, name)
        take(results)
    return results


def _measured(bench: Bench, name: str) -> dict[str, Any]:
    sheet, row, began = Sheet(), ROWS[name], time.monotonic()
    error = None
    bench.tell(f"\n{name}: {row.title}")
    try:
        row.measure(bench, sheet)
    except (Wrong, NotUp, NotBuilt, LoadFailed) as failure:
        error = str(failure)
        bench.tell(f"  NOT MEASURED: {error}")
    said = as_plain(sheet) | {"error": error, "seconds": round(time.monotonic() - began, 1)}
    for found in () if bench.is_quick else said["verdicts"]:
        bench.tell(f"  {verdict(found)}")
    for remark in sheet.remarks:
        bench.tell(f"  {remark}")
    for goal in () if bench.is_quick else sheet.untried:
        bench.tell(f"  NOT TRIED: {goal}")
    return said


def is_met(results: dict[str, Any]) -> bool:
    """Whether every row was measured and every goal tried and met; a quick run only has to have worked."""
    rows = results["rows"]
    if any(said["error"] for said in rows.values()):
        return False
    if results["is_quick"]:
        return True
    return all(found["is_met"] for said in rows.values() for found in said["verdicts"]) and not any(
        said["untried"] for said in rows.values()
    )


def keep(results: dict[str, Any], path: Path) -> dict[str, Any]:
    """Write results to a file; rows of it that were not measured now stay as they were. Return what stands there."""
    if path.exists():
        before = read_results(path)["rows"]
        rows = {name: results["rows"].get(name, before.get(name)) for name in ROWS}
        results = results | {"rows": {name: said for name, said in rows.items() if said is not None}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return results
