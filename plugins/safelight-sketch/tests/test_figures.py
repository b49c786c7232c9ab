from __future__ import annotations

import io
import time

import numpy as np
import pytest
from PIL import Image

from safelight_sketch.dice import Dice
from safelight_sketch.lexicon import STYLES, SUBJECTS
from safelight_sketch.painting import Painting
from safelight_sketch.reading import read


def paint(prompt: str, seed: int = 1, side: int = 128) -> np.ndarray:
    painting = Painting(prompt, seed, side, side)
    for stroke in painting.strokes:
        stroke.run()
    return np.asarray(Image.open(io.BytesIO(painting.picture("png"))), np.float64)


def reading(prompt: str, seed: int = 1):
    return read(prompt, Dice(prompt, seed).stream("reading"))


@pytest.mark.parametrize(
    ("prompt", "subject", "scene"),
    [
        ("a cat", "cat", None),
        ("Two kittens on a rooftop", "cat", "city"),
        ("un gato en la playa, sea behind", "cat", "sea"),
        ("🦊 🌲", "fox", "forest"),
        ("a bear, a lighthouse", "bear", "lighthouse"),
        ("a lighthouse", None, "lighthouse"),
        ("Portrait of a queen", "portrait", "backdrop"),
        ("a girl with flowers in her hair", "portrait", "backdrop"),
        ("a robot on mars", "robot", "space"),
        ("ペンギン 🐧", "penguin", None),
        ("education, scattered", None, "abstract"),
    ],
)
def test_words_choose_who_is_in_front_and_where(prompt, subject, scene):
    found = reading(prompt)
    assert found.subject == subject
    assert scene in {None, found.scene}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_figure_without_a_place_is_at_home_somewhere(subject):
    places = {reading(subject, seed).scene for seed in range(40)}
    assert places
    assert "abstract" not in places


@pytest.mark.parametrize("prompt", ["a starry night", "sunset", "snow", "rainy morning"])
def test_an_hour_or_a_weather_without_a_place_is_painted_as_a_view(prompt):
    assert {reading(prompt, seed).scene for seed in range(40)} == {"meadow", "sea", "mountains"}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_figure_changes_the_middle_of_the_picture(subject):
    with_it = paint(f"backdrop day {subject}")
    assert np.abs(with_it - paint("backdrop day"))[64:110, 40:88].mean() > 12


def test_the_colour_before_a_figure_is_its_own_and_leaves_the_scene_alone():
    assert reading("a black cat by a teal sea").coat == reading("black").colours[0]
    assert reading("a black cat by a teal sea").colours == reading("teal").colours
    assert reading("a cat by a black sea").coat is None


@pytest.mark.parametrize("subject", ["cat", "owl", "penguin", "robot", "rabbit"])
def test_a_white_one_is_lighter_than_a_black_one(subject):
    white, black = (paint(f"a {coat} {subject} in a studio by day", 2)[64:108, 46:82].mean() for coat in ("white", "black"))
    assert white > black + 20


@pytest.mark.parametrize("worn", ["glasses", "crown", "hat", "beard", "flowers"])
def test_what_a_sitter_wears_can_be_asked_for(worn):
    assert worn in reading(f"portrait of someone with {worn}").extras


@pytest.mark.parametrize(
    ("prompt", "style"),
    [
        ("Watercolor of a fox", "watercolour"),
        ("a pencil drawing of the sea", "ink"),
        ("flat vector mountains", "poster"),
        ("PixelArt castle", "pixel"),
        ("film noir city", "mono"),
        ("水彩 猫", "watercolour"),
        ("a plain sea", None),
    ],
)
def test_words_choose_how_it_is_done(prompt, style):
    assert reading(prompt).style == style


def test_black_and_white_has_no_colour():
    pixels = paint("a monochrome sunset over the sea")
    assert (pixels.max(axis=2) - pixels.min(axis=2)).mean() < 12


@pytest.mark.parametrize("style", ["watercolour", "ink"])
def test_what_is_done_on_paper_has_a_light_margin(style):
    pixels = paint(f"{style} of a city at night", side=256)
    assert min(pixels[:2].mean(), pixels[-2:].mean(), pixels[:, :2].mean(), pixels[:, -2:].mean()) > 200
    assert pixels[60:200, 60:200].mean() < 160


def test_pixel_art_is_made_of_few_even_blocks():
    pixels = paint("pixel art of a lighthouse", side=384)  # 96 blocks of 4
    blocks = pixels.reshape(96, 4, 96, 4, 3)
    assert np.ptp(blocks, axis=(1, 3)).mean() < 16, "grain at most inside a block"
    assert len(np.unique(pixels[::4, ::4].reshape(-1, 3), axis=0)) <= 28


def test_a_poster_is_flatter_than_a_photograph():
    usual, poster = (paint(f"{words} mountains at dusk", 4, 256) for words in ("", "poster"))
    assert _flat(poster) > 1.5 * _flat(usual)


def _flat(pixels: np.ndarray) -> float:
    """The share of pixels nearly like their neighbours to the right."""
    return float((np.abs(np.diff(pixels, axis=1)).max(axis=2) <= 3).mean())


@pytest.mark.parametrize("style", ["", *STYLES])
def test_a_picture_of_512_pixels_costs_little(style):
    began = time.process_time()
    paint(f"{style} black cat in space with balloons", side=512)
    assert time.process_time() - began < 1.5
