import pytest

from safelight.config.load import load
from safelight.config.model import Instance
from safelight.config.show import show
from safelight.errors import ConfigInvalid, Fault
from safelight.redaction import Secret, redactor
from safelight.scalars import Text


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


def test_beats_that_would_take_all_of_the_loop_are_refused(tmp_path):
    file = write(tmp_path, "[streams]\nheartbeat_seconds = 0.001\n")
    assert faults(file, {}) == [f"must be >= 0.01 @ streams.heartbeat_seconds ({file})"]


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


def test_each_fault_names_its_place_in_the_words_of_its_source(tmp_path):
    file = write(tmp_path, '[server]\nprot = 1\nallowed_hosts = ["ok", 3]\n')
    environ = {
        "SAFELIGHT_SERVER__PORT": "many",
        "SAFELIGHT_SERVER__ALLOWED_ORIGINS": '["https://a.example", "https://b.example/path"]',
        "SAFELIGHT_SERVER__BODY_BITES": "1",
    }
    found = faults(file, environ, ["streams.watch_max=0", "logs.level", "logs.levle=info"])
    assert found == [
        "unknown setting (did you mean 'SAFELIGHT_SERVER__BODY_BYTES'?) @ SAFELIGHT_SERVER__BODY_BITES",
        "must be written as section.key=value @ --set",
        "unknown setting (did you mean 'logs.level'?) @ --set logs.levle",
        f"unknown key 'prot' (did you mean 'port'?) @ server.prot ({file})",
        "expected an integer, got a string @ SAFELIGHT_SERVER__PORT",
        f"expected a string, got an integer @ server.allowed_hosts[1] ({file})",
        "must be >= 1 @ --set streams.watch_max",
    ]


def test_parts_that_are_sound_are_checked_against_each_other_while_others_have_faults(tmp_path):
    file = write(tmp_path, '[server]\nprot = 1\nhost = "0.0.0.0"\n[streams]\nretry_min_ms = 9\nretry_max_ms = 1\n')
    assert [fault.partition(" @ ")[2] for fault in faults(file)] == [f"server.prot ({file})", f"streams.retry_min_ms ({file})"]


def test_a_file_that_cannot_be_read_hides_no_other_fault(tmp_path):
    file = write(tmp_path, "[server\n")
    broken, other = faults(file, {"SAFELIGHT_SERVER__PORT": "x"}, ["default_provider=box"])
    assert str(file) in broken
    assert other == "expected an integer, got a string @ SAFELIGHT_SERVER__PORT"


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir(), lambda path: path.write_bytes(b"a = \xff")])
def test_a_file_that_is_none_is_said_in_one_fault(tmp_path, make):
    make(tmp_path / "config.toml")
    [fault] = faults(tmp_path / "config.toml")
    assert fault.endswith(f"@ {tmp_path / 'config.toml'}")


def test_the_prefix_is_ours_and_no_name_under_it_is_ignored():
    found = faults(
        None, {"SAFELIGHT_SERVER_PORT": "1", "SAFELIGHT_": "1", "SAFELIGHT_PROVIDERS__SKETCH": "1", "SAFELIGHT_SERVER": "{}"}
    )
    assert len(found) == 4
    assert any("(did you mean 'SAFELIGHT_SERVER__PORT'?)" in fault for fault in found)


def test_what_kubernetes_adds_for_a_service_of_our_name_is_no_setting():
    links = {
        "SAFELIGHT_SERVICE_HOST": "10.0.0.1",
        "SAFELIGHT_SERVICE_PORT": "80",
        "SAFELIGHT_SERVICE_PORT_HTTP": "80",
        "SAFELIGHT_PORT": "tcp://10.0.0.1:80",
        "SAFELIGHT_PORT_80_TCP": "tcp://10.0.0.1:80",
        "SAFELIGHT_PORT_80_TCP_ADDR": "10.0.0.1",
        "SAFELIGHT_ADMIN_SERVICE_HOST": "10.0.0.1",
    }
    assert load(None, links) == load(None, {})
    assert any("SAFELIGHT_SERVER__PORT" in fault for fault in faults(None, {"SAFELIGHT_PORT": "8080"}))


def test_the_environment_reaches_nested_tables_top_level_keys_and_new_providers(tmp_path):
    file = write(tmp_path, "[providers.sketch]\n[providers.sketch.pool]\nsize = 1\n")
    environ = {
        "SAFELIGHT_PROVIDERS__SKETCH__POOL__SIZE": "2",
        "SAFELIGHT_PROVIDERS__BOX__PLUGIN": "sketch",
        "SAFELIGHT_PROVIDERS__BOX__PRIVATE_NETWORK": "true",
        "SAFELIGHT_DEFAULT_PROVIDER": "box",
    }
    config = load(file, environ)
    assert config.providers == {
        "sketch": Instance(plugin="sketch", settings={"pool": {"size": "2"}}),
        "box": Instance(plugin="sketch", private_network=True),
    }
    assert isinstance(config.providers["sketch"].settings["pool"]["size"], Text)
    assert config.default_provider == "box"


