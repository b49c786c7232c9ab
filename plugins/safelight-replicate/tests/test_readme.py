"""What the README says is so."""

import re
import tomllib
from pathlib import Path

import attrs

from safelight.config.load import load
from safelight.providers import Secret
from safelight.providers.toolbox import FORMABLE, USUAL
from safelight.structuring import structure
from safelight_replicate.provider import Replicate
from safelight_replicate.settings import Settings
from safelight_replicate.testing import TOKEN

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def rows(title):
    section = README.split(f"## {title}\n")[1].split("\n## ")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in section.splitlines() if row.startswith("| `")]


def configured(tmp_path, **environ):
    (tmp_path / "config.toml").write_text(re.search(r"```toml\n(.*?)```", README, re.DOTALL)[1], encoding="utf-8")
    return load(tmp_path / "config.toml", environ=environ)


def test_the_configuration_is_one(tmp_path):
    instance = configured(tmp_path, REPLICATE_API_TOKEN="r8_x").providers["flux"]
    assert instance.plugin == Replicate.name
    settings = structure(instance.settings, Settings)
    assert (settings.token.reveal(), settings.model) == ("r8_x", "owner/name")


def test_the_settings_are_all_there_with_their_defaults():
    told = {row[0].strip("`"): row[1].strip("`") for row in rows("Settings")}
    assert list(told) == [field.name for field in attrs.fields(Settings)]
    defaults = attrs.asdict(Settings(token=Secret("x"), model="a/b"))
    for name, value in told.items():
        if value not in {"", "none"}:
            assert tomllib.loads(f"value = {value}")["value"] == defaults[name], name
        elif value == "none":
            assert defaults[name] is None


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


async def test_the_configuration_that_is_shown_paints_a_picture(fake, serve, tmp_path):
    shown = configured(tmp_path, REPLICATE_API_TOKEN=TOKEN).providers["flux"].settings
    fake.models[shown["model"]] = fake.models["acme/lighthouse"]
    async with serve(**shown) as service:
        assert (await service.run()).outcome == "succeeded"
    assert fake.calls("POST *")[0].path == "/v1/models/owner/name/predictions"
