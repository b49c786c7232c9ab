import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from safelight.config.schema import config_schema
from safelight.plugins import discover

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def validator():
    schema = config_schema({name: offer.cls.Settings for name, offer in discover().providers.items()})
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def faults(validator, text):
    return [error.json_path for error in validator.iter_errors(tomllib.loads(text))]


def test_the_shipped_file_fits(validator):
    assert faults(validator, (ROOT / "config.toml").read_text()) == []


def test_every_setting_says_what_it_is_in_the_words_of_the_shipped_file(validator):
    text = (ROOT / "config.toml").read_text()
    for section in validator.schema["properties"].values():
        for described in section.get("properties", {}).values():
            if "anyOf" in described:
                assert f"# {described['description']}\n" in text


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[server]\nprot = 1", "$.server"),
        ("[server]\nport = 70000", "$.server.port"),
        ('[journal]\nengine = "cassette"', "$.journal.engine"),
        ("[providers.sketch]\nmax_parallel = 0", "$.providers.sketch.max_parallel"),
        ('[providers.mine]\nplugin = "sketch"\nmax_parallel = 0', "$.providers.mine.max_parallel"),
    ],
)
def test_what_the_service_would_refuse_is_marked(validator, text, path):
    assert path in faults(validator, text)


def test_any_setting_may_be_read_from_elsewhere(validator):
    assert faults(validator, '[server]\nport = { env = "PORT" }\n[providers.sketch]\nmax_parallel = { file = "n" }') == []
