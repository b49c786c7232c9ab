"""config.toml says every setting, its default and what it is for."""

import re
import tomllib
from pathlib import Path

import attrs
import pytest

from safelight.config.load import load
from safelight.config.model import Config, Instance
from safelight.config.sources import all_keys

FILE = Path(__file__).parents[2] / "config.toml"
TEXT = FILE.read_text(encoding="utf-8")


def table(section):
    """Return the lines of one table of the file."""
    start = f"\n[{section}]" if section else ""
    return TEXT.partition(start)[2].partition("\n[")[0] if section else TEXT.partition("\n[")[0]


def test_the_file_equals_the_defaults():
    assert load(FILE, environ={}) == Config()


def test_the_file_leaves_nothing_out():
    written = tomllib.loads(TEXT)
    said = {f"{section}.{key}" for section, keys in written.items() if isinstance(keys, dict) for key in keys}
    said |= {key for key, value in written.items() if not isinstance(value, dict)}
    assert said - {f"providers.{name}" for name in Config().providers} == set(all_keys())


@pytest.mark.parametrize("key", all_keys())
def test_every_setting_has_one_comment_beside_it(key):
    section, _, name = key.rpartition(".")
    assert re.search(rf"^{name} = \S.*? # \S", table(section), re.MULTILINE)


@pytest.mark.parametrize("name", [field.name for field in attrs.fields(Instance) if field.name != "settings"])
def test_the_keys_every_provider_table_takes_are_explained_once(name):
    assert re.search(rf"^{name} = \S.*? # \S", table("providers.sketch"), re.MULTILINE)
