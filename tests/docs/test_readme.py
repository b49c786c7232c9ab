"""What the README shows works as it stands."""

import asyncio
import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
import types
from pathlib import Path
from urllib.request import urlopen

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


async def test_the_curl_lines_bring_a_picture_when_they_are_pasted_as_a_whole(config, tmp_path):
    async with listening(config) as service:
        pasted = block("sh").replace("8080", str(service.port))
        process = await asyncio.create_subprocess_exec("sh", "-euc", pasted, cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
        async with asyncio.timeout(60):
            out, _ = await process.communicate()
    assert process.returncode == 0
    last = json.loads([line for line in out.decode().splitlines() if line.startswith("data: ")][-1].removeprefix("data: "))
    picture = tmp_path / last["output"][0].rpartition("/")[2]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_page_is_ten_lines_of_script():
    script = re.search(r"<script.*?>\n(.*?)</script>", block("html"), re.DOTALL)[1]
    assert len(script.strip().splitlines()) <= 10


@pytest.fixture
def checkout(tmp_path):
    """This checkout with a data folder of its own, set up with what these tests run in: nothing is installed."""
    root = tmp_path / "checkout"
    (root / ".venv" / "bin").mkdir(parents=True)
    for path in ROOT.iterdir():
        if path.name not in {".venv", "dev.py", "data", ".git"}:
            (root / path.name).symlink_to(path)
    shutil.copy(ROOT / "dev.py", root)
    for name in ("python", "safelight", "pytest"):
        (root / ".venv" / "bin" / name).symlink_to(Path(sys.executable).parent / name)
    spec = importlib.util.spec_from_file_location("dev_of_readme", root / "dev.py")
    dev = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(dev)
    dev.Checkout(root).write_stamp({}, "dev")
    return root


def commands():
    """Return what the console blocks type, without the remarks."""
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    typed = [shlex.split(line.removeprefix("$ "), comments=True) for line in "".join(blocks).splitlines()]
    return [[sys.executable, *words[1:]] if words[0] == "python3" else words for words in typed]


def test_the_commands_of_the_first_minute_serve_and_paint(checkout, unused_tcp_port):
    serve, _, paint = commands()
    serve = [word.replace("8080", str(unused_tcp_port)) for word in serve]
    with subprocess.Popen(serve, cwd=checkout, stderr=subprocess.PIPE, text=True) as service:
        try:
            assert any("service_listening" in line or f":{unused_tcp_port}" in line for line in service.stderr)
            with urlopen(f"http://127.0.0.1:{unused_tcp_port}/v1/providers", timeout=30) as answer:
                assert {"sketch", "simulator"} <= {one["providerId"] for one in json.load(answer)["providers"]}
            painted = subprocess.run(paint, cwd=checkout, capture_output=True, text=True, timeout=60, check=True)
        finally:
            service.terminate()
            service.communicate(timeout=30)
    assert f" at http://127.0.0.1:{unused_tcp_port}" in painted.stdout
    assert (checkout / "a-lighthouse-1.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_for_the_tests_finds_them(checkout):
    _, test, _ = commands()
    asked = [*test, "--collect-only", "-q", "tests/unit/words"]
    done = subprocess.run(asked, cwd=checkout, capture_output=True, text=True, timeout=120, check=True)
    assert re.search(r"^tests/unit/words/test_fold\.py: [1-9]", done.stdout, re.MULTILINE)


def test_no_block_is_shown_that_nothing_runs():
    languages = re.findall(r"^```(\w+)$", README, re.MULTILINE)
    assert languages == ["console", "console", "sh", "html", "python"]  # html is run in tests/e2e/test_readme_page.py


@pytest.mark.parametrize("title", ["What it promises, and where that is tried", "Beside others"])
def test_every_claim_names_what_tries_it(title):
    section = README.split(f"## {title}\n")[1].split("\n## ")[0]
    claims = [line for line in section.splitlines() if line.startswith("|")][2:]
    assert len(claims) > 5
    for claim in claims:
        ours = claim.strip("|").split("|")[1]
        assert re.search(r"\]\((tests/[\w/.]+\.py|LICENSE)\)", ours) or claim.startswith(("| what it is", "| who runs it")), claim


def test_what_it_says_about_installed_providers_is_so():
    told = re.findall(r"`(\w+)`", re.search(r"Safelight brings (.*), and what you write", README)[1])
    folders = {path.parent.name.removeprefix("safelight-") for path in ROOT.glob("plugins/*/pyproject.toml")}
    assert set(told) == folders, "the README says what is there"
