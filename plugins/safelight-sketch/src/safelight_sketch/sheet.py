"""`python -m safelight_sketch.sheet FILE [PROMPT …]` paints a contact sheet: how to see what a change does to many pictures."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from safelight_sketch.painting import Painting

PROMPTS = (
    "a lighthouse at dusk", "an orange cat in a meadow", "watercolour of a fox at dawn", "portrait of a woman with flowers in her hair",
    "Saturn and a rocket", "sunflowers in a vase", "a penguin in winter", "mountains by a lake at dawn",
    "a city at night", "ink drawing of a cat", "camels before the pyramids at sunset", "a friendly robot",
    "hot-air balloons over a lavender field", "an owl in a moonlit forest", "a sailor with a beard by the sea", "pixel art of a lighthouse",
    "a cup of coffee", "a rabbit and a rainbow", "stormy sea with lightning", "a wizard",
    "flat poster of mountains at sunset", "a black cat in space", "autumn forest with a cabin", "an abstract in coral and teal",
)  # fmt: skip
SEED = 3
_SIDE, _COLUMNS, _GAP, _CAPTION = 288, 6, 14, 26
_PAPER, _INK = "#f6f2ea", "#3a3436"


def picture(prompt: str, seed: int = SEED, size: tuple[int, int] = (512, 512)) -> Image.Image:
    """Return one finished picture."""
    painting = Painting(prompt, seed, *size)
    for stroke in painting.strokes:
        stroke.run()
    return Image.open(io.BytesIO(painting.picture("png")))


def sheet(prompts: Sequence[str]) -> Image.Image:
    """Return the pictures of some prompts side by side, each over its words."""
    columns = min(_COLUMNS, len(prompts))
    rows = -(-len(prompts) // columns)
    across, down = _SIDE + _GAP, _SIDE + _CAPTION + _GAP
    paper = Image.new("RGB", (columns * across + _GAP, rows * down + _GAP), _PAPER)
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(size=13)
    for n, prompt in enumerate(prompts):
        left, top = _GAP + n % columns * across, _GAP + n // columns * down
        paper.paste(picture(prompt).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS), (left, top))
        pen.text((left + _SIDE / 2, top + _SIDE + 6), prompt, fill=_INK, font=font, anchor="ma")
    return paper


if __name__ == "__main__":
    sheet(sys.argv[2:] or PROMPTS).save(Path(sys.argv[1]), quality=80)
