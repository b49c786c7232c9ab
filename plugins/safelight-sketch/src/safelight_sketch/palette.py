"""The colours of a picture: one set for each hour and weather, recoloured by the colours a prompt names."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from safelight_sketch.colour import Colour, dye, from_hex, mix
from safelight_sketch.reading import Reading


@attrs.frozen(kw_only=True)
class Palette:
    """
    The colours of one picture.

    Attributes:
        sky: From the zenith to the horizon.
        light: The sun or the moon, and what it lights.
        haze: What distance fades into.
        shade: The nearest silhouettes.
        accent: Lamps, windows, sails.
        darkness: 0 at noon, 1 at midnight: stars and lamps follow it.
    """

    sky: tuple[Colour, ...]
    light: Colour
    haze: Colour
    shade: Colour
    accent: Colour
    darkness: float

    def depth(self, nearness: float) -> Colour:
        """Return the colour of a silhouette: 0 is lost in the haze, 1 stands before you."""
        return mix(self.haze, self.shade, nearness)


def _palette(sky: str, rest: str, darkness: float) -> Palette:
    light, haze, shade, accent = map(from_hex, rest.split())
    return Palette(sky=tuple(map(from_hex, sky.split())), light=light, haze=haze, shade=shade, accent=accent, darkness=darkness)


_MOODS: dict[str, tuple[Palette, ...]] = {
    "dusk": (
        _palette("1b2a56 4d4682 a6587f ee8a68 ffcb85", "ffe9b5 b9788a 1a1630 ffd27a", 0.5),
        _palette("12304a 2c6478 7d9c9c efb08c ffd9a4", "fff0c8 9d9a98 0f2030 ffc86b", 0.45),
        _palette("2a1846 6a2c70 b83b5e f08a5d f9d56e", "fff0b0 b0557a 1d0f2e ffd469", 0.5),
    ),
    "dawn": (
        _palette("47679c 8fa8cc dcc3d2 fbd3bd ffefcf", "fff6da c3b3c6 2d3a57 ffd9a0", 0.15),
        _palette("5a6fa5 a49ecb efb7c6 ffd3b4 fff0d0", "fff3d6 c4a9c2 34315a ffcf9c", 0.15),
        _palette("3d7f92 86b6b5 cfd9c4 fbe3bd fff2d4", "fff7dc a9c0b9 1f4650 ffd08a", 0.1),
    ),
    "day": (
        _palette("2a74bd 5aa5dd 9fd2ee def1f2", "fffce8 aecfdd 1c4552 fff0b8", 0.0),
        _palette("3c93ad 7fc0c8 c2e0d4 f8ecd0", "fffbe2 b3d2c8 20484a ffe2a0", 0.0),
        _palette("3a6fb5 77a5d8 bdd6ea f7e6d8", "fffdf0 b7c8dc 27405e ffe6b8", 0.0),
    ),
    "night": (
        _palette("060a1e 0d1939 1b315e 3b5688", "f6f2de 2b4470 040812 ffcb68", 1.0),
        _palette("050f1c 0a2434 134452 3a7c7c", "eef6e4 236064 030c12 ffd57a", 1.0),
        _palette("0d0822 221447 45266e 84498f", "fbeee6 543377 090415 ffc278", 1.0),
    ),
    "mist": (
        _palette("8ba1ad afbec2 d2d8d3 ece6d8", "fffaea c3ccca 2a3a42 ffdc9a", 0.15),
        _palette("9a97b0 bdb6c6 dbd2d6 f3e6da", "fff6e6 ccc4cc 36344c ffd7a0", 0.15),
    ),
    "storm": (
        _palette("161f2a 2f404c 5b6f78 b7b3a0", "fff3cf 5d6d75 0d151c ffcf7a", 0.6),
        _palette("1b1d33 383f5c 6f7289 c9b2a2", "ffeccb 696b84 10111f ffc980", 0.6),
    ),
}


def choose(reading: Reading, chance: np.random.Generator) -> Palette:
    """Choose a palette for the mood and dye it in the colours that were named."""
    palette = _MOODS[reading.mood][int(chance.integers(len(_MOODS[reading.mood])))]
    return _dyed(palette, reading.colours) if reading.colours else palette


def _dyed(palette: Palette, colours: Sequence[Colour]) -> Palette:
    """The first colour named takes the sky, the last the horizon and the ground, the one between the haze."""
    first, last, middle = colours[0], colours[-1], colours[len(colours) // 2]
    steps = len(palette.sky) - 1
    # One colour alone leaves the horizon some of its own light, or the picture looks seen through a filter.
    fades = 0.35 if first == last else 0.0
    sky = tuple(dye(stop, mix(first, last, (n / steps) ** 1.5), 0.85 - fades * n / steps) for n, stop in enumerate(palette.sky))
    return attrs.evolve(
        palette,
        sky=sky,
        light=mix(palette.light, dye(palette.light, last, 0.8), 0.45 - fades),
        haze=dye(palette.haze, middle, 0.8 - fades),
        shade=dye(palette.shade, last if len(colours) > 1 else first, 0.7),
        accent=mix(palette.accent, last, 0.35),
    )
