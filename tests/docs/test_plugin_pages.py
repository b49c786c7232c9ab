"""What the pages of plugins for hosted models say about their settings and names."""

import re
import tomllib

import attrs
import pytest

from safelight.plugins import discover
from safelight.providers import COMMON_PARAMS
from safelight.providers.toolbox import FORMABLE, USUAL
from safelight.structuring import structure
from safelight_cog.settings import Settings as CogSettings
from safelight_fal.form import USUAL as FAL_USUAL
from safelight_fal.settings import Settings as FalSettings
from safelight_replicate.settings import Settings as ReplicateSettings

from .conftest import ROOT

LEAST = {
    "cog": (CogSettings, {"url": "http://a"}, USUAL),
    "fal": (FalSettings, {"endpoint": "a/b", "key": "x"}, FAL_USUAL),
    "replicate": (ReplicateSettings, {"token": "x", "model": "a/b"}, USUAL),
}
"""By plugin: its settings, the least that has to be said, and the names it looks for."""


WAIVED = re.compile(
    r"^Of \[the laws of providers\]\(.*\) it does not keep:\n\n\| law \| why \|\n\|---\|---\|\n((?:\|.*\n)+)", re.MULTILINE
)


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def rows(plugin, title):
    page = (ROOT / "plugins" / f"safelight-{plugin}" / "README.md").read_text(encoding="utf-8")
    section = page.split(f"## {title}\n")[1].split("\n## ")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in section.splitlines() if row.startswith("| `")]


@pytest.mark.parametrize("plugin", LEAST)
def test_the_settings_are_all_there_with_their_defaults(plugin):
    cls, least, _ = LEAST[plugin]
    told = {row[0].strip("`"): row[1].strip("`") for row in rows(plugin, "Settings")}
    assert list(told) == [field.name for field in attrs.fields(cls)]
    defaults = structure(least, cls)
    for name, value in told.items():
        if value in {"none", "all"}:
            assert getattr(defaults, name) == (None if value == "none" else tuple(sorted(COMMON_PARAMS))), name
        elif value:
            assert structure(least | tomllib.loads(f"{name} = {value}"), cls) == defaults, name


@pytest.mark.parametrize("plugin", LEAST)
def test_the_usual_names_are_all_there(plugin):
    told = {}
    for ours, theirs in (row[:2] for row in rows(plugin, "What can be asked for")):
        names = [name.removeprefix("params.") for name in re.findall(r"`([\w.]+)`", ours)]
        groups = [re.findall(r"`([\w.]+)`", group) for group in theirs.split(" · ")]
        if len(names) > 1 and len(groups) == 1:
            groups = [[name] for name in groups[0]]
        told |= dict(zip(names, groups, strict=True))
    assert told == {camel(ours): list(theirs) for ours, theirs in LEAST[plugin][2].items()}
    assert set(LEAST[plugin][2]) == FORMABLE


@pytest.mark.parametrize("page", sorted(ROOT.glob("plugins/*/README.md")), ids=lambda page: page.parent.name)
def test_the_laws_that_are_not_kept_are_told_with_their_reasons(page):
    offers = discover().providers.values()
    waived = [law for offer in offers if offer.distribution == page.parent.name for law in offer.cls.waivers.items()]
    tables = "".join(WAIVED.findall(page.read_text(encoding="utf-8")))
    assert re.findall(r"^\| `(\w+)` \| (.*) \|$", tables, re.MULTILINE) == waived
