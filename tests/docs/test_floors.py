"""The import floors of setup.cfg, and what they cannot say."""

import ast
import configparser
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "service" / "safelight"
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", encoding="utf-8")
PLUGINS = sorted(folder.name for folder in ROOT.glob("plugins/*/src/*") if (folder / "__init__.py").exists())
MODULES = sorted([*SERVICE.rglob("*.py"), *ROOT.glob("plugins/*/src/**/*.py")])
LONGEST = 400


def words(section, key):
    """Return the entries of a list in setup.cfg."""
    return SETUP[f"importlinter:contract:{section}" if section else "importlinter"][key].split()


def imported(path):
    """Return the dotted name of everything a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_every_contract_is_kept():
    command = [Path(sys.executable).with_name("lint-imports"), "--config", "setup.cfg", "--no-cache"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_stands_on_exactly_one_floor():
    rooms = sorted(
        path.stem
        for path in SERVICE.iterdir()
        if path.name != "__init__.py" and (path.suffix == ".py" or (path / "__init__.py").exists())
    )
    assert sorted(re.findall(r"\w+", " ".join(words("floors", "layers")))) == rooms


def test_architecture_shows_every_room_once_and_no_group_reaches_into_the_next():
    floors = [re.findall(r"\w+", floor) for floor in SETUP["importlinter:contract:floors"]["layers"].strip().splitlines()]
    depth = {room: number for number, floor in enumerate(floors) for room in floor if room != "__main__"}
    groups = []
    shown = re.search(r"```\n(entry.*?)```", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    for line in shown.splitlines():
        group, rooms = line[:12].strip(), re.split(r" {2,}", line[12:])[0]
        groups += [[]] if group else []
        groups[-1] += re.findall(r"\w+", rooms)
    assert sorted(itertools.chain(*groups)) == sorted(depth)
    spans = [[depth[room] for room in group] for group in groups]
    assert all(max(above) < min(below) for above, below in itertools.pairwise(spans))


def test_every_plugin_of_the_checkout_is_held_by_the_contracts():
    assert words("", "root_packages") == ["safelight", *PLUGINS]
    assert words("plugins", "source_modules") == PLUGINS
    assert words("service", "forbidden_modules") == PLUGINS


def test_setup_cfg_holds_nothing_else():
    assert [section for section in SETUP.sections() if not section.startswith("importlinter")] == []


def test_every_room_is_small():
    assert [path for path in MODULES if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST] == []


def test_package_itself_imports_nothing_so_that_help_stays_quick():
    assert list(imported(SERVICE / "__init__.py")) == []


def test_http_server_is_imported_at_the_edge_only():
    edge = (SERVICE / "web", SERVICE / "cli", SERVICE / "testing", *ROOT.glob("plugins/*/src/*/testing.py"))
    inner = [path for path in MODULES if not any(path.is_relative_to(place) for place in edge)]
    assert [path for path in inner if any(f"{name}.".startswith("aiohttp.web.") for name in imported(path))] == []
