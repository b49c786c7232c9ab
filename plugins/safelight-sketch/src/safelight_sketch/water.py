"""Water: waves under a sky, and still water that mirrors the shore."""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image

from safelight_sketch.canvas import Canvas, smooth
from safelight_sketch.colour import Array, mix, ramp
from safelight_sketch.stage import Stage

_TILE = 512


@cache
def _ripples() -> Array:
    """A tile of smooth chance, -1 to 1, that repeats without a seam; the same in every picture."""
    total = np.zeros((_TILE, _TILE), np.float32)
    for cells, weight in ((32, 1.0), (64, 0.6), (128, 0.3)):
        grid = np.pad(np.random.Generator(np.random.PCG64(cells)).uniform(-1, 1, (cells, cells)), 2, mode="wrap")
        side = _TILE // cells * (cells + 4)
        edge = _TILE // cells * 2
        wide = np.asarray(Image.fromarray(grid.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC))
        total += weight * wide[edge : edge + _TILE, edge : edge + _TILE]
    total /= np.abs(total).max()
    return total


def waves(canvas: Canvas, stage: Stage) -> None:
    """Fill from the horizon down with a sea that mirrors the sky and carries the light's road."""
    palette, top = stage.palette, canvas.row(stage.horizon)
    y = canvas.y[top:]
    near = ((y - stage.horizon) / (canvas.frame.height - stage.horizon)).clip(0.0, 1.0)
    start = stage.dice.stream("waves").random(2) * _TILE
    swell = _sea_surface(canvas, stage, near, start)
    mirrored = ramp(palette.sky[::-1], (near * 0.9 + 0.05 + swell * (0.05 + 0.2 * near)).clip(0.0, 1.0))
    depth = 0.22 + 0.34 * near
    deep = np.asarray(mix(palette.shade, palette.sky[0], 0.45), np.float32)
    water = mirrored * (1 - depth[..., None]) + deep * depth[..., None]
    water *= (1.0 + 0.16 * swell * (0.4 + near))[..., None]
    alpha = ((y - stage.horizon) / canvas.pixel + 0.5).clip(0.0, 1.0) * np.ones_like(canvas.x)
    canvas.blend(alpha, water, top=top)
    if stage.reading.extras & {"rain", "lightning"}:  # white horses
        canvas.blend(
            (smooth(0.34, 0.62, swell) * smooth(0.02, 0.5, near) * 0.5).astype(np.float32),
            mix(palette.sky[-1], palette.light, 0.5),
            top=top,
        )
    _road(canvas, stage, near, swell, top)
    # A breath of haze where sea and sky meet.
    line = np.exp(-(((canvas.y - stage.horizon) / 0.02) ** 2)) * np.ones_like(canvas.x)
    canvas.blend(line * 0.35, palette.sky[-1])


def _sea_surface(canvas: Canvas, stage: Stage, near: Array, start: Array) -> Array:
    """Return the swell, -1 to 1: fine and flat in the distance, long and high in front."""
    away = 1.0 / (near + 0.07)
    across = (canvas.x - stage.light[0]) * (16.0 + 13.0 * away)
    along = away * 90.0 * np.ones_like(canvas.x)
    swell = 0.7 * _sampled(along + start[0], across + start[1]) + 0.45 * _sampled(along * 3 + start[1], across * 2.3 + start[0])
    return swell * smooth(0.0, 0.08, near)


def _sampled(rows: Array, columns: Array) -> Array:
    """Return the ripples at fractional places of the tile, without steps."""
    tile = _ripples()
    row, column = rows.astype(np.intp), columns.astype(np.intp)
    down, across = (rows - row).astype(np.float32), np.abs(columns - column).astype(np.float32)
    column_next = column + np.where(columns < 0, -1, 1)
    upper = tile[row % _TILE, column % _TILE] * (1 - across) + tile[row % _TILE, column_next % _TILE] * across
    lower = tile[(row + 1) % _TILE, column % _TILE] * (1 - across) + tile[(row + 1) % _TILE, column_next % _TILE] * across
    return upper * (1 - down) + lower * down


def _road(canvas: Canvas, stage: Stage, near: Array, swell: Array, top: int) -> None:
    """The light on the water: a road of glints that widens towards us."""
    width = 0.045 + 0.2 * near
    inside = np.exp(-(((canvas.x - stage.light[0]) / width) ** 2))
    glints = smooth(0.12, 0.5, swell + 0.42 * inside - 0.1)
    strength = 0.95 if stage.reading.mood not in {"mist", "storm"} else 0.5
    canvas.shine(
        inside * (0.16 + 0.84 * glints) * strength * (1.0 - 0.35 * near),
        mix(stage.palette.light, stage.palette.sky[-1], 0.2),
        top=top,
    )


def mirror(canvas: Canvas, stage: Stage, shore: float) -> None:
    """Turn everything below `shore` into still water that shows what stands above it."""
    top = canvas.row(shore)
    rows = canvas.rows - top
    near = ((canvas.y[top:] - shore) / max(canvas.frame.height - shore, 1e-6)).clip(0.0, 1.0)
    start = stage.dice.stream("mirror").random(2) * _TILE
    swell = _sea_surface(canvas, stage, near, start)
    # Reflections are drawn out by ripples: a row shows what a row a little higher or lower would.
    wanted = top - 1 - np.arange(rows)[:, None] * (top / max(rows, 1) if rows > top else 1.0)
    source = (wanted + swell * (0.004 + 0.03 * near) / canvas.pixel).clip(0, max(top - 1, 0)).astype(np.intp)
    sideways = (np.arange(canvas.columns)[None, :] + swell * (0.006 * near) / canvas.pixel).clip(0, canvas.columns - 1)
    image = canvas.rgb[source, sideways.astype(np.intp)]
    deep = np.asarray(mix(stage.palette.shade, stage.palette.sky[0], 0.5), np.float32)
    share = (0.16 + 0.34 * near)[..., None]
    canvas.rgb[top:] = image * (1 - share) + deep * share
    canvas.shine(smooth(0.35, 0.8, swell) * 0.1, stage.palette.sky[-1], top=top)
