"""What the model takes, as Replicate says it: read, read again, kept, and done without."""

import asyncio

import pytest

from safelight.errors import InvalidInput
from safelight.providers import NotSent
from safelight.schemas import json_schema
from safelight.structuring import structure
from safelight.testing import Answers
from safelight_replicate.settings import Settings
from safelight_replicate.testing import TOKEN

KEY = "0123456789abcdef0123456789abcdef"


async def until(provider, is_so):
    """Let the provider ask again until its terms are so."""
    async with asyncio.timeout(10):
        while not is_so(provider.terms):  # noqa: ASYNC110 - terms are replaced, and nobody is told
            await asyncio.sleep(0.005)


async def test_a_form_is_built_from_the_models_own_schema(open_replicate):
    async with open_replicate() as replicate:
        params, options = json_schema(replicate.terms.params), json_schema(replicate.terms.options)
    assert list(params["properties"]) == ["steps", "guidance", "seed", "count", "image"]
    assert params["properties"]["count"]["maximum"] == 4
    assert list(options["properties"]) == ["outputFormat"]


async def test_a_deployment_takes_what_its_release_takes(fake, open_replicate):
    async with open_replicate(model="deployments/acme/fast") as replicate:
        assert replicate.terms.fault is None
        assert "steps" in json_schema(replicate.terms.params)["properties"]


async def test_a_model_that_hides_its_schema_takes_a_prompt_and_anything_in_one_option(fake, open_replicate, ask):
    fake.models["acme/lighthouse"]["latest_version"] = None
    settings = {"inputs": {"prompt": "text", "steps": "n"}, "fixed": {"safe": True}}
    async with open_replicate(**settings) as replicate:
        asked = ask(replicate, params={"steps": 5}, options={"input": {"style": "ink", "prompt": "x", "text": "mine"}})
        await replicate.submit(asked, KEY)
    assert fake.last()["input"] == {"text": "a lighthouse", "n": 5, "safe": True, "style": "ink", "prompt": "x"}


@pytest.mark.parametrize("model", ["acme/nobody", "deployments/acme/nobody", "acme/nobody:abc"])
async def test_a_model_that_is_not_there_is_named(open_replicate, model):
    async with open_replicate(model=model) as replicate:
        assert replicate.terms.fault == f"Replicate knows no '{model}', or does not show it to this token."


async def test_a_wrong_token_is_said_at_once_and_nothing_is_handed_in(fake, open_replicate, ask):
    async with open_replicate(token="r8_wrong") as replicate:
        assert "does not let our token in" in replicate.terms.fault
        with pytest.raises(NotSent):
            await replicate.submit(None, KEY)


async def test_an_api_out_of_reach_is_asked_again(fake, open_replicate, monkeypatch):
    monkeypatch.setattr("safelight_replicate.model._NOT_YET", 0.01)
    async with fake.refusing():
        opened = open_replicate()
        replicate = await opened.__aenter__()
        assert "cannot be reached" in replicate.terms.fault
    await until(replicate, lambda terms: terms.fault is None)
    await opened.__aexit__(None, None, None)


async def test_what_it_said_last_stands_for_a_start_without_it(fake, open_replicate, tmp_path):
    async with open_replicate():
        pass
    async with fake.refusing():
        async with open_replicate() as replicate:
            assert replicate.terms.fault is None
        async with open_replicate(model="acme/painter") as replicate:
            assert replicate.terms.fault, "what was kept was another model's"
        (tmp_path / "model.json").write_text('{"model": "acme/lighthouse", "where": "x"}', encoding="utf-8")
        async with open_replicate() as replicate:
            assert replicate.terms.fault, "what was kept was another version's"


async def test_a_change_of_the_model_is_taken_over(fake, open_replicate, monkeypatch):
    async with open_replicate() as replicate:
        monkeypatch.setattr(type(replicate._model), "next_seconds", 0.01)
    async with open_replicate() as replicate:
        fake.weather(Answers(500), on="GET /v1/models/*", times=1)
        await fake.heard("GET /v1/models/*", times=len(fake.ledger) + 2)
        assert replicate.terms.fault is None, "what it said last stands"
        fake.models["acme/lighthouse"]["latest_version"] = {"id": "v", "openapi_schema": {"components": {}}}
        await until(replicate, lambda terms: terms.fault is not None)
    assert "no Input" in replicate.terms.fault


@pytest.mark.parametrize(
    ("setting", "value", "fault"),
    [
        ("model", "flux", "must be 'owner/name'"),
        ("model", "a/b/c", "must be 'owner/name'"),
        ("model", "deployments/a/b:v", "must be 'owner/name'"),
        ("model", "../x", "must be 'owner/name'"),
        ("base_url", "ftp://a", "must be an http"),
        ("base_url", "https://k@a/v1", "neither credentials"),
        ("inputs", {"stpes": "n"}, "is none of count, guidance"),
        ("cancel_after_seconds", 1, ">= 5"),
        ("poll_seconds", 0, ">= 0.05"),
        ("trusted_hosts", ["https://a"], "trusted_hosts"),
    ],
)
def test_a_wrong_setting_is_named(setting, value, fault):
    with pytest.raises(InvalidInput) as refused:
        structure({"token": TOKEN, "model": "a/b", setting: value}, Settings)
    assert fault in str(refused.value)
    assert setting in str(refused.value)


def test_token_and_model_have_no_default():
    with pytest.raises(InvalidInput) as refused:
        structure({}, Settings)
    assert {fault.path for fault in refused.value.faults} == {"token", "model"}
