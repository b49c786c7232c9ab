"""What the documents show, taken out of them as it stands."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_spec = importlib.util.spec_from_file_location("safelight_e2e_conftest", ROOT / "tests" / "e2e" / "conftest.py")
e2e = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(e2e)
launch, eventually, site, safelight = e2e.launch, e2e.eventually, e2e.site, e2e.safelight


class Document:
    """A Markdown file: its blocks and its tables."""

    def __init__(self, path):
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self.blocks = re.findall(r"^```(\w+)\n(.*?)^```$", self.text, re.DOTALL | re.MULTILINE)

    def block(self, language, holding=""):
        """Return the one block in a language, or the one that holds these words."""
        [block] = [code for word, code in self.blocks if word == language and holding in code]
        return block

    def section(self, title):
        """Return what stands below a heading, up to the next of its level."""
        marks, _, rest = re.search(rf"^(#+) ({re.escape(title)})\n(.*)", self.text, re.DOTALL | re.MULTILINE).groups()
        return re.split(rf"^#{{1,{len(marks)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]

    def rows(self, header, title=None):
        """Return the cells of the table whose first heading this is."""
        text = self.text if title is None else self.section(title)
        table = re.search(rf"^\| {re.escape(header)} \|.*\n\|[-|: ]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)[1]
        return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()]


@pytest.fixture(scope="session")
def document():
    """Read a document by its path in the checkout."""
    return lambda path: Document(ROOT / path)
