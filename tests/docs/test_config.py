import re
from pathlib import Path

import attrs

from safelight.config.load import load
from safelight.config.model import Config
from safelight.config.sources import all_keys

FILE = Path(__file__).parents[2] / "config.toml"


def test_the_file_equals_the_defaults():
    assert load(FILE, environ={}) == Config()


def test_every_setting_stands_in_the_file_with_a_comment():
    text = FILE.read_text()
    for key in all_keys():
        section, _, name = key.rpartition(".")
        part = text if not section else text.split(f"\n[{section}]\n", 1)[1]
        assert re.search(rf"^{name} = .+ # \S", part, re.MULTILINE), f"{key} has no line with a comment"


def test_every_section_of_the_model_has_a_table():
    text = FILE.read_text()
    for field in attrs.fields(Config):
        if attrs.has(field.type):
            assert f"\n[{field.name}]\n" in text
