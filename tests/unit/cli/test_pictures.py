"""Each way of showing a picture against bytes worked out by hand, and the choice between them."""

import base64
import io
import re

import pytest
from PIL import Image

from safelight.cli.pictures.blocks import blocks
from safelight.cli.pictures.detecting import Way, blocks_way, detect, says_sixel
from safelight.cli.pictures.drawing import Canvas, Undrawable
from safelight.cli.pictures.iterm import iterm
from safelight.cli.pictures.kitty import kitty
from safelight.cli.pictures.sixel import sixel

RED, GREEN, BLUE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)


def image(*rows):
    made = Image.new("RGB", (len(rows[0]), len(rows)))
    made.putdata([pixel for row in rows for pixel in row])
    return made


def png(size=(64, 32), color=RED, kind="PNG", mode="RGB"):
    content = io.BytesIO()
    Image.new(mode, size, color).save(content, kind)
    return content.getvalue()


def test_half_blocks_are_two_pixels_to_a_character():
    assert blocks(image([RED, RED], [BLUE, GREEN]), is_truecolor=True) == [
        "\x1b[38;2;255;0;0;48;2;0;0;255m▀\x1b[38;2;255;0;0;48;2;0;255;0m▀\x1b[0m"
    ]


def test_half_blocks_say_a_colour_once_while_it_lasts():
    assert blocks(image([RED] * 3, [BLUE] * 3), is_truecolor=True) == ["\x1b[38;2;255;0;0;48;2;0;0;255m▀▀▀\x1b[0m"]


def test_odd_row_stands_on_black():
    assert blocks(image([RED]), is_truecolor=True) == ["\x1b[38;2;255;0;0;48;2;0;0;0m▀\x1b[0m"]


@pytest.mark.parametrize(
    ("pixel", "number"),
    [(RED, 196), (BLACK, 16), ((255, 255, 255), 231), ((128, 128, 128), 244), ((95, 135, 175), 67), ((8, 8, 8), 232)],
)
def test_256_colours_are_the_nearest_there_are(pixel, number):
    assert blocks(image([pixel], [pixel]), is_truecolor=False) == [f"\x1b[38;5;{number};48;5;{number}m▀\x1b[0m"]


def test_kitty_takes_base64_in_chunks_and_is_told_not_to_answer():
    assert kitty(b"abc", columns=4, rows=2) == "\x1b_Ga=T,f=100,q=2,c=4,r=2,m=0;YWJj\x1b\\"
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", kitty(bytes(7000), columns=4, rows=2))
    assert [head for head, _ in parts] == ["a=T,f=100,q=2,c=4,r=2,m=1", "m=1", "m=0"]
    assert [len(data) % 4 for _, data in parts] == [0, 0, 0]
    assert base64.b64decode("".join(data for _, data in parts)) == bytes(7000)


def test_iterm_takes_the_file_whole():
    said = iterm(b"abc", columns=4, rows=2)
    assert said == "\x1b]1337;File=inline=1;size=3;width=4;height=2;preserveAspectRatio=1:YWJj\x07"


def test_sixel_paints_six_rows_at_a_time_each_colour_once():
    """Rows 0 and 2 red: 1 + 4 = 5, chr(63 + 5) = D; row 1 blue: 2, A. Five columns are a run."""
    said = sixel(image([RED] * 5, [BLUE] * 5, [RED] * 5))
    colors = dict(re.findall(r"#(\d+);2;(\d+;\d+;\d+)", said))
    red, blue = (next(n for n, color in colors.items() if color == wanted) for wanted in ("100;0;0", "0;0;100"))
    assert said.startswith('\x1bP0;1;0q"1;1;5;3#')
    band = said.removesuffix("\x1b\\").rpartition(";")[2].partition("#")[2]
    assert sorted(f"#{band}".split("$")) == sorted([f"#{red}!5D", f"#{blue}!5A"])


def test_sixel_leaves_out_what_stands_behind_the_last_pixel_of_a_colour():
    said = sixel(image([RED, BLUE, BLUE, BLUE]))
    assert re.search(r"#\d+@\$#\d+\?@@@|#\d+\?@@@\$#\d+@", said)


def test_sixel_has_a_band_for_each_six_rows():
    assert sixel(image(*[[RED]] * 13)).count("-") == 2


TRUE = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


