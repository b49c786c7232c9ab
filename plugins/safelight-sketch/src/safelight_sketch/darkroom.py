"""From float paint to pictures: the finish, the look of an unfinished print, the encodings."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from safelight_sketch.canvas import Canvas, smooth
from safelight_sketch.colour import Array
from safelight_sketch.dice import Dice

PREVIEW_SIDE = 512
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_PAPER = np.array([0.97, 0.945, 0.9], np.float32)
_LAMP = np.array([0.8, 0.13, 0.08], np.float32)


def finish(canvas: Canvas) -> None:
    """Let the lights bloom and darken the corners."""
    _bloom(canvas)
    from_middle = np.hypot((canvas.x / canvas.frame.width - 0.5) * 1.1, canvas.y / canvas.frame.height - 0.5)
    canvas.rgb *= (1.0 - 0.3 * smooth(0.35, 0.85, from_middle))[..., None]
    np.clip(canvas.rgb, 0.0, 1.0, out=canvas.rgb)


def lay_grain(canvas: Canvas, dice: Dice, amount: float = 1.0) -> None:
    """Lay the grain of a film: most in the middle tones."""
    grain = dice.stream("grain").standard_normal((canvas.rows, canvas.columns), np.float32)
    tone = canvas.rgb @ _LUMA
    canvas.rgb += (grain * amount * (0.008 + 0.024 * tone * (1.0 - tone)))[..., None]


def _bloom(canvas: Canvas) -> None:
    """Bright places spill a little light around them, as on film."""
    small = (max(1, canvas.columns // 8), max(1, canvas.rows // 8))
    bright = ((canvas.rgb - 0.62) * 1.6).clip(0.0, 1.0)
    planes = []
    for channel in range(3):
        plane = Image.fromarray(np.ascontiguousarray(bright[..., channel])).resize(small, Image.Resampling.BOX)
        wide = plane.resize((max(1, small[0] // 3), max(1, small[1] // 3)), Image.Resampling.BILINEAR)
        planes.append(np.asarray(wide.resize((canvas.columns, canvas.rows), Image.Resampling.BICUBIC)))
    canvas.rgb += 0.22 * np.stack(planes, axis=-1).clip(0.0, 1.0) * (1.0 - canvas.rgb).clip(0.0, 1.0)


def develop(canvas: Canvas, dice: Dice, time: float, size: tuple[int, int]) -> bytes:
    """
    Return the print as it looks at `time` (0 to 1) in the developer, as JPEG.

    Shadows come up first, unevenly; the red of the safelight gives way to daylight in the second half.

    Args:
        size: Of the finished picture; the preview is scaled to at most 512 pixels.
    """
    share = min(1.0, PREVIEW_SIDE / max(size))
    columns, rows = max(1, round(size[0] * share)), max(1, round(size[1] * share))
    paint = canvas.rgb.clip(0.0, 1.0)
    if max(canvas.columns, canvas.rows) > PREVIEW_SIDE:
        step = -(-max(canvas.columns, canvas.rows) // PREVIEW_SIDE)
        paint = paint[::step, ::step]
    tone = paint @ _LUMA
    flow = _flow(dice, tone.shape)
    density = smooth(0.0, 1.0, time * 2.05 + 0.32 - tone * 0.95 - flow * 0.35)[..., None]
    shown = _PAPER * (1 - density) + paint * density
    light = smooth(0.4, 0.95, np.asarray(time, np.float32))
    down, across = np.ogrid[-1.0 : 1.0 : tone.shape[0] * 1j, -1.0 : 1.0 : tone.shape[1] * 1j]
    falloff = 1.08 - 0.3 * (across**2 + (down + 0.35) ** 2)  # the lamp hangs over the tray
    under_lamp = (shown @ _LUMA * falloff)[..., None] * _LAMP + 0.02
    shown = under_lamp * (1 - light) + shown * light
    image = _image(shown).resize((columns, rows), Image.Resampling.BICUBIC)
    return encode(image, "jpeg", quality=82)


def _flow(dice: Dice, shape: tuple[int, ...]) -> Array:
    grid = dice.stream("developer").random((6, 6), np.float32)
    return np.asarray(Image.fromarray(grid).resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


def _image(rgb: Array) -> Image.Image:
    return Image.fromarray((rgb * 255.0 + 0.5).clip(0, 255).astype(np.uint8))


def fix(canvas: Canvas, form: str) -> bytes:
    """Return the finished picture in the form asked for: png, jpeg or webp."""
    return encode(_image(canvas.rgb), form, quality=92)


def encode(image: Image.Image, form: str, *, quality: int) -> bytes:
    """Return the image's bytes."""
    buffer = io.BytesIO()
    if form == "png":
        image.save(buffer, "PNG", compress_level=4)
    elif form == "webp":
        image.save(buffer, "WEBP", quality=quality, method=2)
    else:
        image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
