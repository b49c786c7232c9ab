"""What every page may get wrong: links, settings, commands, files that are no longer there."""

import re

import pytest

from safelight.cli.main import main
from safelight.config.load import load
from safelight.config.sources import all_keys, is_setting
from safelight.plugins import discover
from safelight.settings import check_instances

from .conftest import ROOT

PAGES = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("*.md", "docs/**/*.md", "plugins/*/README.md", "clients/*/README.md")
    for path in ROOT.glob(pattern)
)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


def anchors(path):
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(
        r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for target, anchor in LINK.findall((ROOT / page).read_text(encoding="utf-8")):
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path), f"{target}#{anchor}"


def test_every_page_can_be_found_from_the_index():
    index = ROOT / "docs" / "README.md"
    found = {(index.parent / target).resolve() for target, _ in LINK.findall(index.read_text(encoding="utf-8"))}
    decisions = ROOT / "docs" / "adr" / "README.md"
    found |= {(decisions.parent / target).resolve() for target, _ in LINK.findall(decisions.read_text(encoding="utf-8"))}
    assert {path.resolve() for path in ROOT.glob("docs/**/*.md")} - found == {index.resolve()}


def test_every_page_to_learn_to_do_and_to_look_up_can_be_found_from_the_readme():
    found = {target for target, _ in LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))}
    assert {page for page in PAGES if page.startswith(("docs/tutorial", "docs/how-to", "docs/reference"))} <= found


@pytest.mark.parametrize("page", [*PAGES, "deploy/compose.yaml", "deploy/Dockerfile", "deploy/safelight.service"])
def test_every_setting_that_is_named_is_one(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    variables = set(re.findall(r"\bSAFELIGHT_(\w+__\w+)\b", text)) - {"SECTION__KEY", "SECTION__KEY_FILE"}
    for variable in variables:
        key = variable.lower().replace("__", ".").removesuffix("_file")
        assert is_setting(key.split(".")), variable
    sections = "|".join({key.partition(".")[0] for key in all_keys() if "." in key})
    for key in re.findall(rf"(?:--set |`)((?:{sections})\.\w+)", text):
        assert key in all_keys(), key


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith(("docs/how-to", "docs/explanation", "plugins"))])
def test_every_piece_of_configuration_is_taken(page, document, tmp_path):
    installed = discover()
    for language, code in document(page).blocks:
        if language == "toml":
            (tmp_path / "config.toml").write_text(code, encoding="utf-8")
            secrets = dict.fromkeys(re.findall(r'\{ env = "(\w+)" \}', code), "a-secret")
            load(
                tmp_path / "config.toml", environ=secrets, check_providers=lambda instances: check_instances(instances, installed)
            )


@pytest.mark.parametrize("page", [page for page in PAGES if "reference/cli" not in page])
def test_every_command_that_is_named_exists(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for words in re.findall(r"(?:^\$ |`|\s{2})safelight ((?:[a-z]+ ?)+)", text, re.MULTILINE):
        first, *rest = words.split()
        assert first in main.commands, words
        if first == "config" and rest:
            assert rest[0] in main.commands["config"].commands, words
    helped = (ROOT / "dev.py").read_text(encoding="utf-8").split('"""')[1]
    for command in re.findall(r"dev\.py (\w+)", text):
        assert f"dev.py {command}" in helped, command


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_is_named_exists(page):
    for path in re.findall(
        r"`((?:tests|docs|service|plugins|deploy|clients)/[\w./-]+)`", (ROOT / page).read_text(encoding="utf-8")
    ):
        assert (ROOT / path).exists(), path
