"""What the README shows works."""

import re
from pathlib import Path

import pytest

from safelight.config.load import load
from safelight_replicate.provider import Replicate
from safelight_replicate.testing import TOKEN

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def shown(tmp_path):
    """The instance that the README configures."""
    (tmp_path / "config.toml").write_text(re.search(r"```toml\n(.*?)```", README, re.DOTALL)[1], encoding="utf-8")
    return load(tmp_path / "config.toml", environ={"REPLICATE_API_TOKEN": TOKEN}).providers["flux"]


async def test_the_configuration_that_is_shown_paints_a_picture(fake, serve, shown):
    assert shown.plugin == Replicate.name
    model = shown.settings["model"]
    fake.models[model] = fake.models["acme/lighthouse"]
    async with serve(**shown.settings) as service:
        assert (await service.run()).outcome == "succeeded"
    assert fake.calls("POST *")[0].path == f"/v1/models/{model}/predictions"
