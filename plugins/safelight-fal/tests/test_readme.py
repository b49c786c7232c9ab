"""What the README says is so."""

import re
import tomllib
from pathlib import Path

import attrs
import pytest

from safelight.providers import COMMON_PARAMS
from safelight.providers.toolbox import FORMABLE
from safelight.structuring import structure
from safelight_fal.addresses import Addresses
from safelight_fal.form import USUAL, form_of_settings
from safelight_fal.provider import Fal
from safelight_fal.settings import Settings

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", README, re.DOTALL)]


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def rows(title):
    section = README.split(f"## {title}\n")[1].split("\n## ")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in section.splitlines() if row.startswith("| `")]


def settings_of(block):
    [table] = block["providers"].values()
    assert table.pop("plugin", Fal.name) == Fal.name
    table.pop("private_network", None)
    assert set(table["key"]) == {"env"}
    return structure({**table, "key": "k" * 8}, Settings)


@pytest.mark.parametrize("block", BLOCKS)
def test_each_configuration_is_one(block):
    settings = settings_of(block)
    assert settings.schema_url or form_of_settings(settings).names["prompt"] == "prompt"


def test_the_clone_is_called_at_its_own_address():
    addresses = Addresses(settings_of(BLOCKS[1]))
    job = addresses.job("r1", {"status_url": "https://queue.fal.run/fal-ai/flux/requests/r1/status"})
    assert str(addresses.submission(None)) == "https://router.huggingface.co/fal-ai/fal-ai/flux/dev?_subdomain=queue"
    assert (
        str(addresses.page(job, "status"))
        == "https://router.huggingface.co/fal-ai/fal-ai/flux/requests/r1/status?_subdomain=queue"
    )


def test_the_settings_are_all_there_with_their_defaults():
    told = {row[0].strip("`"): row[1].strip("`") for row in rows("Settings")}
    assert list(told) == [field.name for field in attrs.fields(Settings)]
    required = {"endpoint": "a/b", "key": "k"}
    defaults = structure(required, Settings)
    assert told.pop("params") == "all"
    assert set(defaults.params) == COMMON_PARAMS
    for name, value in told.items():
        if value == "none":
            assert getattr(defaults, name) is None, name
        elif value:
            assert structure(required | tomllib.loads(f"{name} = {value}"), Settings) == defaults, name


def test_the_usual_names_are_all_there():
    told = {}
    for ours, theirs in (row[:2] for row in rows("What can be asked for")):
        told[ours.strip("`").removeprefix("params.")] = re.findall(r"`([\w.]+)`", theirs)
    assert told == {camel(ours): list(theirs) for ours, theirs in USUAL.items()}
    assert set(USUAL) == FORMABLE
