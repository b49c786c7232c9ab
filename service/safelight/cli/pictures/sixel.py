"""Sixel graphics: bands of six rows, each painted once per colour."""

from __future__ import annotations

from itertools import groupby

from PIL import Image

_COLORS = 128
_BAND = 6


def sixel(image: Image.Image) -> str:
    """Return what shows an RGB image pixel by pixel."""
    painted = image.quantize(_COLORS)
    width, height = painted.size
    palette = (painted.getpalette() or [])[: _COLORS * 3]
    pixels = painted.tobytes()
    used = sorted(set(pixels))
    colors = "".join(
        f"#{color};2;" + ";".join(str(round(level * 100 / 255)) for level in palette[color * 3 : color * 3 + 3]) for color in used
    )
    bands = "-".join(_band(pixels, top, width, min(_BAND, height - top)) for top in range(0, height, _BAND))
    return f'\x1bP0;1;0q"1;1;{width};{height}{colors}{bands}\x1b\\'


def _band(pixels: bytes, top: int, width: int, rows: int) -> str:
    masks: dict[int, bytearray] = {}
    for row in range(rows):
        start = (top + row) * width
        for x, color in enumerate(pixels[start : start + width]):
            masks.setdefault(color, bytearray(width))[x] |= 1 << row
    return "$".join(f"#{color}{_runs(mask)}" for color, mask in sorted(masks.items()))


def _runs(mask: bytearray) -> str:
    """Return a row of sixels, what repeats itself said once; nothing at the end need not be said."""
    said = []
    for bits, run in groupby(bytes(mask).rstrip(b"\0")):
        count, char = sum(1 for _ in run), chr(63 + bits)
        said.append(char * count if count < 4 else f"!{count}{char}")
    return "".join(said)
