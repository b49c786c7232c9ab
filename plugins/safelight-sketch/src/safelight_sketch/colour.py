"""Colours, and mixing them the way the eye does (OKLab)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Colour = tuple[float, float, float]
"""sRGB, each from 0 to 1."""

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LAB = np.linalg.inv(_TO_LAB)
_FROM_LMS = np.linalg.inv(_TO_LMS)


def from_hex(text: str) -> Colour:
    """`ff8800` -> (1.0, 0.53, 0.0)."""
    return int(text[0:2], 16) / 255, int(text[2:4], 16) / 255, int(text[4:6], 16) / 255


def to_lab(rgb: Any) -> Array:
    """Return OKLab of sRGB; the last axis holds the channels."""
    srgb = np.asarray(rgb, dtype=np.float64)
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    lab: Array = np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T
    return lab


def from_lab(lab: Any) -> Array:
    """Return sRGB of OKLab, clipped to what a screen can show."""
    linear = ((np.asarray(lab) @ _FROM_LAB.T) ** 3) @ _FROM_LMS.T
    linear = np.clip(linear, 0.0, 1.0)
    rgb: Array = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return rgb


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return `one` with `share` (0 to 1) of `other`."""
    return _colour(from_lab(to_lab(one) * (1 - share) + to_lab(other) * share))


def dye(colour: Colour, tint: Colour, strength: float) -> Colour:
    """Return the colour in the hue of `tint`, its lightness nearly kept: how a word in a prompt recolours a palette."""
    lab, wanted = to_lab(colour), to_lab(tint)
    chroma = math.hypot(wanted[1], wanted[2])
    # A dye as strong in the shadows as in the lights looks like a filter: it follows the lightness.
    reach = min(1.0, 0.35 + lab[0])
    goal = np.array([lab[0] * 0.8 + wanted[0] * 0.2, wanted[1] * reach, wanted[2] * reach])
    if chroma < 0.02:  # black, white and grey have no hue: they bleach and shift the light instead
        goal = np.array([lab[0] * 0.72 + wanted[0] * 0.28, lab[1] * 0.15, lab[2] * 0.15])
    return _colour(from_lab(lab * (1 - strength) + goal * strength))


def ramp(stops: Sequence[Colour], at: Array) -> Array:
    """Return the colours at positions `at` (0 to 1) along evenly spaced stops, mixed in OKLab."""
    places = np.linspace(0.0, 1.0, len(stops))
    lab = to_lab(stops)
    table = np.linspace(0.0, 1.0, 512)
    colours = from_lab(np.stack([np.interp(table, places, lab[:, k]) for k in range(3)], axis=-1)).astype(np.float32)
    chosen: Array = colours[np.clip(np.asarray(at) * 511, 0, 511).astype(np.intp)]
    return chosen


def _colour(rgb: Array) -> Colour:
    return float(rgb[0]), float(rgb[1]), float(rgb[2])
