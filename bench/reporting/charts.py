"""One chart for each row of a file of results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.measuring.spread import Spread
from bench.peers import SERVERS
from bench.places import CHARTS
from bench.reporting.svg import Bar, Group, chart
from bench.rows import ROWS
from bench.rows.base import SERVICE


def draw(results: dict[str, Any], folder: Path = CHARTS) -> None:
    """Draw the chart of every row that has figures."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, said in results["rows"].items():
        if said["figures"]:
            (folder / f"{name}.svg").write_text(drawn(name, said["figures"]), encoding="utf-8")


def drawn(name: str, figures: list[dict[str, Any]]) -> str:
    """Return the chart of one row: the figures of its unit, case by case."""
    row = ROWS[name]
    groups: dict[str, list[Bar]] = {}
    for figure in figures:
        if figure["unit"] == row.unit:
            bar = Bar(label=SERVERS[figure["who"]].title, spread=Spread.of(figure["values"]), is_own=figure["who"] == SERVICE)
            groups.setdefault(figure["case"], []).append(bar)
    return chart(row.title, row.unit, [Group(case=case, bars=bars) for case, bars in groups.items()])
