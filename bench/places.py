"""Where the benchmark reads and writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "bench"
BUILT = ROOT / "build" / "bench"
RESULTS = HERE / "results"
CHARTS = ROOT / "docs" / "bench"
PAGE = ROOT / "docs" / "explanation" / "streams-at-speed.md"


def all_results() -> list[dict[str, Any]]:
    """Return every file of results that is kept, the oldest first."""
    return sorted(map(read_results, RESULTS.glob("*.json")), key=lambda results: str(results["when"]))


def read_results(path: Path) -> dict[str, Any]:
    """Return a file of results as plain data."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
