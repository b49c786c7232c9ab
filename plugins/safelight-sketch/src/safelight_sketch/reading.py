"""What the words of a prompt ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

import attrs
import numpy as np

from safelight_sketch.colour import Colour, from_hex
from safelight_sketch.lexicon import BODIES, COLOURS, EXTRAS, MOODS, SCENES, STYLES, SUBJECTS

_WORD = re.compile(r"\w+")
_WEATHER = frozenset({"mist", "storm"})
_READ = 4000  # nobody's picture hangs on what comes after that many characters
_AT_HOME: dict[str, tuple[str, ...]] = {
    "bear": ("forest", "meadow"),
    "cat": ("meadow", "backdrop", "sea"),
    "dog": ("meadow", "sea", "backdrop"),
    "fox": ("forest", "meadow"),
    "owl": ("forest",),
    "panda": ("forest", "backdrop"),
    "penguin": ("sea", "mountains"),
    "portrait": ("backdrop",),
    "rabbit": ("meadow",),
    "robot": ("backdrop", "city"),
}
_VIEWS = ("meadow", "sea", "mountains")  # for a prompt that names an hour or a weather, but no place


@attrs.frozen(kw_only=True)
class Reading:
    """
    A prompt as the painter understood it.

    Attributes:
        scene: A key of `lexicon.SCENES`.
        subject: A key of `lexicon.SUBJECTS`: who is in front of it; None = nobody.
        style: A key of `lexicon.STYLES`: how it is done; None = as it usually is.
        mood: A key of `lexicon.MOODS`: the hour and the weather.
        body: What shines in the sky: sun or moon.
        colours: The colours named, in order, at most three.
        coat: The colour named right before the subject: `a black cat`.
        extras: Keys of `lexicon.EXTRAS` that were asked for.
    """

    scene: str
    subject: str | None = None
    style: str | None = None
    mood: str
    body: str
    colours: tuple[Colour, ...] = ()
    coat: Colour | None = None
    extras: frozenset[str] = frozenset()


def read(prompt: str, chance: np.random.Generator) -> Reading:
    """Read a prompt in any script; what it leaves open is left to chance."""
    text = prompt[:_READ].casefold()
    words = _WORD.findall(text)
    scenes, subjects = _mentioned(SCENES, text, words), _mentioned(SUBJECTS, text, words)
    moods = _mentioned(MOODS, text, words)
    bodies = _mentioned(BODIES, text, words)
    extras = frozenset(_mentioned(EXTRAS, text, words))
    # Drawn whatever was said, so that one word more does not change every other choice.
    free_mood, free_body, free_scene = chance.random(3)
    subject = next(iter(subjects), None)
    if subject or "meadow" in scenes:  # nobody sits on the table, and flowers in a garden are in the garden
        scenes = [place for place in scenes if place != "still"]
    if "lighthouse" in scenes:
        scene = "lighthouse"
    elif scenes:
        scene = scenes[0]
    else:
        places = _AT_HOME[subject] if subject else _VIEWS if moods or bodies or extras else ("abstract",)
        scene = places[int(free_scene * len(places))]
    coat = _coat(subject, words) if subject else None
    moods.sort(key=lambda mood: mood in _WEATHER)  # a snowy night is a night
    mood = next(iter(moods), _habit(scene, subject, free_mood))
    by_habit = "moon" if mood == "night" or (mood in {"storm", "mist"} and free_body < 0.2) else "sun"
    named = (word for word in dict.fromkeys(words) if word in COLOURS and word != coat)
    return Reading(
        scene=scene,
        subject=subject,
        style=next(iter(_mentioned(STYLES, text, words)), None),
        mood=mood,
        body=next(iter(bodies), by_habit),
        colours=tuple(from_hex(COLOURS[word]) for word in named)[:3],
        coat=from_hex(COLOURS[coat]) if coat else None,
        extras=extras,
    )


def _coat(subject: str, words: list[str]) -> str | None:
    """Return the colour word right before the subject."""
    names = {form for name in SUBJECTS[subject].split() for form in (name, name + "s")}
    return next((before for before, word in pairwise(words) if word in names and before in COLOURS), None)


def _habit(scene: str, subject: str | None, free: float) -> str:
    """Return the mood of a prompt that names none."""
    if scene == "space" or subject == "owl":
        return "night"
    if scene == "city":
        return "night" if free < 0.6 else "dusk"
    if subject or scene in {"still", "meadow", "desert", "backdrop"}:
        return ("dusk", "dawn", "day")[int(free * 3)]
    return ("dusk", "dawn", "day", "night", "mist")[int(free * 5)]


def _mentioned(meanings: Mapping[str, str], text: str, words: list[str]) -> list[str]:
    """Return the meanings the text mentions, the first mentioned first."""
    place = {word: n for n, word in reversed(list(enumerate(words)))}
    found: list[tuple[float, str]] = []
    for meaning, names in meanings.items():
        places = [at for name in names.split() if (at := _place(name, text, place)) is not None]
        if places:
            found.append((min(places), meaning))
    return [meaning for _, meaning in sorted(found, key=lambda pair: pair[0])]


def _place(name: str, text: str, place: Mapping[str, int]) -> float | None:
    for form, ending in ((name, 0.0), (name + "s", 0.5), (name + "es", 0.5)):
        if form in place:
            return place[form] + ending  # Mars is a planet before it is several of `mar`
    # Scripts without spaces, and emoji, are looked for anywhere; they come after whole words.
    if ord(name[0]) > 0x2000 and (at := text.find(name)) >= 0:
        return len(place) + at
    return None
