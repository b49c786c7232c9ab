from safelight.config.load import load
from safelight.config.model import Config, Instance
from safelight.config.show import show
from safelight.redaction import MASK, Secret, redactor


def settings(**values):
    return Config(default_provider="box", providers={"box": Instance(plugin="sketch", settings=values)})


def test_what_is_shown_is_toml_that_means_the_same(tmp_path):
    config = settings(
        text='quotes " and \\ and \x7f and \n and é',
        number=1e16,
        flag=True,
        items=["a", 1, {"deep": [1.5]}],
        table={"odd name": {"x": 1}, "": 2},
    )
    (tmp_path / "config.toml").write_text(show(config))
    assert load(tmp_path / "config.toml", {}) == config


def test_secrets_are_masked_by_type_by_name_and_by_value():
    redactor.register(Secret("known-to-be-secret"))
    shown = show(
        settings(a=Secret("by-type-secret"), api_key="by-name-secret", c=["known-to-be-secret"], d={"token": "by-name-secret"})
    )
    assert "secret" not in shown
    assert shown.count(MASK) == 4


def test_a_registered_value_is_masked_in_the_services_own_settings_too():
    redactor.register(Secret("https://internal.example"))
    assert "internal" not in show(load(None, {}, ["server.public_url=https://internal.example"]))


def test_text_from_outside_is_shown_as_a_file_would_say_it():
    shown = show(load(None, {"SAFELIGHT_PROVIDERS__SKETCH__SPEED": "3"}, ["providers.sketch.style=bold"]))
    assert "speed = 3\n" in shown
    assert 'style = "bold"\n' in shown
