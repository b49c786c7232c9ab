"""What the words of a prompt ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping

import attrs
import numpy as np

from safelight_sketch.colour import Colour, from_hex
from safelight_sketch.lexicon import BODIES, COLOURS, EXTRAS, MOODS, SCENES

_WORD = re.compile(r"\w+")
_WEATHER = frozenset({"mist", "storm"})
_READ = 4000  # nobody's picture hangs on what comes after that many characters


@attrs.frozen(kw_only=True)
class Reading:
    """
    A prompt as the painter understood it.

    Attributes:
        scene: A key of `lexicon.SCENES`.
        mood: A key of `lexicon.MOODS`: the hour and the weather.
        body: What shines in the sky: sun or moon.
        colours: The colours named, in order, at most three.
        extras: Keys of `lexicon.EXTRAS` that were asked for.
    """

    scene: str
    mood: str
    body: str
    colours: tuple[Colour, ...] = ()
    extras: frozenset[str] = frozenset()


def read(prompt: str, chance: np.random.Generator) -> Reading:
    """Read a prompt in any script; what it leaves open is left to chance."""
    text = prompt[:_READ].casefold()
    words = _WORD.findall(text)
    scenes = _mentioned(SCENES, text, words)
    moods = _mentioned(MOODS, text, words)
    bodies = _mentioned(BODIES, text, words)
    # Drawn whatever was said, so that one word more does not change every other choice.
    free_mood, free_body = chance.random(), chance.random()
    scene = "lighthouse" if "lighthouse" in scenes else next(iter(scenes), "abstract")
    moods.sort(key=lambda mood: mood in _WEATHER)  # a snowy night is a night
    mood = next(iter(moods), _habit(scene, free_mood))
    by_habit = "moon" if mood == "night" or (mood in {"storm", "mist"} and free_body < 0.2) else "sun"
    return Reading(
        scene=scene,
        mood=mood,
        body=next(iter(bodies), by_habit),
        colours=tuple(from_hex(COLOURS[word]) for word in dict.fromkeys(words) if word in COLOURS)[:3],
        extras=frozenset(_mentioned(EXTRAS, text, words)),
    )


def _habit(scene: str, free: float) -> str:
    if scene == "city":
        return "night" if free < 0.6 else "dusk"
    return ("dusk", "dawn", "day", "night", "mist")[int(free * 5)]


def _mentioned(meanings: Mapping[str, str], text: str, words: list[str]) -> list[str]:
    """Return the meanings the text mentions, the first mentioned first."""
    place = {word: n for n, word in reversed(list(enumerate(words)))}
    found: list[tuple[int, str]] = []
    for meaning, names in meanings.items():
        places = [at for name in names.split() if (at := _place(name, text, place)) is not None]
        if places:
            found.append((min(places), meaning))
    return [meaning for _, meaning in sorted(found, key=lambda pair: pair[0])]


def _place(name: str, text: str, place: Mapping[str, int]) -> int | None:
    for form in (name, name + "s", name + "es"):
        if form in place:
            return place[form]
    # Scripts without spaces, and emoji, are looked for anywhere; they come after whole words.
    if ord(name[0]) > 0x2000 and (at := text.find(name)) >= 0:
        return len(place) + at
    return None
