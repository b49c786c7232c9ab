"""Half-blocks: two pixels to a character, the upper one its colour, the lower one its ground."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from PIL import Image

Pixel = tuple[int, int, int]
Color = Callable[[int, int, int], str]

_RESET = "\x1b[0m"
_LEVELS = (0, 95, 135, 175, 215, 255)
_GREYS = tuple(8 + 10 * step for step in range(24))


def blocks(image: Image.Image, *, is_truecolor: bool) -> list[str]:
    """Return an RGB image as lines of text, without line ends; in 256 colours unless the terminal has them all."""
    width, height = image.size
    raw = image.tobytes()
    rows = [[_pixel(raw, (y * width + x) * 3) for x in range(width)] for y in range(height)]
    if height % 2:
        rows.append([(0, 0, 0)] * width)
    color = _true if is_truecolor else _nearest
    return [_line(upper, lower, color) for upper, lower in zip(rows[::2], rows[1::2], strict=True)]


def _line(upper: list[Pixel], lower: list[Pixel], color: Color) -> str:
    said, before = [], None
    for pair in zip(upper, lower, strict=True):
        if pair != before:
            said.append(f"\x1b[38;{color(*pair[0])};48;{color(*pair[1])}m")
            before = pair
        said.append("▀")
    return "".join(said) + _RESET


def _pixel(raw: bytes, at: int) -> Pixel:
    return raw[at], raw[at + 1], raw[at + 2]


def _true(red: int, green: int, blue: int) -> str:
    return f"2;{red};{green};{blue}"


@lru_cache(4096)
def _nearest(red: int, green: int, blue: int) -> str:
    """Return the nearest of the colour cube of six levels and the 24 greys."""
    steps = [_step(level) for level in (red, green, blue)]
    grey = min(range(24), key=lambda step: abs(_GREYS[step] * 3 - red - green - blue))
    cube_off = sum((_LEVELS[step] - level) ** 2 for step, level in zip(steps, (red, green, blue), strict=True))
    grey_off = sum((_GREYS[grey] - level) ** 2 for level in (red, green, blue))
    if grey_off < cube_off:
        return f"5;{232 + grey}"
    return f"5;{16 + 36 * steps[0] + 6 * steps[1] + steps[2]}"


def _step(level: int) -> int:
    return min(range(6), key=lambda step: abs(_LEVELS[step] - level))
