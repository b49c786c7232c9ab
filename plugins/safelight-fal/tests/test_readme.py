"""What the README says is so."""

import re
from pathlib import Path

import pytest

from safelight.config.load import load
from safelight.structuring import structure
from safelight_fal.addresses import Addresses
from safelight_fal.form import form_of_settings
from safelight_fal.provider import Fal
from safelight_fal.settings import Settings
from safelight_fal.testing import DOCUMENT, ENDPOINT, KEY

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def shown(tmp_path):
    """The instance that a block of the README configures."""

    def read(block):
        (tmp_path / "config.toml").write_text(block, encoding="utf-8")
        [instance] = load(
            tmp_path / "config.toml", environ=dict.fromkeys(("FAL_KEY", "HF_TOKEN", "PAINTER_KEY"), KEY)
        ).providers.values()
        assert instance.plugin == Fal.name
        return instance

    return read


@pytest.mark.parametrize("block", BLOCKS)
def test_each_configuration_is_one(block, shown):
    settings = structure(shown(block).settings, Settings)
    assert settings.schema_url or form_of_settings(settings).names["prompt"] == "prompt"


async def test_the_first_configuration_paints_a_picture(fake, serve, shown):
    said = shown(BLOCKS[0]).settings
    path = f"/{said['endpoint']}"
    fake.document = {**DOCUMENT, "paths": {path: DOCUMENT["paths"][f"/{ENDPOINT}"]}}
    said["schema_url"] = said["schema_url"].replace("https://fal.ai/api/openapi/queue", fake.url)
    async with serve(**said) as service:
        assert (await service.run(params={"steps": 4})).outcome == "succeeded"
    assert fake.ledger[0].query == {"endpoint_id": said["endpoint"]}
    assert [(call.path, call.json["num_inference_steps"]) for call in fake.calls("POST *")] == [(path, 4)]


def test_the_clone_is_called_at_its_own_address(shown):
    addresses = Addresses(structure(shown(BLOCKS[1]).settings, Settings))
    job = addresses.job("r1", {"status_url": "https://queue.fal.run/fal-ai/flux/requests/r1/status"})
    assert str(addresses.submission(None)) == "https://router.huggingface.co/fal-ai/fal-ai/flux/dev?_subdomain=queue"
    assert (
        str(addresses.page(job, "status"))
        == "https://router.huggingface.co/fal-ai/fal-ai/flux/requests/r1/status?_subdomain=queue"
    )
