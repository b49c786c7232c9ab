"""What the README says is so."""

import re
import tomllib
from pathlib import Path

import pytest

from safelight.structuring import structure
from safelight_fal.addresses import Addresses
from safelight_fal.form import form_of_settings
from safelight_fal.provider import Fal
from safelight_fal.settings import Settings

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", README, re.DOTALL)]


def settings_of(block):
    [table] = block["providers"].values()
    assert table.pop("plugin", Fal.name) == Fal.name
    table.pop("private_network", None)
    assert set(table["key"]) == {"env"}
    return structure({**table, "key": "k" * 8}, Settings)


@pytest.mark.parametrize("block", BLOCKS)
def test_each_configuration_is_one(block):
    settings = settings_of(block)
    assert settings.schema_url or form_of_settings(settings).names["prompt"] == "prompt"


def test_the_clone_is_called_at_its_own_address():
    addresses = Addresses(settings_of(BLOCKS[1]))
    job = addresses.job("r1", {"status_url": "https://queue.fal.run/fal-ai/flux/requests/r1/status"})
    assert str(addresses.submission(None)) == "https://router.huggingface.co/fal-ai/fal-ai/flux/dev?_subdomain=queue"
    assert (
        str(addresses.page(job, "status"))
        == "https://router.huggingface.co/fal-ai/fal-ai/flux/requests/r1/status?_subdomain=queue"
    )
