from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from safelight_sketch.dice import Dice
from safelight_sketch.lexicon import COLOURS, EXTRAS, MOODS, SCENES, STYLES, SUBJECTS
from safelight_sketch.painting import Painting
from safelight_sketch.reading import read
from safelight_sketch.scenes import SCENES as PAINTED
from safelight_sketch.styles import STYLES as PRINTED
from safelight_sketch.subjects import SUBJECTS as SEATED

ODD_PROMPTS = [
    "",
    " \t\n",
    "\ud800",
    "a \udfff lighthouse",
    "🌊🌙",
    "灯台 の 夕",
    "маяк ночью",
    "\0",
    "بحر",
    "lighthouse " * 6000,
    "🙂" * 60000,
]
STYLE_WORDS = {words.split()[0]: style for style, words in STYLES.items()}
"""A word that means it -> the style; not each is a word itself."""


def paint(prompt: str, seed: int = 1, width: int = 96, height: int = 96) -> Image.Image:
    painting = Painting(prompt, seed, width, height)
    for stroke in painting.strokes:
        stroke.run()
    return Image.open(io.BytesIO(painting.picture("png")))


def reading(prompt: str):
    return read(prompt, Dice(prompt, 1).stream("reading"))


def test_the_same_prompt_and_seed_give_the_same_picture():
    assert paint("mountains", 7).tobytes() == paint("mountains", 7).tobytes()


def test_another_prompt_or_another_seed_gives_another_picture():
    pictures = {paint(prompt, seed).tobytes() for prompt, seed in itertools.product(["sea", "a sea", "city"], [1, 2])}
    assert len(pictures) == 6


@pytest.mark.parametrize("prompt", ODD_PROMPTS, ids=range(len(ODD_PROMPTS)))
def test_any_text_at_all_can_be_painted(prompt):
    assert paint(prompt).size == (96, 96)


@pytest.mark.parametrize("named", [*SCENES, *SUBJECTS])
@pytest.mark.parametrize("mood", MOODS)
def test_every_scene_and_figure_can_be_painted_in_every_mood_with_every_extra(named, mood):
    pixels = np.asarray(paint(f"{named} {mood} {' '.join(EXTRAS)}"), np.float64)
    assert pixels.std() > 8  # a picture, not a flat card


@pytest.mark.parametrize("named", [*SCENES, *SUBJECTS, *STYLE_WORDS])
@pytest.mark.parametrize("size", [(64, 64), (1024, 64), (64, 1024), (65, 127)])
def test_every_scene_figure_and_style_fits_every_shape(named, size):
    assert paint(named, 3, *size).size == size


@pytest.mark.parametrize(("word", "style"), STYLE_WORDS.items())
@pytest.mark.parametrize("scene", SCENES)
def test_every_scene_can_be_done_in_every_style(scene, word, style, monkeypatch):
    styled = np.asarray(paint(f"{scene} {word}"), np.float64)
    monkeypatch.delitem(PRINTED, style)
    usual = np.asarray(paint(f"{scene} {word}"), np.float64)  # of another prompt it would be another picture anyway
    assert styled.std() > 8
    assert np.abs(styled - usual).mean() > 2


@pytest.mark.parametrize("named", [*SCENES, *SUBJECTS, *STYLE_WORDS])
def test_a_sketch_shows_what_the_finished_picture_will_be(named):
    painting = Painting(named, 5, 256, 256)
    painting.strokes[0].run()
    sketch = _small(painting)
    for stroke in painting.strokes:
        stroke.run()
    assert np.abs(sketch - _small(painting)).mean() < 22


def _small(painting: Painting) -> np.ndarray:
    picture = Image.open(io.BytesIO(painting.picture("png"))).resize((16, 16), Image.Resampling.BOX)
    return np.asarray(picture, np.float64)


def test_every_scene_the_lexicon_knows_is_painted_and_none_besides():
    assert set(SCENES) == set(PAINTED)


def test_every_figure_and_style_the_lexicon_knows_is_painted_and_none_besides():
    assert set(SUBJECTS) == set(SEATED)
    assert set(STYLES) == set(PRINTED)


@pytest.mark.parametrize(
    ("prompt", "scene", "mood", "body"),
    [
        ("a lighthouse at dusk", "lighthouse", "dusk", "sun"),
        ("The SEA, and a lighthouse, at midnight", "lighthouse", "night", "moon"),
        ("Mountains under the moon", "mountains", "night", "moon"),
        ("a snowy night in the woods", "forest", "night", "moon"),
        ("neon city", "city", "night", "moon"),
        ("foggy beach", "sea", "mist", None),
        ("🌲 🌅", "forest", "dusk", "sun"),
        ("山の朝", "mountains", "dawn", "sun"),
        ("a cactus in the sand", "desert", None, None),
        ("hot-air balloons", "meadow", None, None),
        ("Saturn's rings", "space", "night", None),
        ("ein Strauß: blume, fleur, 花", "still", None, None),
        ("flowers in a garden", "meadow", None, None),
        ("tulips in a vase", "still", None, None),
        ("something else entirely", "abstract", None, None),
        ("researchers", "abstract", None, None),
    ],
)
def test_words_choose_scene_mood_and_light(prompt, scene, mood, body):
    found = reading(prompt)
    assert found.scene == scene
    assert mood in {None, found.mood}
    assert body in {None, found.body}


def test_colours_are_read_in_the_order_named():
    assert len(reading("teal sea, orange sky, teal sails").colours) == 2
    assert reading("teal and orange").colours == reading("orange and teal").colours[::-1]


@pytest.mark.parametrize(("colour", "channel"), [("red", 0), ("green", 1), ("blue", 2)])
def test_a_named_colour_rules_the_picture(colour, channel):
    means = np.asarray(paint(f"a {colour} abstract"), np.float64).mean(axis=(0, 1))
    assert means.argmax() == channel


@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_of_the_lexicon_can_be_named(colour):
    assert len(reading(f"a {colour} sea").colours) == 1
