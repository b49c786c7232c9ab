import pytest

from safelight.errors import InvalidInput
from safelight.intake import admit
from safelight.providers import Request, Terms
from safelight.providers.toolbox import Unreadable, read_form
from safelight.schemas import json_schema

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
PROPERTIES = {
    "prompt": TEXT,
    "image_size": {"type": "object"},
    "image_size.width": WHOLE,
    "image_size.height": WHOLE,
    "image_urls": {"type": "array", "items": TEXT},
    "image_urls.0": TEXT,
    "format": {"type": "string", "default": "png"},
}
USUAL = {"prompt": ("prompt",), "width": ("width", "image_size.width"), "height": ("image_size.height",), "image": ("image",)}


def read(*, inputs=None, fixed=None, required=("prompt",), properties=PROPERTIES):
    return read_form(properties, required=required, components={}, usual=USUAL, inputs=inputs or {}, fixed=fixed or {})


def filled(form, **parts):
    raw = Request(prompt="a lamp", **{"params": {}, "options": {}} | parts)
    return form.fill(admit(raw, Terms(params=form.params, options=form.options)))


def test_a_dotted_name_leads_into_an_object():
    form = read()
    assert filled(form, params={"width": 640, "height": 480}) == {"prompt": "a lamp", "image_size": {"width": 640, "height": 480}}
    assert form.path_of("image_size.width") == "params.width"
    assert [form.path_of(place) for place in ("image_size", "prompt.0", "format.0.x")] == [
        "options.imageSize",
        "prompt.0",
        "options.format.0.x",
    ]


def test_half_an_object_is_refused_before_anything_is_handed_in():
    with pytest.raises(InvalidInput) as refused:
        filled(read(), params={"width": 640})
    assert [str(fault) for fault in refused.value.faults] == ["goes together with 'height', which is missing @ params.width"]
    with pytest.raises(InvalidInput) as refused:
        filled(read(), params={"width": 640, "height": "tall"})
    assert [fault.path for fault in refused.value.faults] == ["params.height"]


def test_a_dotted_name_leads_into_a_list():
    form = read(inputs={"image": "image_urls.0"})
    assert filled(form, params={"image": "https://a/b.png"})["image_urls"] == ["https://a/b.png"]
    assert list(json_schema(form.options)["properties"]) == ["format"]


def test_a_place_inside_another_property_is_no_option():
    assert list(json_schema(read().options)["properties"]) == ["imageUrls", "format"]


def test_what_is_fixed_as_a_whole_cannot_be_set_in_part():
    form = read(fixed={"image_size": "square"})
    assert json_schema(form.params)["properties"] == {}
    assert filled(form) == {"prompt": "a lamp", "image_size": "square"}


def test_what_is_required_is_not_asked_for_once_it_is_fixed():
    mode = {"prompt": TEXT, "mode": TEXT}
    assert json_schema(read(required=("prompt", "mode"), properties=mode).options)["required"] == ["mode"]
    assert filled(read(required=("prompt", "mode"), properties=mode, fixed={"mode": "webp"})) == {
        "prompt": "a lamp",
        "mode": "webp",
    }


def test_a_model_without_a_prompt_cannot_be_used():
    with pytest.raises(Unreadable, match=r"set inputs\.prompt to one of: text"):
        read(properties={"text": TEXT}, required=())


@pytest.mark.parametrize(
    ("schema", "options"),
    [
        ({"type": "integer", "minimum": 0, "default": -1}, {}),
        ({"type": "number", "exclusiveMaximum": 1, "default": 1.0}, {}),
        ({"type": "string", "minLength": 1, "default": ""}, {}),
        ({"type": "array", "items": TEXT, "maxItems": 0, "default": ["a"]}, {}),
        ({"type": "integer", "minimum": 0, "default": "random"}, {}),
        ({"type": "string", "minimum": 3}, {"extra": "a"}),
        ({"type": ["integer", "null"], "minimum": 3}, {"extra": 2}),
        ({"minLength": 3}, {"extra": 2}),
    ],
)
def test_a_bound_that_no_upstream_can_hold_is_none(schema, options):
    form = read(properties={"prompt": TEXT, "extra": schema})
    assert filled(form, options=options) == {"prompt": "a lamp", **options}
    json_schema(form.options)


def test_a_bound_that_the_default_keeps_to_is_held():
    form = read(properties={"prompt": TEXT, "extra": {"type": "integer", "minimum": 0, "maximum": 9, "default": 9}})
    assert filled(form) == {"prompt": "a lamp"}
    for number in (-1, 10):
        with pytest.raises(InvalidInput, match=r"options\.extra"):
            filled(form, options={"extra": number})


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("lora-scale", "loraScale"),
        ("lora scale", "loraScale"),
        ("class", "class"),
        ("self", "self"),
        ("2x", "option2X"),
        ("_seed", "seed"),
        ("__class__", "class"),
        ("x=1, y", "x1Y"),
        ("x\n    y", "xY"),
        ("é", "option"),
        ("", "option"),
        ("lora_scale", "loraScale"),
    ],
)
def test_a_property_may_be_called_anything(theirs, ours):
    form = read(properties={"prompt": TEXT, theirs: TEXT})
    assert list(json_schema(form.options)["properties"]) == [ours]
    assert filled(form, options={ours: "a"}) == {"prompt": "a lamp", theirs: "a"}
    assert form.path_of(theirs) == f"options.{ours}"


def test_two_names_that_come_to_the_same_are_one_too_many():
    with pytest.raises(Unreadable, match="how words are parted"):
        read(properties={"prompt": TEXT, "lora-scale": TEXT, "lora_scale": TEXT})
