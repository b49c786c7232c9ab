"""What the README shows works as it stands."""

import asyncio
import json
import re
import sys
import types
from pathlib import Path

import pytest

from safelight.config.model import Config, Data, Instance, JournalSettings
from safelight.core import Safelight
from safelight.generation import ANONYMOUS, Draft
from safelight.plugins import Discovery, Offer
from safelight.web.serving import listening

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def block(language):
    return re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)[1]


@pytest.fixture
def config(tmp_path, unused_tcp_port):
    return Config(
        data=Data(folder=str(tmp_path)),
        journal=JournalSettings(engine="memory"),
        server=Config().server.__class__(port=unused_tcp_port),
    )


async def test_the_twenty_lines_of_a_plugin_make_a_picture(config, monkeypatch):
    code = block("python")
    assert len(code.strip().splitlines()) <= 30
    module = types.ModuleType("sunset_from_readme")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(code, "README.md", "exec"), module.__dict__)
    [cls] = module.safelight_providers()
    offer = Offer(cls=cls, plugin="sunset", distribution="safelight-sunset", version="0")
    config = Config(
        data=config.data,
        journal=config.journal,
        default_provider="sunset",
        providers={"sunset": Instance(plugin="sunset")},
    )
    async with Safelight(config, discovery=Discovery(providers={"sunset": offer})) as core:
        created = await core.create(Draft(prompt="a sunset"), owner=ANONYMOUS)
        async with asyncio.timeout(20):
            status = None
            while status is None or not status.is_terminal:
                await asyncio.sleep(0)
                _, status = await core.find(created.generation, owner=ANONYMOUS)
    assert (status.outcome, status.outputs[0].type, status.outputs[0].width) == ("succeeded", "image/png", 64)


async def test_the_curl_lines_bring_a_picture(config, tmp_path):
    create, watch, fetch = (line.split("#")[0].strip() for line in block("sh").splitlines() if line.strip())
    async with listening(config) as service:

        async def run(line, **names):
            line = line.replace("8080", str(service.port))
            for name, value in names.items():
                line = line.replace(f"${name}", value)
            process = await asyncio.create_subprocess_shell(line, cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
            async with asyncio.timeout(30):
                out, _ = await process.communicate()
            assert process.returncode == 0
            return out.decode()

        reply = json.loads(await run(create))
        events = await run(watch, ID=reply["sessionId"])
        last = json.loads([line for line in events.splitlines() if line.startswith("data: ")][-1].removeprefix("data: "))
        await run(fetch, OUTPUT=last["output"][0])
    picture = tmp_path / last["output"][0].rpartition("/")[2]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_page_is_ten_lines_of_script():
    script = re.search(r"<script.*?>\n(.*?)</script>", block("html"), re.DOTALL)[1]
    assert len(script.strip().splitlines()) <= 10


def test_the_two_commands_exist():
    text = (ROOT / "dev.py").read_text()
    for command in re.findall(r"python3 dev\.py (\w+)", README):
        assert re.search(rf"\b{command}\b", text)


def test_no_block_is_shown_that_nothing_runs():
    languages = re.findall(r"^```(\w+)$", README, re.MULTILINE)
    assert languages == ["console", "sh", "html", "python"]  # html is run in tests/e2e/test_readme_page.py


@pytest.mark.parametrize("title", ["What it promises, and where that is tried", "Beside others"])
def test_every_claim_names_what_tries_it(title):
    section = README.split(f"## {title}\n")[1].split("\n## ")[0]
    claims = [line for line in section.splitlines() if line.startswith("|")][2:]
    assert len(claims) > 5
    for claim in claims:
        ours = claim.strip("|").split("|")[1]
        assert re.search(r"\]\((tests/[\w/.]+\.py|LICENSE)\)", ours) or claim.startswith(("| what it is", "| who runs it")), claim


def test_what_it_says_about_installed_providers_is_so():
    assert "brings `sketch`, `simulator`, `cog`" in README
    folders = {path.name.removeprefix("safelight-") for path in (ROOT / "plugins").iterdir()}
    assert folders == {"cog", "sketch", "simulator"}, "the README says what is there"
