from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

from safelight_sketch.lexicon import SCENES, STYLES, SUBJECTS
from safelight_sketch.sheet import PROMPTS, sheet

PLUGIN = Path(__file__).parent.parent
KEPT = PLUGIN.parent.parent / "docs" / "contact-sheet.webp"


def test_a_sheet_holds_every_picture_asked_for(tmp_path):
    at = tmp_path / "sheet.png"
    subprocess.run([sys.executable, "-m", "safelight_sketch.sheet", at, "a cat", "the sea"], check=True)
    with Image.open(at) as two:
        assert two.size == sheet(["a cat", "the sea"]).size
        halves = [two.crop((side * two.width // 2, 0, (side + 1) * two.width // 2, two.height)).tobytes() for side in (0, 1)]
    assert halves[0] != halves[1]


def test_the_sheet_in_the_docs_is_of_two_dozen_pictures_and_small():
    assert len(set(PROMPTS)) == 24
    with Image.open(KEPT) as kept:
        assert kept.size == (6 * 302 + 14, 4 * 328 + 14)
    assert KEPT.stat().st_size <= 400_000


def test_the_read_me_names_every_scene_figure_and_style():
    text = (PLUGIN / "README.md").read_text(encoding="utf-8")
    assert [name for name in (*SCENES, *SUBJECTS, *STYLES) if f"`{name}`" not in text] == []
