import sys
from importlib.metadata import distributions
from textwrap import dedent

import pytest

from safelight.plugins import discover

HEAD = "from safelight.providers import *\nfrom safelight.providers import hookimpl\nimport asyncio, attrs\n"
GOOD = """
class {name}(LocalProvider):
    async def generate(self, request, control):
        yield Produced(b"png", type="image/png")

@hookimpl
def safelight_providers():
    return [{name}]
"""


class Site:
    """A folder of real distributions, on `sys.path` as a `site-packages` would be."""

    def __init__(self, folder):
        self.folder = folder

    def ship(self, distribution, source, *, plugin=None, version="1.2.3", is_package=True):
        """Install a distribution whose one plugin, of its own name unless said, is this source."""
        module = distribution.replace("-", "_")
        text = HEAD + dedent(source)
        if is_package:
            (self.folder / module).mkdir()
            (self.folder / module / "__init__.py").write_text("")
            (self.folder / module / "plugin.py").write_text(text)
        else:
            (self.folder / f"{module}.py").write_text(text)
        target = f"{module}.plugin" if is_package else module
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[safelight]\n{plugin or distribution} = {target}\n")

    def ship_good(self, distribution="zz-good", name="Good", **more):
        """Install a plugin with nothing wrong."""
        self.ship(distribution, GOOD.format(name=name), **more)

    def discover(self):
        """Look at what is installed here only."""
        return discover([entry for found in distributions(path=[str(self.folder)]) for entry in found.entry_points])


@pytest.fixture
def site(tmp_path, monkeypatch):
    """An empty site; what is imported from it is forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    yield Site(folder)
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]
