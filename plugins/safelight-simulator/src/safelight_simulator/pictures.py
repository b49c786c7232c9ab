"""Real pictures, made quickly: a gradient in the seed's colours that develops from grey."""

from __future__ import annotations

import asyncio
import colorsys
import io
from collections.abc import AsyncIterator
from functools import lru_cache
from random import Random
from typing import Literal

Format = Literal["png", "jpeg"]
PREVIEW_SIDE = 256
_CHUNK = 64 * 1024


async def picture(width: int, height: int, *, seed: int, place: int, developed: float = 1.0, kind: Format = "png") -> bytes:
    """Paint a picture beside the event loop; the same arguments give the same bytes."""
    return await asyncio.to_thread(_paint, width, height, seed, place, developed, kind)


def preview_size(width: int, height: int) -> tuple[int, int]:
    """Return the size of a preview of such a picture: the same shape, no side over 256 pixels."""
    scale = min(1.0, PREVIEW_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


async def stretched(head: bytes, length: int) -> AsyncIterator[bytes]:
    """Yield `length` bytes in chunks: `head`, cut or followed by zeros; never all of them in memory."""
    yield head[:length]
    left = length - len(head)
    while left > 0:
        await asyncio.sleep(0)
        yield bytes(min(left, _CHUNK))
        left -= _CHUNK


@lru_cache(maxsize=32)
def _paint(width: int, height: int, seed: int, place: int, developed: float, kind: Format) -> bytes:
    from PIL import Image, ImageDraw, ImageOps  # 30 ms that only a first picture should cost

    dice = Random(f"{seed}/{place}")  # noqa: S311 - repeatable is the point
    hue = dice.random()
    dark, light = _colour(hue, 0.7, 0.25, developed), _colour(hue + 0.3 * dice.random(), 0.6, 0.95, developed)
    image = ImageOps.colorize(
        Image.linear_gradient("L").rotate(dice.choice((0, 90, 180, 270))).resize((width, height)), dark, light
    )
    radius = min(width, height) * 0.2
    x, y = width * dice.uniform(0.3, 0.7), height * dice.uniform(0.3, 0.7)
    ImageDraw.Draw(image).ellipse((x - radius, y - radius, x + radius, y + radius), fill=_colour(hue + 0.5, 0.8, 0.9, developed))
    file = io.BytesIO()
    if kind == "jpeg":
        image.save(file, "JPEG", quality=85)
    else:
        image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def _colour(hue: float, saturation: float, value: float, developed: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation * developed, value)
    return int(red * 255), int(green * 255), int(blue * 255)
