"""What an endpoint takes: by its document, or by its operator."""

import pytest

from safelight.errors import InvalidInput
from safelight.intake import admit
from safelight.providers import NotSent, ProviderUnavailable, Request, Secret, Terms
from safelight.providers.toolbox import Unreadable
from safelight.schemas import json_schema
from safelight.structuring import structure
from safelight_fal.form import form_of_document, form_of_settings
from safelight_fal.settings import Settings
from safelight_fal.testing import DOCUMENT, ENDPOINT


def settings(**more):
    return Settings(endpoint=ENDPOINT, key=Secret("k"), **more)


def filled(form, **parts):
    raw = Request(prompt="a lamp", **{"params": {}, "options": {}} | parts)
    return form.fill(admit(raw, Terms(params=form.params, options=form.options)))


def described(form):
    return {part: json_schema(getattr(form, part))["properties"] for part in ("params", "options")}


def test_a_document_says_what_its_endpoint_takes():
    params, options = described(form_of_document(DOCUMENT, settings())).values()
    assert list(params) == ["width", "height", "steps", "guidance", "seed", "count"]
    assert params["steps"] == {"type": "integer", "minimum": 1, "maximum": 50, "default": 28}
    assert params["width"] == {"type": ["integer", "null"], "exclusiveMinimum": 0, "maximum": 14142, "default": None}
    assert list(options) == ["imageUrls", "enableSafetyChecker"]


def test_a_size_goes_where_the_endpoint_wants_it_and_whole():
    form = form_of_document(DOCUMENT, settings())
    assert filled(form) == {"prompt": "a lamp"}
    assert filled(form, params={"width": 640, "height": 480})["image_size"] == {"width": 640, "height": 480}
    with pytest.raises(InvalidInput, match="goes together with 'width'"):
        filled(form, params={"height": 480})


def test_a_size_may_be_fixed_to_a_word():
    form = form_of_document(DOCUMENT, settings(fixed={"image_size": "square_hd"}))
    assert {"width", "height"}.isdisjoint(described(form)["params"])
    assert filled(form)["image_size"] == "square_hd"


def test_the_first_of_a_list_of_pictures_may_be_our_picture():
    form = form_of_document(DOCUMENT, settings(inputs={"image": "image_urls.0"}))
    assert filled(form, params={"image": "https://a/b.png"})["image_urls"] == ["https://a/b.png"]
    assert "imageUrls" not in described(form)["options"]


@pytest.mark.parametrize(
    "document", [None, [], {}, {"paths": {"/x": {"get": {}}}}, {"paths": {"/x": {"post": {"requestBody": 7}}}}]
)
def test_a_document_that_says_nothing_is_refused(document):
    with pytest.raises(Unreadable, match="does not say"):
        form_of_document(document, settings())


def test_without_a_document_the_common_parameters_go_by_their_usual_names():
    params = {
        "negativePrompt": "fog",
        "width": 64,
        "height": 48,
        "steps": 9,
        "guidance": 2,
        "seed": 7,
        "count": 3,
        "image": "https://a/i.png",
        "mask": "https://a/m.png",
        "strength": 0.5,
    }
    assert filled(form_of_settings(settings()), params=params) == {
        "prompt": "a lamp",
        "negative_prompt": "fog",
        "image_size": {"width": 64, "height": 48},
        "num_inference_steps": 9,
        "guidance_scale": 2.0,
        "seed": 7,
        "num_images": 3,
        "image_url": "https://a/i.png",
        "mask_url": "https://a/m.png",
        "strength": 0.5,
    }


def test_the_operator_says_what_else_there_is_and_what_there_is_not():
    form = form_of_settings(
        settings(
            params=("seed",),
            inputs={"image": "start_frame", "prompt": "text"},
            options={
                "format": {"type": "string", "enum": ["png", "jpeg"], "default": "png"},
                "mode": {"type": "string", "required": True},
            },
            fixed={"safety": False, "token": Secret("t-123456")},
        )
    )
    assert list(described(form)["params"]) == ["seed", "image"]
    assert described(form)["options"]["format"] == {"type": "string", "enum": ["png", "jpeg"], "default": "png"}
    assert filled(form, params={"image": "data:x"}, options={"mode": "a", "format": "jpeg"}) == {
        "text": "a lamp",
        "start_frame": "data:x",
        "format": "jpeg",
        "mode": "a",
        "safety": False,
        "token": "t-123456",
    }
    with pytest.raises(InvalidInput, match=r"required @ options\.mode"):
        filled(form)


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"endpoint": "lighthouse"}, "must be an endpoint's id, as in 'owner/name' or 'owner/name/variant' @ p.endpoint"),
        ({"endpoint": "a/../b"}, "must be an endpoint's id, as in 'owner/name' or 'owner/name/variant' @ p.endpoint"),
        (
            {"url": "https://k:s@queue.fal.run"},
            "must hold neither credentials nor a query; a token has a setting of its own @ p.url",
        ),
        ({"url": "queue.fal.run"}, "must be an http:// or https:// address @ p.url"),
        ({"schema_url": "ftp://x"}, "must be an http:// or https:// address without credentials, or empty @ p.schema_url"),
        ({"params": ["steps", "size"]}, None),
        ({"inputs": {"size": "s"}}, None),
        (
            {"options": {"a": {}}, "schema_url": "https://a/b"},
            "cannot be set beside schema_url, which says the same @ p.options",
        ),
        ({"options": {"format": "string"}}, "must have a table, the JSON Schema, for each option @ p.options"),
        ({"hosts": ["https://a"]}, None),
        ({"words": {"queued": []}}, "must not be empty @ p.words.queued"),
        ({"key": ""}, "must not be empty @ p.key"),
    ],
)
def test_settings_that_make_no_sense_are_named(wrong, fault):
    with pytest.raises(InvalidInput) as refused:
        structure({"endpoint": ENDPOINT, "key": "k", **wrong}, Settings, path="p")
    faults = [str(found) for found in refused.value.faults]
    assert len(faults) == 1
    assert fault is None or faults == [fault]


async def test_the_document_is_read_and_read_again_and_kept(fake, open_fal, ask):
    url = f"{fake.url}/openapi.json?endpoint_id={{endpoint}}"
    async with open_fal(schema_url=url, refresh_seconds=1.0) as fal:
        assert fake.ledger[0].query == {"endpoint_id": ENDPOINT}
        assert "Authorization" not in fake.ledger[0].headers
        assert ask(fal, params={"steps": 50}).params.steps == 50
        await fake.heard("GET /openapi.json", times=2)
    async with fake.refusing(), open_fal(schema_url=url) as fal:
        assert fal.terms.fault is None
        assert ask(fal, params={"steps": 50}).params.steps == 50


async def test_while_nobody_knows_what_it_takes_nothing_is_handed_in(fake, open_fal, ask):
    fake.document = {"paths": {}}
    async with open_fal(schema_url=f"{fake.url}/openapi.json") as fal:
        assert "does not say what" in fal.terms.fault
        with pytest.raises(NotSent, match="does not say what"):
            await fal.submit(Request(prompt="p", params={}, options={}), "0" * 32)
        fake.document = DOCUMENT
        await fal._endpoint.refresh()
        assert fal._endpoint.terms.fault is None
    assert fake.calls("POST *") == []


async def test_settings_that_contradict_each_other_keep_it_from_opening(open_fal):
    with pytest.raises(ProviderUnavailable, match="differ only in how words are parted"):
        async with open_fal(options={"a_b": {}, "a__b": {}}):
            pytest.fail("it opened")
