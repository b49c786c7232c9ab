"""The page of promises names tests that there are, and shows their tables as they are."""

import importlib.util
import re
import sys

import pytest

from .conftest import ROOT

PAGE = "docs/explanation/promises.md"
NAMED = re.findall(r"\[(test_\w+)\]\(([^)]+)\)", (ROOT / PAGE).read_text(encoding="utf-8"))


def module(path):
    """Load a file of tests for what it holds besides."""
    name = f"{path.stem}_as_read_by_documents"
    spec = importlib.util.spec_from_file_location(name, path)
    loaded = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.mark.parametrize(("name", "path"), NAMED)
def test_each_test_that_is_named_exists(name, path):
    source = ((ROOT / PAGE).parent / path).read_text(encoding="utf-8")
    assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE)


def test_each_promise_says_what_by_what_tried_by_which_tests_and_what_remains(document):
    *promises, live = re.split(r"^## ", document(PAGE).text, flags=re.MULTILINE)[1:]
    assert len(promises) >= 9
    for promise in promises:
        marks = re.findall(r"^\*\*(Promised|By|Tried by|What remains possible)\b", promise, re.MULTILINE)
        assert marks == ["Promised", "By", "Tried by", "What remains possible"], promise.partition("\n")[0]
        assert re.search(r"\[test_\w+\]", promise), promise.partition("\n")[0]
    assert live.startswith("What was tried against a real server")


def test_the_money_table_is_the_one_that_is_tried(document):
    table = module(ROOT / "tests/unit/words/test_money_table.py").ONE_ATTEMPT
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()]
    assert [[cell.replace("`", "") for cell in row] for row in document(PAGE).rows("its work depends on")] == [
        [" ".join(cell.split()) for cell in row] for row in rows[2:]
    ]


def test_the_ends_of_the_kill_walk_are_the_ones_that_are_walked_to(document):
    plays = module(ROOT / "tests/e2e/test_kill_walk.py").PLAYS
    walked = [[name, *(play.ends[moment] for moment in ("intended", "accepted", "undisturbed"))] for name, play in plays.items()]
    assert [
        [cell.replace("`", "").replace(", charged:", "") for cell in row] for row in document(PAGE).rows("what ran")
    ] == walked


def test_the_deadlines_are_those_of_the_configuration(document):
    from safelight.config.model import Deadlines

    rows = {row[0].strip("`").removeprefix("deadlines."): float(row[1]) for row in document(PAGE).rows("setting")}
    rows["seed_total_seconds"] = float(re.search(r"`deadlines\.seed_total_seconds` \((\d+)\)", document(PAGE).text)[1])
    defaults = Deadlines()
    assert rows == {name: getattr(defaults, name) for name in Deadlines.__slots__ if name.endswith("_seconds")}
