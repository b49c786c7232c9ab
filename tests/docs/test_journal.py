"""What the page about `safelight journal` says of its output is so."""

import json
import re

import pytest

from safelight.records import Ground

PAGE = "docs/how-to/find-out-what-happened.md"
SCRIPT = [{"do": "started"}, {"do": "progress", "fraction": 0.5}, {"do": "fail", "text": "No."}, {"do": "succeed"}]


@pytest.fixture
def told(launch, safelight, eventually):
    """The stories of a success and of a failure with something after it, for people and for machines."""
    service = launch().is_up()
    stories = []
    for options in ({"seconds": 0}, {"script": SCRIPT}):
        made = service.create(providerId="simulator", ref="order-17", options=options)["sessionId"]
        eventually(lambda made=made: service.snapshot(made)["status"], {"succeeded", "failed"}.__contains__)
        stories.append(
            (safelight("journal", made, "--all").stdout, json.loads(safelight("journal", made, "--all", "--json").stdout))
        )
    return stories


def test_the_tables_and_the_example_are_what_is_printed(document, told):
    page = document(PAGE)
    keys = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1])) for row in page.rows("key")}
    kinds = set(re.findall(r"`(\w+)`", re.search(r"`kind` in `happened` is (.*?);", page.text)[1]))
    for text, story in told:
        assert set(story) == set(keys)
        for key in ("generation", "verdict"):
            assert set(story[key]) <= keys[key], key
        for key in ("happened", "attempts", "late"):
            for one in story[key]:
                assert set(one) <= keys[key], key
        for one in story["outputs"]:
            assert {"file", "isLate"} <= set(one)
        assert {one["kind"] for one in story["happened"]} <= kinds
        labels = re.findall(r"^(\w[\w ]{0,12}?)\s{2,}\S", text.partition("\n")[2], re.MULTILINE)
        shown = re.findall(r"^(\w[\w ]{0,12}?)\s{2,}\S", page.block("text").partition("\n")[2], re.MULTILINE)
        assert {label for label in labels if not label.startswith("output")} <= set(shown)
    assert all(len(line) <= 80 for line in page.block("text").splitlines())


def test_the_grounds_are_those_there_are(document):
    assert [row[0].strip("`") for row in document(PAGE).rows("ground")] == [ground.value for ground in Ground]
