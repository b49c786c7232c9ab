"""What the README shows works."""

import re
import tomllib
from pathlib import Path

from safelight.structuring import structure
from safelight_cog.provider import Cog
from safelight_cog.settings import Settings

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_configuration_is_one():
    table = tomllib.loads(re.search(r"```toml\n(.*?)```", README, re.DOTALL)[1])["providers"]["flux"]
    assert (table.pop("plugin"), table.pop("private_network")) == (Cog.name, False)
    assert structure(table, Settings).mode == "auto"
