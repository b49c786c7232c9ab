"""Every goal has its row, every row its place in the documents, and rows work."""

import json
import re
import subprocess
import sys

import pytest

from bench.__main__ import main
from bench.peers import SERVERS
from bench.places import ROOT
from bench.rows import ROWS

PAGE = (ROOT / "docs" / "how-to" / "run-the-benchmark.md").read_text(encoding="utf-8")
GOALS = {
    "fanout": ("0.95, 0.85, 0.85 × Nchan", "1.4 × the C limit", "0.3 × sse-starlette"),
    "flatout": ("0.6 × Nchan", "the end"),
    "many": ("2.5 × the bare prototype",),
    "laggards": ("1.1 ×", "memory bounded"),
    "idle": ("20,000 on one process, at most 11 KB", "2 % of a core", "10,000 at most 1.2 s"),
    "create": ("2,000 a second with the journal on disk", "20 ms"),
    "storm": ("one event each", "1.2 × the time to connect"),
    "journal": ("100,000 a second", "10 ms at 10,000"),
    "upstream": ("one watch",),
    "growth": ("25 % from 100 to 10,000 viewers", "25 % from 1 to 10,000 live generations"),
    "start": ("150 ms", "1 s"),
}
"""What is wanted of the streams at speed; a goal is never lost by editing a row."""


@pytest.mark.parametrize("name", GOALS)
def test_every_goal_has_its_row(name):
    assert len(ROWS[name].goals) == len(GOALS[name])
    for goal, words in zip(ROWS[name].goals, GOALS[name], strict=True):
        assert words in goal


def test_every_other_row_claims_nothing():
    assert {name: row.goals for name, row in ROWS.items() if name not in GOALS} == {"compression": (), "multiplex": ()}


def test_how_to_tells_every_row_and_its_goals():
    table = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| (.*) \|$", PAGE, re.MULTILINE))
    assert table == {name: "; ".join(row.goals) or "none" for name, row in ROWS.items()}


def test_how_to_tells_every_server():
    for server in SERVERS.values():
        assert f"| {server.title} |" in PAGE


def test_unknown_row_is_refused(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["fanuot"])
    assert stopped.value.code == 2
    assert "fanuot" in capsys.readouterr().err


def test_rows_work_when_they_are_small(tmp_path):
    """What is fed and what is in C, and the journal in a process of its own."""
    out = tmp_path / "results.json"
    command = [sys.executable, "-m", "bench", "--quick", "--out", str(out), "fanout", "journal"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("20 viewers, round 1: safelight", "20 viewers, round 1: limit", "durable, grouped: "):
        assert words in done.stdout
    assert not out.exists()


def test_service_is_measured_with_its_own_defaults():
    for name in ("many", "create", "idle", "storm", "growth", "compression", "multiplex"):
        module = sys.modules[ROWS[name].measure.__module__]
        source = (ROOT / "bench" / "rows" / f"{module.__name__.rpartition('.')[2]}.py").read_text(encoding="utf-8")
        assert "streams__" not in source, json.dumps(name)


def test_where_events_follow_each_other_at_once_nothing_else_is_set():
    source = (ROOT / "bench" / "rows" / "fanout.py").read_text(encoding="utf-8")
    assert re.findall(r"\w+__\w+=\w+", source) == ["streams__progress_seconds=0"]
