import json
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from safelight.structuring import structure
from safelight_simulator.acts import GRAMMAR, HAZARDS
from safelight_simulator.bounds import LIMITS, MAX_DEAF_SECONDS
from safelight_simulator.options import CancelAnswer, Charge, RemoteOptions, Scenario, Submit
from safelight_simulator.plugin import RemoteSimulator, Simulator

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def section(title):
    return README.split(f"## {title}\n")[1].split("\n## ")[0]


def rows(title):
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section(title).splitlines() if line.startswith("| `")
    ]


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_scenarios_are_all_there():
    assert [row[0].strip("`") for row in rows("Scenarios")] == list(get_args(Scenario))


def test_the_acts_are_all_there_with_their_fields():
    told = {}
    for do, fields, what in rows("Scripts"):
        names = [name.strip() for name in fields.split(",") if name.strip()]
        needed = {name.strip("*") for name in names if name.startswith("**")}
        told[do.strip("`")] = (needed, set(names) - {f"**{name}**" for name in needed})
        assert ("hazard" in what) == (do.strip("`") in HAZARDS)
    assert told == {do: (set(rule.needs), set(rule.takes)) for do, rule in GRAMMAR.items()}


@pytest.mark.parametrize(("option", "values"), [("submit", Submit), ("charge", Charge), ("cancel", CancelAnswer)])
def test_the_answers_are_all_there(option, values):
    told = next(row[1] for row in rows("Handing in") if row[0] == f"`{option}`")
    assert re.findall(r"`(\w+)`", told) == list(get_args(values))


def test_the_examples_are_requests_the_simulator_takes():
    [curl] = blocks("sh")
    body = json.loads(re.search(r"-d '(.*)'", curl, re.DOTALL)[1])
    structure(body["options"], Simulator.Options, naming="camel")
    structure(body["params"], Simulator.Params, naming="camel")
    [script] = blocks("json")
    assert structure(json.loads(script), RemoteOptions, naming="camel").script


def test_the_configuration_is_the_defaults():
    [config] = blocks("toml")
    for name, cls in (("simulator", Simulator), ("far", RemoteSimulator)):
        table = tomllib.loads(config)["providers"][name]
        assert table.pop("plugin") == cls.name
        assert structure(table, cls.Settings) == cls.Settings()


def test_the_limits_are_the_ones_that_hold():
    assert LIMITS == {"updates": 2000, "characters of text": 1_000_000, "bytes of output": 16 * 2**20, "pixels": 64_000_000}
    assert all(figure in section("Configuration") for figure in ("2000", "1 000 000", "16 MiB", "64 million"))
    assert f"more than {MAX_DEAF_SECONDS:g} s" in section("Configuration")
