from importlib.metadata import entry_points

import pytest

from safelight.errors import InvalidInput
from safelight.hookspecs import GROUP
from safelight.plugins import discover
from safelight.providers import COMMON_PARAMS, CancelKind, Durability
from safelight.schemas import json_schema
from safelight.structuring import structure
from safelight_simulator.options import Options, RemoteOptions
from safelight_simulator.plugin import RemoteSimulator, Simulator
from safelight_simulator.settings import LocalSettings, RemoteSettings


def test_core_finds_both_forms_by_entry_point_and_has_nothing_against_them():
    found = discover([entry for entry in entry_points(group=GROUP) if entry.name == "simulator"])
    assert {name: offer.cls for name, offer in found.providers.items()} == {
        "simulator": Simulator,
        "simulator-remote": RemoteSimulator,
    }
    assert found.faults == ()


@pytest.mark.parametrize("provider", [Simulator, RemoteSimulator])
def test_every_option_and_parameter_is_described_for_forms(provider):
    for cls in (provider.Params, provider.Options):
        schema = json_schema(cls)
        assert all("description" in described for described in schema["properties"].values())
    acts = json_schema(provider.Options)["properties"]["script"]["items"]["properties"]
    assert all("description" in described for described in acts.values())
    assert set(json_schema(provider.Params, naming="snake")["properties"]) <= COMMON_PARAMS


def test_a_script_on_the_wire_becomes_a_script():
    wire = {"script": [{"do": "progress", "fraction": 1, "text": "x"}, {"do": "succeed"}], "submitSeconds": 2, "cancelSeconds": 1}
    options = structure(wire, RemoteOptions, naming="camel")
    assert [act.do for act in options.script] == ["progress", "succeed"]
    assert (options.submit_seconds, options.cancel_seconds) == (2.0, 1.0)


def test_faults_of_a_script_on_the_wire_name_their_place():
    wire = {"script": [{"do": "wait"}, {"do": "queued", "fraction": 0.5}, {"do": "output", "width": 0}], "cancel": "hang"}
    with pytest.raises(InvalidInput) as caught:
        structure(wire, Options, path="options", naming="camel")
    assert sorted(map(str, caught.value.faults)) == [
        "has no 'fraction' (it takes: position, size) @ options.script[1].do",
        "must be >= 1 @ options.script[2].width",
        "needs 'seconds' @ options.script[0].do",
        "unknown key 'cancel' @ options.cancel",
    ]


def test_settings_come_from_the_config():
    assert structure({}, LocalSettings) == LocalSettings(durability=Durability.PROCESS, hazards=False)
    read = structure({"durability": "connection", "cancel": "queued_only", "push": "poll", "hazards": True}, RemoteSettings)
    assert read == RemoteSettings(durability=Durability.CONNECTION, cancel=CancelKind.QUEUED_ONLY, push="poll", hazards=True)
    with pytest.raises(InvalidInput):
        structure({"durability": "remote"}, LocalSettings)
