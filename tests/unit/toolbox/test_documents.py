"""A model's own OpenAPI document: what it takes, under our names and under its own."""

import pytest

from safelight.errors import InvalidInput
from safelight.intake import admit
from safelight.providers import InvalidParams, Request, Secret, Terms
from safelight.providers.toolbox import Unreadable, read_document
from safelight.schemas import json_schema

FLUX = {
    "paths": {"/predictions": {"post": {}}},
    "components": {
        "schemas": {
            "Input": {
                "type": "object",
                "required": ["prompt"],
                "properties": {
                    "prompt": {"type": "string", "title": "Prompt"},
                    "negative_prompt": {"type": "string", "default": ""},
                    "num_inference_steps": {"type": "integer", "default": 4, "minimum": 1, "maximum": 50},
                    "guidance_scale": {"type": "number", "default": 3.5, "minimum": 0, "maximum": 10},
                    "num_outputs": {"type": "integer", "default": 1, "minimum": 1, "maximum": 100},
                    "seed": {"type": "integer", "nullable": True, "description": "Random seed"},
                    "image": {"type": "string", "format": "uri"},
                    "output_format": {"allOf": [{"$ref": "#/components/schemas/output_format"}], "default": "webp"},
                    "lora_scales": {"type": "array", "items": {"type": "number"}, "default": [0.5]},
                    "go_fast": {"type": "boolean", "default": True},
                    "hf_token": {"type": "string", "format": "password", "x-cog-secret": True},
                    "extra": {"anyOf": [{"type": "object"}, {"type": "null"}]},
                },
            },
            "output_format": {"type": "string", "enum": ["webp", "jpg", "png"], "description": "Format of the picture"},
            "Output": {"type": "array", "items": {"type": "string", "format": "uri"}},
        }
    },
}


def read(document=FLUX, *, inputs=None, fixed=None):
    return read_document(document, inputs=inputs or {}, fixed=fixed or {}).input


def filled(form, **parts):
    raw = Request(prompt="a lamp", **{"params": {}, "options": {}} | parts)
    return form.fill(admit(raw, Terms(params=form.params, options=form.options)))


def faults(form, **parts):
    with pytest.raises(InvalidInput) as refused:
        filled(form, **parts)
    return [str(fault) for fault in refused.value.faults]


def test_common_parameters_go_by_the_names_the_model_has_for_them():
    params = {"negativePrompt": "fog", "steps": 8, "guidance": 2, "count": 3, "seed": 7, "image": "data:image/png;base64,AA=="}
    assert filled(read(), params=params) == {
        "prompt": "a lamp",
        "negative_prompt": "fog",
        "num_inference_steps": 8,
        "guidance_scale": 2.0,
        "num_outputs": 3,
        "seed": 7,
        "image": "data:image/png;base64,AA==",
    }


def test_what_is_left_out_or_stands_at_its_default_is_left_to_the_server():
    assert filled(read()) == {"prompt": "a lamp"}
    assert filled(read(), params={"steps": 4}, options={"loraScales": [0.5], "goFast": True}) == {"prompt": "a lamp"}


def test_other_properties_are_options_under_their_own_names():
    options = {"outputFormat": "png", "loraScales": [0.1, 1], "goFast": False, "extra": {"a": [1]}}
    assert filled(read(), options=options) == {
        "prompt": "a lamp",
        "output_format": "png",
        "lora_scales": [0.1, 1.0],
        "go_fast": False,
        "extra": {"a": [1]},
    }


def test_every_fault_is_named_with_its_path_before_anything_is_handed_in():
    told = faults(read(), params={"steps": 51, "width": 5}, options={"outputFormat": "gif", "goFast": 1, "lora_scales": []})
    assert "must be <= 50 @ params.steps" in told
    assert "unknown key 'lora_scales' (did you mean 'loraScales'?) @ options.lora_scales" in told
    assert {fault.rpartition(" @ ")[2] for fault in told} == {
        "params.width",
        "params.steps",
        "options.lora_scales",
        "options.goFast",
        "options.outputFormat",
    }


