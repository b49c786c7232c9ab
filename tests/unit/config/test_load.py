import pytest

from safelight.config.load import load
from safelight.config.show import show
from safelight.errors import ConfigInvalid
from safelight.redaction import Secret, redactor


def write(tmp_path, text):
    file = tmp_path / "config.toml"
    file.write_text(text)
    return file


def faults(file=None, environ=None, overrides=()):
    with pytest.raises(ConfigInvalid) as caught:
        load(file, environ or {}, overrides)
    return [str(fault) for fault in caught.value.faults]


def test_the_command_line_beats_the_environment_beats_the_file(tmp_path):
    file = write(tmp_path, "[server]\nport = 1\nbody_bytes = 2048\nadmin_port = 3\n")
    config = load(file, {"SAFELIGHT_SERVER__PORT": "2", "SAFELIGHT_SERVER__ADMIN_PORT": "4"}, ["server.port=9"])
    assert (config.server.port, config.server.admin_port, config.server.body_bytes) == (9, 4, 2048)


def test_every_fault_is_named_at_once_with_its_path_and_source(tmp_path):
    file = write(tmp_path, '[server]\nprot = 1\nport = "x"\n[streams]\nheartbeat_seconds = -1\n')
    found = faults(file, {"SAFELIGHT_SERVER__PROT": "1"}, ["logs.level=loud", "nonsense"])
    assert any("unknown key 'prot' (did you mean 'port'?)" in fault for fault in found)
    assert any("expected an integer, got a string @ server.port" in fault for fault in found)
    assert any("SAFELIGHT_SERVER__PROT" in fault for fault in found)
    assert any("must be written as section.key=value" in fault for fault in found)
    assert any("streams.heartbeat_seconds" in fault for fault in found)
    assert any("--set logs.level" in fault for fault in found)


def test_a_providers_table_replaces_the_built_in_ones(tmp_path):
    config = load(write(tmp_path, 'default_provider = "box"\n[providers.box]\nplugin = "sketch"\nspeed = 3\n'), {})
    assert list(config.providers) == ["box"]
    assert config.providers["box"].settings == {"speed": 3}


def test_the_environment_reaches_into_provider_tables_and_finds_names_with_dashes(tmp_path):
    file = write(tmp_path, 'default_provider = "my-box"\n[providers.my-box]\nplugin = "sketch"\n')
    config = load(file, {"SAFELIGHT_PROVIDERS__MY_BOX__MAX_PARALLEL": "3"})
    assert config.providers["my-box"].settings == {"max_parallel": "3"}


@pytest.mark.parametrize("how", ["file", "env", "suffix"])
def test_secrets_come_from_files_and_the_environment_and_are_never_shown(tmp_path, how):
    secret_file = tmp_path / "token"
    secret_file.write_text("s3cr3t-value\n")
    written = {"file": f'{{ file = "{secret_file}" }}', "env": '{ env = "BOX_TOKEN" }', "suffix": '"other"'}[how]
    file = write(tmp_path, f'default_provider = "box"\n[providers.box]\nplugin = "sketch"\ntoken = {written}\n')
    environ = {"BOX_TOKEN": "s3cr3t-value"}
    if how == "suffix":
        environ["SAFELIGHT_PROVIDERS__BOX__TOKEN_FILE"] = str(secret_file)
    config = load(file, environ)
    assert config.providers["box"].settings["token"] == Secret("s3cr3t-value")
    assert "s3cr3t" not in show(config)
    assert "s3cr3t" not in redactor.text("the token s3cr3t-value leaked")


def test_a_missing_secret_is_named_without_a_value(tmp_path):
    file = write(tmp_path, '[providers.sketch]\na = { env = "NOPE" }\nb = { file = "nowhere" }\n')
    found = faults(file)
    assert any("the environment has no NOPE @ providers.sketch.a" in fault for fault in found)
    assert any("the file nowhere cannot be read" in fault for fault in found)


def test_another_address_than_loopback_needs_it_in_writing():
    assert any("allow_anonymous = true" in fault for fault in faults(overrides=["server.host=0.0.0.0"]))
    assert load(None, {}, ["server.host=0.0.0.0", "server.allow_anonymous=true"]).server.host == "0.0.0.0"


def test_broken_toml_names_the_line(tmp_path):
    assert "line 2" in faults(write(tmp_path, "[server]\nport = = 1\n"))[0]


def test_an_unknown_default_provider_is_a_fault_with_a_suggestion():
    assert any("did you mean 'sketch'" in fault for fault in faults(overrides=["default_provider=sketsh"]))


def test_what_is_shown_loads_again(tmp_path):
    config = load(None, {}, ["server.port=1234"])
    assert load(write(tmp_path, show(config)), {}) == config