def test_the_environment_and_the_command_line_add_to_the_built_in_providers():
    config = load(None, {"SAFELIGHT_PROVIDERS__SKETCH__SPEED": "3"}, ["providers.simulator.pace=1"])
    assert config.providers == {
        "sketch": Instance(plugin="sketch", settings={"speed": "3"}),
        "simulator": Instance(plugin="simulator", settings={"pace": "1"}),
    }


def test_the_environment_and_the_command_line_reach_routes_by_name(tmp_path):
    file = write(tmp_path, '[providers.sketch]\n[providers.box]\n[routes.first-choice]\nproviders = ["sketch"]\n')
    environ = {"SAFELIGHT_ROUTES__FIRST_CHOICE__PROVIDERS": '["box"]'}
    config = load(file, environ, ["routes.other.providers=['box', 'sketch']"])
    assert {name: route.providers for name, route in config.routes.items()} == {
        "first-choice": ("box",),
        "other": ("box", "sketch"),
    }
    assert faults(file, {"SAFELIGHT_ROUTES__FIRST_CHOICE__PROVIDERS": '["bax"]'}) == [
        "must be one of 'sketch', 'box' (did you mean 'box'?) @ SAFELIGHT_ROUTES__FIRST_CHOICE__PROVIDERS[0]"
    ]
    assert faults(file, {}, ["routes.other.provider=x"]) == ["unknown setting @ --set routes.other.provider"]


def test_names_the_environment_cannot_tell_apart_are_refused(tmp_path):
    file = write(tmp_path, '[providers.sketch]\n[providers.my-box]\nplugin="sketch"\n[providers.My_Box]\nplugin="sketch"\n')
    [fault] = faults(file)
    assert "too close to [providers.my-box]" in fault
    assert f"@ providers.My_Box ({file})" in fault


def test_a_value_that_goes_into_no_table_is_refused(tmp_path):
    file = write(tmp_path, "[providers.sketch]\nspeed = 3\n")
    assert faults(file, {"SAFELIGHT_PROVIDERS__SKETCH__SPEED__MAX": "1"}) == [
        "goes into something that is no table @ SAFELIGHT_PROVIDERS__SKETCH__SPEED__MAX"
    ]
    assert any("[providers.<name>]" in fault for fault in faults(write(tmp_path, "providers = 3\n")))
    assert any("[providers.sketch]" in fault for fault in faults(write(tmp_path, "[providers]\nsketch = 3\n")))


def test_providers_that_their_plugins_refuse_are_faults_of_the_place_they_were_set():
    def refuse(instances):
        assert list(instances) == ["sketch", "simulator"]
        return [Fault("providers.sketch.speed", "must be <= 3")]

    with pytest.raises(ConfigInvalid) as caught:
        load(None, {"SAFELIGHT_PROVIDERS__SKETCH__SPEED": "4"}, ["default_provider=skech"], check_providers=refuse)
    assert [str(fault) for fault in caught.value.faults] == [
        "must be <= 3 @ SAFELIGHT_PROVIDERS__SKETCH__SPEED",
        "must be one of 'sketch', 'simulator' (did you mean 'sketch'?) @ --set default_provider",
    ]


def test_a_configuration_needs_a_provider(tmp_path):
    assert any("at least one" in fault for fault in faults(write(tmp_path, "[providers]\n")))


def test_no_fault_holds_a_value(tmp_path):
    file = write(
        tmp_path,
        'default_provider = "s3cr3t-value"\n[server]\nport = "s3cr3t-value"\npublic_url = "s3cr3t-value"\n[logs]\nlevel = "s3cr3t-value"\n',
    )
    found = faults(file, {"SAFELIGHT_SERVER__BODY_BYTES": "s3cr3t-value"}, ["streams.watch_max=s3cr3t-value"])
    assert len(found) >= 4
    assert not any("s3cr3t" in fault for fault in found)


def test_a_secret_that_cannot_be_read_is_not_empty_besides(tmp_path):
    def check(instances):
        return [Fault(f"providers.box.{key}", "must not be empty") for key in instances["box"].settings]

    file = write(tmp_path, '[providers.box]\nplugin = "sketch"\na = { env = "NOPE" }\nb = ""\n')
    with pytest.raises(ConfigInvalid) as caught:
        load(file, {}, check_providers=check)
    assert [str(fault) for fault in caught.value.faults] == [
        f"the environment has no NOPE @ providers.box.a ({file})",
        f"must not be empty @ providers.box.b ({file})",
    ]


def test_what_follows_from_a_fault_is_no_fault_of_its_own(tmp_path):
    file = write(tmp_path, 'default_provider = "box"\n[server]\nhost = { env = "NOPE" }\n[providers.box]\nplugin = 3\n')
    assert faults(file) == [
        f"the environment has no NOPE @ server.host ({file})",
        f"expected a string, got an integer @ providers.box.plugin ({file})",
    ]