def test_forms_are_built_from_the_servers_own_schema():
    params, options = json_schema(read().params), json_schema(read().options)
    assert list(params["properties"]) == ["negativePrompt", "steps", "guidance", "seed", "count", "image"]
    assert params["properties"]["steps"] == {"type": "integer", "minimum": 1, "maximum": 50, "default": 4}
    assert params["properties"]["count"]["maximum"] == 8, "a generation makes at most eight, whatever the model can"
    assert params["properties"]["seed"] == {"type": ["integer", "null"], "description": "Random seed", "default": None}
    assert options["properties"]["outputFormat"] == {
        "type": "string",
        "enum": ["webp", "jpg", "png"],
        "description": "Format of the picture",
        "default": "webp",
    }
    assert options["properties"]["loraScales"] == {"type": "array", "items": {"type": "number"}, "default": [0.5]}


def test_a_required_property_is_required():
    document = {
        "components": {"schemas": {"Input": {"required": ["mode"], "properties": {"prompt": {}, "mode": {"type": "string"}}}}}
    }
    form = read(document)
    assert faults(form) == ["required @ options.mode"]
    assert filled(read(document, fixed={"mode": "x"})) == {"prompt": "a lamp", "mode": "x"}


def test_the_operator_maps_what_goes_by_an_unusual_name():
    form = read(inputs={"strength": "extra", "steps": "seed"})
    assert form.names["strength"] == "extra"
    assert form.names["steps"] == "seed"
    assert "seed" not in form.names, "a property has one name"
    assert filled(form, params={"steps": 3})["seed"] == 3


def test_what_the_operator_has_fixed_is_neither_shown_nor_taken():
    form = read(fixed={"hf_token": Secret("hf_123"), "go_fast": False, "num_outputs": 1})
    assert {"hfToken", "goFast"}.isdisjoint(json_schema(form.options)["properties"])
    assert "count" not in json_schema(form.params)["properties"]
    assert filled(form) == {"prompt": "a lamp", "hf_token": "hf_123", "go_fast": False, "num_outputs": 1}
    assert len(faults(form, options={"goFast": True})) == 1


@pytest.mark.parametrize(
    ("said", "document", "sentence"),
    [
        ({}, {}, "no Input in its OpenAPI document"),
        ({}, ["half", "a", "page"], "no Input in its OpenAPI document"),
        (
            {},
            {"components": {"schemas": {"Input": {"properties": {"text": {"type": "string"}}}}}},
            "set inputs.prompt to one of: text",
        ),
        ({"inputs": {"steps": "stpes"}}, FLUX, "The model takes no 'stpes'"),
        ({"fixed": {"tokn": 1}}, FLUX, "The model takes no 'tokn'"),
        (
            {},
            {"components": {"schemas": {"Input": {"properties": {"prompt": {}, "a_b": {}, "a__b": {}}}}}},
            "words are parted",
        ),
    ],
)
def test_a_server_that_cannot_be_used_is_refused_with_the_reason(said, document, sentence):
    with pytest.raises(Unreadable, match=sentence):
        read(document, **said)


def test_a_schema_that_runs_in_a_circle_means_anything():
    circle = {"Input": {"properties": {"prompt": {"$ref": "#/components/schemas/a"}}}, "a": {"$ref": "#/components/schemas/a"}}
    assert filled(read({"components": {"schemas": circle}})) == {"prompt": "a lamp"}


def test_a_request_from_before_the_model_changed_is_refused_not_cut_short():
    form = read()
    request = admit(Request(prompt="p", params={"steps": 9}, options={}), Terms(params=form.params, options=form.options))
    slim = {"components": {"schemas": {"Input": {"properties": {"prompt": {"type": "string"}}}}}}
    with pytest.raises(InvalidParams, match="no longer takes 'steps'"):
        read(slim).fill(request)


def test_callers_are_told_their_own_names():
    form = read()
    assert [form.path_of(name) for name in ("prompt", "num_inference_steps", "output_format")] == [
        "prompt",
        "params.steps",
        "options.outputFormat",
    ]
