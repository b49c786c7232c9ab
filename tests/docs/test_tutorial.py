"""The tutorial, as somebody follows it: each file is written, each command is run, what is shown is what comes."""

import re
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

from .conftest import ROOT, e2e

PAGE = "docs/tutorial/your-first-provider.md"
STEP = re.compile(r"(?:`(?P<file>[\w.]+)`:\n\n)?^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)
PATIENCE = 120


@pytest.fixture
def environment(tmp_path):
    """A checkout's environment at the place the tutorial begins beside: what is installed in ours, and room for more."""
    checkout = tmp_path / "safelight"
    checkout.mkdir()
    venv.create(checkout / ".venv", with_pip=False, symlinks=True)
    site = next((checkout / ".venv").glob("lib/python*/site-packages"))
    (site / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n" + editables(), encoding="utf-8")
    for command in ("safelight", "pip", "pytest"):
        script = checkout / ".venv" / "bin" / command
        script.write_text(f'#!/bin/sh\nexec {checkout}/.venv/bin/python -m {command} "$@"\n')
        script.chmod(0o755)
    return e2e.clean_environment(PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONDONTWRITEBYTECODE="1")


def editables():
    """Return the folders our own editable installations are imported from."""
    return "\n".join([str(ROOT / "service"), *(str(path) for path in sorted(ROOT.glob("plugins/*/src")))])


def shown(text):
    """Return a pattern for what is shown; `…` is whatever, over lines where it stands alone."""
    parts = re.split(r"(^…\n|…)", text, flags=re.MULTILINE)
    return "".join({"…\n": r"(?:.*\n)*?", "…": ".*?"}.get(part, re.escape(part)) for part in parts)


def commands(block):
    """Yield each command of a console block with what is shown to come of it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def test_every_file_and_command_of_the_tutorial_does_what_it_says(document, tmp_path, environment):
    page = document(PAGE)
    steps = list(STEP.finditer(page.text))
    assert len(steps) == len(page.blocks)
    state = {"folder": tmp_path, "path": environment["PATH"]}
    for step in steps:
        if step["file"]:
            (state["folder"] / step["file"]).write_text(step["code"], encoding="utf-8")
            continue
        assert step["language"] == "console", f"nothing is done with this block:\n{step['code']}"
        for command, output in commands(step["code"]):
            said = run(command, state, environment)
            assert re.fullmatch(shown(output), said), f"$ {command}\n{said}"


def run(command, state, environment):
    """Run one command where the last one left off; return what it said."""
    script = f"{{ {command}\n}} 2>&1\n" + r"""printf '\n\0%s\0%s' "$PWD" "$PATH" """
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=state["folder"],
        env={**environment, "PATH": state["path"]},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    said, _, after = done.stdout.partition("\n\0")
    folder, state["path"] = after.split("\0")
    state["folder"] = Path(folder)
    return said if not said or said.endswith("\n") else said + "\n"


def test_a_screen_that_differs_would_be_noticed():
    assert re.fullmatch(shown("a … c\n"), "a b c\n")
    assert not re.fullmatch(shown("a … c\n"), "a b d\n")
    assert re.fullmatch(shown("a\n…\nz\n"), "a\n1\n2\nz\n")
    assert not re.fullmatch(shown("a\n…\nz\n"), "a\n1\n2\n")
