"""What a checkout installs is what lies in it."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_development_installs_the_service_and_every_plugin_editable():
    text = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    plugins = sorted(folder.parent.name for folder in ROOT.glob("plugins/*/pyproject.toml"))
    assert lines == ["-e .[cli,test,dev]", *(f"-e plugins/{plugin}" for plugin in plugins)]
