"""The page that shows results: charts and tables made from a file, so that no figure is typed by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bench.measuring.spread import Spread
from bench.peers import SERVERS
from bench.reporting.words import spread, verdict
from bench.rows import ROWS

_HEAD = """# The streams at speed

`python3 dev.py bench` makes this page from its results; [how to run and read it](../how-to/run-the-benchmark.md). Every figure is the
median of the rounds ({rounds}), in brackets from the least to the most; a ratio is taken within each round. The server under test has one
core, the load the other; everything is on loopback. Time is what the kernel accounts to the server's threads. Ratios say something
about other machines too, absolute figures about this one only.

Measured on {when}, load average {load_average:.1f} before it began; *met in* counts the runs kept in `bench/results`.

"""


def page(runs: Sequence[dict[str, Any]]) -> str:
    """Return the page of the newest of these runs, which says of each goal in how many of them it was met."""
    newest = runs[-1]
    return _HEAD.format(**newest) + "\n".join(_parts(newest, runs))


def _parts(results: dict[str, Any], runs: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield from _goals(results["rows"], runs)
    for name, said in results["rows"].items():
        yield from _row(name, said)
    if missing := [row.title for name, row in ROWS.items() if name not in results["rows"]]:
        yield f"Not measured in this run: {', '.join(missing)}.\n"
    yield "## The machine\n\n| | |\n|---|---|"
    yield from (f"| {what} | {fact} |" for what, fact in results["machine"].items())
    yield ""


def _goals(rows: dict[str, Any], runs: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield "## Goals\n\n| row | goal | this run | met in |\n|---|---|---|---|"
    for name, said in rows.items():
        anchor = "".join(letter for letter in ROWS[name].title.lower() if letter.isalnum() or letter in " -").replace(" ", "-")
        for found in said["verdicts"]:
            line = verdict(found).partition(": ")
            yield f"| [{ROWS[name].title}](#{anchor}) | {found['goal']} | {line[0]}: {line[2].partition(' · ')[2]} | {_met(runs, name, found)} |"
        for goal in said["untried"]:
            yield f"| [{ROWS[name].title}](#{anchor}) | {goal} | NOT TRIED | |"
        if said["error"]:
            yield f"| [{ROWS[name].title}](#{anchor}) | {'; '.join(ROWS[name].goals)} | NOT MEASURED | |"
    yield ""


def _met(runs: Sequence[dict[str, Any]], name: str, wanted: dict[str, Any]) -> str:
    """Return in how many of the runs that tried it a goal was met."""
    tried = [
        found["is_met"]
        for run in runs
        for found in run["rows"].get(name, {"verdicts": ()})["verdicts"]
        if (found["goal"], found["case"]) == (wanted["goal"], wanted["case"])
    ]
    return f"{sum(tried)} of {len(tried)}"


def _row(name: str, said: dict[str, Any]) -> Iterator[str]:
    row = ROWS[name]
    yield f"## {row.title}\n\n{row.how}\n"
    if said["error"]:
        yield f"Not measured: {said['error']}\n"
    if not said["figures"]:
        return
    yield f"![{row.title}](../bench/{name}.svg)\n"
    for unit in dict.fromkeys(figure["unit"] for figure in said["figures"]):
        yield from _table(unit, [figure for figure in said["figures"] if figure["unit"] == unit])
    yield from (f"{remark}\n" for remark in said["remarks"])


def _table(unit: str, figures: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield one table of one unit: who by which case."""
    cases = dict.fromkeys(figure["case"] for figure in figures)
    found = {(figure["who"], figure["case"]): spread(Spread.of(figure["values"])) for figure in figures}
    yield f"| {unit} | {' | '.join(cases)} |\n|---|{'---|' * len(cases)}"
    for who in dict.fromkeys(figure["who"] for figure in figures):
        yield f"| {SERVERS[who].title} | {' | '.join(found.get((who, case), '') for case in cases)} |"
    yield ""