@pytest.mark.parametrize(
    ("environ", "way"),
    [
        ({"TERM": "xterm-kitty"}, Way.KITTY),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, Way.KITTY),
        ({"TERM": "xterm-ghostty"}, Way.KITTY),
        ({**TRUE, "TERM_PROGRAM": "iTerm.app"}, Way.ITERM),
        ({**TRUE, "TERM_PROGRAM": "WezTerm"}, Way.ITERM),
        ({**TRUE, "LC_TERMINAL": "iTerm2"}, Way.ITERM),
        (TRUE, Way.TRUECOLOR),
        ({"TERM": "xterm-256color"}, Way.COLORS256),
        ({"TERM": "xterm"}, Way.NONE),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, Way.NONE),
        ({}, Way.NONE),
        ({**TRUE, "NO_COLOR": "1"}, Way.NONE),
        ({**TRUE, "KITTY_WINDOW_ID": "1", "TMUX": "/run/tmux"}, Way.TRUECOLOR),
        ({"TERM": "screen-256color", "LC_TERMINAL": "iTerm2"}, Way.COLORS256),
    ],
)
def test_environment_says_what_the_terminal_can(environ, way):
    assert detect(environ, lambda: False) is way


def test_terminal_is_asked_for_sixel_only_where_the_environment_says_nothing_better():
    assert detect({"TERM": "xterm"}, lambda: True) is Way.SIXEL
    assert detect({**TRUE, "TMUX": "1"}, lambda: True) is Way.SIXEL
    assert detect({"TERM": "xterm-kitty"}, pytest.fail) is Way.KITTY
    assert detect({"TERM": "dumb"}, pytest.fail) is Way.NONE


def test_no_colour_means_no_half_blocks():
    assert blocks_way(TRUE) is Way.TRUECOLOR
    assert blocks_way({**TRUE, "NO_COLOR": "1"}) is Way.NONE
    assert blocks_way({**TRUE, "NO_COLOR": ""}) is Way.TRUECOLOR


@pytest.mark.parametrize(
    ("answer", "can"),
    [
        (b"\x1b[?62;4;22c", True),
        (b"typed\x1b[?65;1;4c", True),
        (b"\x1b[?4;1c", False),
        (b"\x1b[?64;44c", False),
        (b"", False),
        (b"4", False),
    ],
)
def test_answer_to_da1_says_whether_sixel_is_there(answer, can):
    assert says_sixel(answer) is can


@pytest.mark.parametrize(
    ("way", "mark"), [(Way.KITTY, "c=20,r=5"), (Way.ITERM, "width=20;height=5"), (Way.SIXEL, '"1;1;200;100#')]
)
def test_picture_is_fitted_to_the_terminal_and_keeps_its_shape(way, mark):
    canvas = Canvas(way=way, columns=20, rows=20, cell=(10, 20))
    assert mark in canvas.draw(png((2000, 1000)))


@pytest.mark.parametrize("content", [png((2000, 1000)), b"no picture"])
def test_nothing_is_drawn_and_nothing_decoded_where_pictures_are_not_shown(content):
    assert Canvas(way=Way.NONE).draw(content) == ""


def test_half_blocks_are_fitted_to_the_terminal():
    lines = Canvas(way=Way.TRUECOLOR, small=Way.TRUECOLOR, columns=20, rows=20).draw(png((2000, 1000))).splitlines()
    assert [line.count("▀") for line in lines] == [20] * 5


def test_small_picture_is_not_enlarged():
    assert "c=1,r=1" in Canvas(way=Way.KITTY).draw(png((5, 5)))


def test_see_through_parts_are_black():
    [line] = Canvas(way=Way.TRUECOLOR, small=Way.TRUECOLOR).sketch(png((1, 2), (255, 0, 0, 0), mode="RGBA"))
    assert line == "\x1b[38;2;0;0;0;48;2;0;0;0m▀\x1b[0m"


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
def test_other_kinds_of_pictures_are_drawn_too(kind):
    assert Canvas(way=Way.KITTY).draw(png(kind=kind)).startswith("\x1b_G")


@pytest.mark.parametrize("content", [b"", b"no picture", png()[:60]])
def test_what_cannot_be_decoded_is_said(content):
    with pytest.raises(Undrawable):
        Canvas(way=Way.KITTY).draw(content)
