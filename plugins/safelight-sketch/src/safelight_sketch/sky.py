"""The sky and what is in it: gradient, stars, sun or moon, clouds."""

from __future__ import annotations

import numpy as np

from safelight_sketch.air import lightning
from safelight_sketch.canvas import Canvas, smooth
from safelight_sketch.colour import Array, mix, ramp
from safelight_sketch.stage import Layer, Stage


def sky(stage: Stage) -> tuple[Layer, ...]:
    """Return the layers behind everything else."""
    body = "the moon" if stage.reading.body == "moon" else "the sun"
    layers = [
        Layer("the sky", lambda canvas: _wash(canvas, stage)),
        Layer(body, lambda canvas: _body(canvas, stage)),
        Layer("the clouds", lambda canvas: _clouds(canvas, stage)),
    ]
    if "lightning" in stage.reading.extras:
        layers.append(Layer("the lightning", lambda canvas: lightning(canvas, stage)))
    return tuple(layers)


def _wash(canvas: Canvas, stage: Stage) -> None:
    palette = stage.palette
    drift = canvas.noise(stage.dice.stream("wash"), 1.2, octaves=3, stretch=2.5) - 0.5
    at = (canvas.y / stage.horizon + drift * 0.16).clip(0.0, 1.0)
    canvas.rgb[:] = ramp(palette.sky, at**1.15)
    if (palette.darkness >= 0.4 and not stage.reading.extras & {"rain", "snow"}) or "stars" in stage.reading.extras:
        _stars(canvas, stage)


def _stars(canvas: Canvas, stage: Stage) -> None:
    chance = stage.dice.stream("stars")
    area = canvas.frame.width * stage.horizon
    is_asked = "stars" in stage.reading.extras
    count = int(area * (520 if is_asked else 300) * max(stage.palette.darkness - 0.25, 0.3 if is_asked else 0.1))
    if stage.palette.darkness > 0.9 or is_asked:
        _milky_way(canvas, stage)
    xs, ys = chance.random(count) * canvas.frame.width, chance.random(count) ** 1.3 * stage.horizon
    size = 0.0011 * (1.0 + 1.6 * chance.random(count) ** 6)
    light = (0.25 + 0.75 * chance.random(count) ** 2) * (1.0 - (ys / stage.horizon) ** 2)
    sprinkle(canvas, xs, ys, size, light)


def sprinkle(canvas: Canvas, xs: Array, ys: Array, size: Array, light: Array) -> None:
    """Put a star at each place, of a size (its radius, in units) and a light (0 to 1)."""
    for x, y, radius, strength in zip(xs, ys, size, light, strict=True):
        column, row = int(x / canvas.pixel), int(y / canvas.pixel)
        reach = max(1, round(3 * radius / canvas.pixel))
        part = np.s_[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
        spread = (canvas.y[part[0]] - y) ** 2 + (canvas.x[:, part[1]] - x) ** 2
        wide = max(radius, 0.6 * canvas.pixel)
        # A star smaller than a pixel is a fainter pixel, in every pass alike.
        fade = min(1.0, (radius / wide) ** 2 * 1.6)
        canvas.rgb[part] += (strength * fade * np.exp(-spread / wide**2))[..., None].astype(np.float32)


def _milky_way(canvas: Canvas, stage: Stage) -> None:
    chance = stage.dice.stream("galaxy")
    slope, through = chance.uniform(-0.9, 0.9), stage.horizon * chance.uniform(0.25, 0.5)
    away = (canvas.y - through - slope * (canvas.x - canvas.frame.width / 2)) / np.hypot(1.0, slope)
    dust = canvas.noise(chance, 3.5, octaves=5)
    band = np.exp(-((away / 0.16) ** 2)) * smooth(0.3, 0.75, dust)
    canvas.shine(band.astype(np.float32) * 0.22, mix(stage.palette.sky[-1], stage.palette.light, 0.5))


def _body(canvas: Canvas, stage: Stage) -> None:
    palette, at = stage.palette, stage.light
    is_moon = stage.reading.body == "moon"
    radius = (0.062 if is_moon else 0.07) * (1.25 if stage.reading.mood == "dusk" and not is_moon else 1.0)
    veil = 0.45 if stage.reading.mood in {"mist", "storm"} else 1.0
    warm = mix(palette.light, palette.sky[-1], 0.35)
    canvas.glow(at, radius * 3.2, warm, 0.42 if not is_moon else 0.24)
    canvas.glow(at, radius * 1.1, palette.light, 0.55 * veil)
    distance = canvas.distance(at)
    disc = ((radius - distance) / max(canvas.pixel * 1.5, 0.004) + 0.5).clip(0.0, 1.0) * (1.0 if veil == 1.0 else 0.4)
    if not is_moon:
        canvas.blend(disc, mix(palette.light, (1.0, 1.0, 1.0), 0.35))
        return
    chance = stage.dice.stream("moon")
    seas = smooth(0.46, 0.66, canvas.noise(chance, 11, octaves=3)) * 0.16
    asked = stage.reading.extras
    if "crescent" in asked or (chance.random() < 0.4 and "full" not in asked):  # what lies in its own shadow is not seen
        turn = radius * chance.uniform(0.4, 0.7) * (-1 if chance.random() < 0.5 else 1)
        hidden = canvas.distance((at[0] + turn, at[1] - radius * 0.25))
        disc *= ((hidden - radius * 0.96) / (2 * canvas.pixel) + 0.5).clip(0.0, 1.0)
    canvas.blend(disc, palette.light)
    canvas.blend(disc * seas, palette.sky[-1])


def _clouds(canvas: Canvas, stage: Stage) -> None:
    """Long clouds, thicker towards the horizon, lit on the side of the sun."""
    palette, chance = stage.palette, stage.dice.stream("clouds")
    cover = {"storm": 0.52, "mist": 0.5, "night": 0.6}.get(stage.reading.mood, 0.52) + chance.uniform(-0.03, 0.05)
    if "rain" in stage.reading.extras:
        cover -= 0.12
    body = canvas.noise(chance, 2.1, octaves=5, stretch=3.4)
    level = (canvas.y / stage.horizon).clip(0.0, 1.0)
    alpha = smooth(cover, cover + 0.2, body + 0.1 * level - 0.04) * smooth(0.02, 0.3, level)
    # The cloud a little nearer to the light shades this one: its edge towards the light shines.
    shift = max(1, round(0.02 / canvas.pixel))
    towards_light = np.roll(body, -shift, axis=0) - body
    lit = (0.5 + towards_light * 5.0).clip(0.0, 1.0)
    near = np.exp(-((canvas.distance(stage.light) / 0.55) ** 2))
    bright = mix(palette.sky[-1], palette.light, 0.55)
    dark = mix(palette.sky[min(2, len(palette.sky) - 1)], palette.haze, 0.5)
    if stage.reading.mood == "storm":
        dark = mix(palette.sky[0], palette.haze, 0.25)
    if stage.reading.mood in {"day", "mist"}:
        bright, dark = (1.0, 1.0, 1.0), mix(palette.haze, (1.0, 1.0, 1.0), 0.35)
    if palette.darkness > 0.9:
        bright, dark = mix(palette.sky[-1], palette.light, 0.25), palette.sky[-2]
    share = (lit * (0.35 + 0.65 * near))[..., None]
    colour = np.asarray(dark, np.float32) * (1 - share) + np.asarray(bright, np.float32) * share
    canvas.blend(alpha * (0.8 if palette.darkness < 0.9 else 0.5), colour)
