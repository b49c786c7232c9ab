"""What the README says is so."""

import re
import tomllib
from pathlib import Path

import attrs

from safelight.providers.toolbox import FORMABLE, USUAL
from safelight.structuring import structure
from safelight_cog.provider import Cog
from safelight_cog.settings import Settings

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def rows(title):
    section = README.split(f"## {title}\n")[1].split("\n## ")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in section.splitlines() if row.startswith("| `")]


def test_the_configuration_is_one():
    table = tomllib.loads(re.search(r"```toml\n(.*?)```", README, re.DOTALL)[1])["providers"]["flux"]
    assert (table.pop("plugin"), table.pop("private_network")) == (Cog.name, False)
    assert structure(table, Settings).mode == "auto"


def test_the_settings_are_all_there_with_their_defaults():
    told = {row[0].strip("`"): row[1].strip("`") for row in rows("Settings")}
    assert list(told) == [field.name for field in attrs.fields(Settings)]
    defaults = attrs.asdict(Settings(url="http://a"))
    for name, value in told.items():
        if value not in {"", "none"}:
            assert (tomllib.loads(f"value = {value}")["value"]) == defaults[name], name


def test_the_usual_names_are_all_there():
    told = {}
    for ours, theirs in (row[:2] for row in rows("What can be asked for")):
        names = [name.removeprefix("params.") for name in re.findall(r"`([\w.]+)`", ours)]
        groups = [re.findall(r"`(\w+)`", group) for group in theirs.split(" · ")]
        if len(names) > 1 and len(groups) == 1:
            groups = [[name] for name in groups[0]]
        told |= dict(zip(names, groups, strict=True))
    assert told == {camel(ours): list(theirs) for ours, theirs in USUAL.items()}
    assert set(USUAL) == FORMABLE
