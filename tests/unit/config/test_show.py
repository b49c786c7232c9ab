import attrs

from safelight.config.load import load, load_with_origins
from safelight.config.model import Config, Instance, RouteSettings
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
    config = attrs.evolve(config, routes={"either way": RouteSettings(providers=("box", "sketch"))})
    config = attrs.evolve(config, providers={**config.providers, "sketch": Instance(plugin="sketch")})
    (tmp_path / "config.toml").write_text(show(config))
    assert load(tmp_path / "config.toml", {}) == config


def test_each_line_of_a_route_says_who_set_it(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('[providers.sketch]\n[routes.first-choice]\nproviders = ["sketch"]\n')
    environ = {"SAFELIGHT_ROUTES__SECOND__PROVIDERS": '["sketch"]'}
    loaded = load_with_origins(file, environ, ["routes.third.providers=['sketch']"])
    lines = [line for line in show(loaded.config, loaded.origins).splitlines() if line.startswith("providers =")]
    origins = [str(file), *environ, "--set routes.third.providers"]
    assert [line.split("# ")[1] for line in lines] == origins


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
