import pytest

from safelight.config.load import load
from safelight.config.model import Instance
from safelight.errors import ConfigInvalid
from safelight.redaction import Secret, redactor


@pytest.fixture
def write(tmp_path):
    def write(text, name="config.toml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def faults(*arguments):
    with pytest.raises(ConfigInvalid) as caught:
        load(*arguments)
    return [str(fault) for fault in caught.value.faults]


def test_a_secret_is_found_however_deep_and_from_the_command_line_too(write):
    file = write(
        '[providers.sketch]\nkeys = ["plain", { env = "KEY_ONE" }]\n[providers.sketch.upstream.auth]\ntoken = { env = "KEY_TWO" }\n'
    )
    environ = {"KEY_ONE": "first-secret", "KEY_TWO": "second-secret", "KEY_THREE": "third-secret"}
    config = load(file, environ, ['providers.sketch.more={ env = "KEY_THREE" }'])
    assert config.providers["sketch"].settings == {
        "keys": ["plain", Secret("first-secret")],
        "upstream": {"auth": {"token": Secret("second-secret")}},
        "more": Secret("third-secret"),
    }
    assert "secret" not in redactor.text("first-secret second-secret third-secret")


def test_a_string_of_the_services_own_may_come_from_elsewhere_and_a_number_may_not(write):
    public = write("https://images.example\r\n", "url")
    config = load(write(f'[server]\npublic_url = {{ file = "{public}" }}\n'), {})
    assert config.server.public_url == "https://images.example"
    assert load(None, {"SAFELIGHT_SERVER__PUBLIC_URL_FILE": str(public)}).server.public_url == "https://images.example"
    assert faults(None, {"SAFELIGHT_SERVER__PORT_FILE": str(write("8080", "port"))}) == [
        "expected an integer, got a secret @ SAFELIGHT_SERVER__PORT_FILE"
    ]


def test_a_section_or_a_providers_own_table_is_no_pointer(write):
    config = load(write('[providers.sketch]\nfile = "scene.json"\n'), {})
    assert config.providers == {"sketch": Instance(plugin="sketch", settings={"file": "scene.json"})}
    assert faults(write('[logs]\nfile = "x"\n'), {})[0].startswith("unknown key 'file'")


def test_a_variable_that_is_pointed_at_may_be_called_as_it_likes(write):
    file = write('[providers.sketch]\ntoken = { env = "SAFELIGHT_SKETCH_TOKEN" }\n')
    assert load(file, {"SAFELIGHT_SKETCH_TOKEN": "hush-hush"}).providers["sketch"].settings == {"token": Secret("hush-hush")}
    override = ['providers.sketch.token={ env = "SAFELIGHT_SKETCH_TOKEN" }']
    assert load(None, {"SAFELIGHT_SKETCH_TOKEN": "hush-hush"}, override).providers["sketch"].settings == {
        "token": Secret("hush-hush")
    }
    assert faults(None, {"SAFELIGHT_SKETCH_TOKEN": "hush-hush"}) == ["unknown setting @ SAFELIGHT_SKETCH_TOKEN"]


def test_every_pointer_that_leads_nowhere_is_named_at_once(write, tmp_path):
    empty, binary = write("\n", "empty"), tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    file = write(
        "[providers.sketch]\n"
        'a = { env = "MISSING" }\n'
        'b = [{ file = "nowhere" }]\n'
        f'c = {{ file = "{empty}" }}\n'
        f'd = {{ file = "{binary}" }}\n'
        'e = { env = "EMPTY" }\n'
        f'f = {{ file = "{tmp_path}" }}\n'
    )
    assert faults(file, {"EMPTY": ""}) == [
        f"the environment has no MISSING @ providers.sketch.a ({file})",
        f"the file nowhere cannot be read: No such file or directory @ providers.sketch.b[0] ({file})",
        f"the file {empty} is empty @ providers.sketch.c ({file})",
        f"the file {binary} cannot be read: it is no UTF-8 text @ providers.sketch.d ({file})",
        f"EMPTY is empty in the environment @ providers.sketch.e ({file})",
        f"the file {tmp_path} cannot be read: Is a directory @ providers.sketch.f ({file})",
    ]


def test_a_setting_given_both_as_itself_and_as_a_file_is_refused():
    found = faults(None, {"SAFELIGHT_PROVIDERS__SKETCH__TOKEN": "a", "SAFELIGHT_PROVIDERS__SKETCH__TOKEN_FILE": "b"})
    assert found == [
        "is given twice: take this one or SAFELIGHT_PROVIDERS__SKETCH__TOKEN @ SAFELIGHT_PROVIDERS__SKETCH__TOKEN_FILE"
    ]
