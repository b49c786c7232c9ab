"""The service as the end-to-end tests have it, those fixtures as they are; and the page that says what came of a lane."""

import importlib.util
import platform
import subprocess
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUTCOMES = pytest.StashKey()
FACTS = pytest.StashKey()

_SPEC = importlib.util.spec_from_file_location("end_to_end", Path(__file__).parents[1] / "e2e" / "conftest.py")
_end_to_end = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_end_to_end)

launch = _end_to_end.launch
eventually = _end_to_end.eventually
free_port = _end_to_end.free_port


@pytest.fixture(scope="module")
def tried_with(request):
    """Note what a lane is run against, by name and version: it stands on the lane's page."""
    facts = request.config.stash.setdefault(FACTS, defaultdict(dict))
    return facts[lane_of(request.path)].update


def lane_of(path):
    return Path(path).stem.removeprefix("test_")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" or report.failed:
        outcomes = item.config.stash.setdefault(OUTCOMES, defaultdict(list))
        outcomes[lane_of(item.path)].append((item.name, report.outcome, call.duration))
    return report


def pytest_sessionfinish(session):
    if session.config.getoption("--record"):
        for lane, cases in session.config.stash.get(OUTCOMES, {}).items():
            facts = session.config.stash.get(FACTS, {}).get(lane, {})
            (ROOT / "docs" / "live" / f"{lane}.md").write_text(page_of(lane, cases, facts), encoding="utf-8")


def page_of(lane, cases, facts):
    """Return what came of one run of a lane, as a page."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    changed = subprocess.run(["git", "status", "--porcelain", "-uno"], cwd=ROOT, capture_output=True, text=True, check=False)
    counted = ", ".join(f"{number} {outcome}" for outcome, number in sorted(Counter(outcome for _, outcome, _ in cases).items()))
    against = ", ".join(f"{name} {version}" for name, version in sorted({**facts, "Python": platform.python_version()}.items()))
    rows = "\n".join(
        f"| {name.removeprefix('test_').replace('_', ' ')} | {outcome} | {seconds:.1f} |" for name, outcome, seconds in cases
    )
    return f"""# Live lane: {lane}

Written by `python3 dev.py test --live {lane} --record`, not by hand.

| | |
|---|---|
| when | {datetime.now(UTC):%Y-%m-%d %H:%M} UTC |
| against | {against} |
| commit | {commit.stdout.strip() or "unknown"}{", with changes" if changed.stdout.strip() else ""} |
| machine | {platform.system()} {platform.machine()} |
| in all | {counted} |

| case | outcome | seconds |
|---|---|---|
{rows}
"""
