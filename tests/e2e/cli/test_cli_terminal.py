"""What people see: a bar, the picture as it develops, and the finished one the way their terminal can."""

import re
import subprocess
import sys

import pytest

SIZE = (30, 100, 1000, 600)
TRUECOLOR = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
RUN = ("generate", "a lighthouse", "--provider", "simulator", "--param", "width=64", "--param", "height=64")
ASKED = "\x1b[c"


def slow(seconds=2):
    return (*RUN, "--option", f"seconds={seconds}")


def last_frame(out):
    return out.rpartition("\x1b[2K")[2]


def test_bar_develops_with_the_picture_above_it_and_gives_way_to_the_end(start, service):
    command = start(*slow(), terminal=SIZE, **TRUECOLOR)
    assert command.ended() == 0
    out = command.out
    assert re.search(r"Step \d of 8", out)
    assert re.search(r"\d\d %", out)
    assert re.search(r"about \d\.\d s left", out)
    bars = out.index("━")
    assert "▀" in out[bars : out.rindex("━")], "no preview was shown while it ran"
    end = last_frame(out)
    assert "━" not in end
    assert "▀" in end
    assert re.search(r"succeeded after .*\r\n", end)
    assert end.endswith("saved a-lighthouse-1.png  64 x 64 PNG, 1 kB\r\n") or "saved a-lighthouse-1.png" in end
    assert out.count("\x1b[?25l") == out.count("\x1b[?25h"), "the cursor stays hidden"


@pytest.mark.parametrize(
    ("env", "mark"),
    [
        ({"TERM": "xterm-kitty"}, "\x1b_Ga=T,f=100"),
        ({"TERM_PROGRAM": "iTerm.app", **TRUECOLOR}, "\x1b]1337;File=inline=1"),
        ({"TERM_PROGRAM": "WezTerm", **TRUECOLOR}, "\x1b]1337;File=inline=1"),
        (TRUECOLOR, "\x1b[38;2;"),
        ({"TERM": "xterm-256color"}, "\x1b[38;5;"),
    ],
)
def test_finished_picture_is_drawn_the_best_way_there_is(start, service, env, mark):
    command = start(*slow(0), terminal=SIZE, **env)
    assert command.ended() == 0
    assert mark in last_frame(command.out)


def test_terminal_that_says_so_gets_sixel(start, service):
    command = start(*slow(0), terminal=SIZE, TERM="xterm")
    command.says(ASKED)
    command.types(b"\x1b[?62;4;22c")
    assert command.ended() == 0
    assert "\x1bP0;1;0q" in last_frame(command.out)


def test_terminal_that_does_not_answer_costs_a_moment_and_nothing_else(start, service):
    command = start(*slow(0), terminal=SIZE, TERM="xterm")
    command.says(ASKED)
    assert command.ended() == 0
    assert "▀" not in command.out
    assert "saved a-lighthouse-1.png" in command.out


def test_no_color_is_heeded(start, service):
    command = start(*slow(1), terminal=SIZE, NO_COLOR="1", **TRUECOLOR)
    assert command.ended() == 0
    assert "▀" not in command.out
    assert not re.search(r"\x1b\[[0-9;]*3[0-9][0-9;]*m", command.out)


def test_dumb_terminal_gets_plain_lines(start, service):
    command = start(*slow(0), terminal=SIZE, TERM="dumb")
    assert command.ended() == 0
    assert "\x1b" not in command.out
    assert "saved a-lighthouse-1.png" in command.out


def test_picture_can_be_left_out_or_asked_for(start, service):
    without = start(*slow(0), "--picture", "none", terminal=SIZE, **TRUECOLOR)
    assert without.ended() == 0
    assert "▀" not in without.out
    kitty = start(*slow(0), "--picture", "kitty", terminal=SIZE, **TRUECOLOR)
    assert kitty.ended() == 0
    assert "\x1b_Ga=T" in kitty.out


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (["--picture", "none"], TRUECOLOR),
        ([], {"NO_COLOR": "1", **TRUECOLOR}),
        ([], {"TERM": "xterm"}),
        ([], {"TERM": "linux"}),
    ],
)
def test_terminal_that_cannot_or_must_not_show_pictures_gets_none(start, service, arguments, env):
    command = start(*slow(0), *arguments, terminal=SIZE, **env)
    assert command.ended() == 0
    assert "saved a-lighthouse-1.png" in command.out
    for opening in ("\x1b]1337", "\x1b_G", "\x1bP", "▀"):
        assert opening not in command.out


def test_tables_are_no_wider_than_the_terminal(start, service):
    command = start("providers", terminal=(30, 80, 800, 600), **TRUECOLOR)
    assert command.ended() == 0
    assert "negativePrompt" in command.out
    assert max(map(len, command.out.splitlines())) <= 80


def test_keys_for_cancel_work_and_the_cursor_comes_back(start, service):
    command = start(*slow(60), terminal=SIZE, **TRUECOLOR)
    command.says("queue")
    command.types(b"\x03")
    assert command.ended() == 4
    assert "Canceling" in command.out
    assert "canceled after" in last_frame(command.out)
    assert command.out.count("\x1b[?25l") == command.out.count("\x1b[?25h")


def test_json_on_a_terminal_is_json_and_nothing_else(start, service):
    command = start(*slow(0), "--json", terminal=SIZE, **TRUECOLOR)
    assert command.ended() == 0
    assert "\x1b" not in command.out
    assert all(line.startswith("{") for line in command.out.splitlines())


def test_without_rich_there_are_plain_lines_and_one_hint(start, service, tmp_path):
    (tmp_path / "bare").mkdir()
    hide = "import sys\nsys.modules['rich'] = None\n"
    (tmp_path / "bare" / "sitecustomize.py").write_text(hide)
    command = start(*slow(0), terminal=SIZE, loaded_anew=True, PYTHONPATH=str(tmp_path / "bare"), **TRUECOLOR)
    assert command.ended() == 0
    assert command.out.count("pip install 'safelight[cli]'") == 1
    assert "succeeded after" in command.out
    assert "▀" in command.out


def test_what_providers_say_cannot_move_the_cursor(start, service):
    script = '[{"do": "progress", "fraction": 0.5, "text": "painting", "spice": "control"}, {"do": "wait", "seconds": 1}, {"do": "output"}]'
    command = start(*RUN, "--option", f"script={script}", terminal=SIZE, **TRUECOLOR)
    assert command.ended() == 0
    assert "painting" in command.out
    assert "\x07" not in command.out


@pytest.mark.parametrize("arguments", [[], ["generate"], ["doctor"], ["list"]])
def test_help_imports_neither_client_nor_rich(arguments):
    program = (
        "import sys; from safelight.cli import main\n"
        f"try: main({[*arguments, '--help']!r})\n"
        "except SystemExit: print('|'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert not set(done.stdout.splitlines()[-1].split("|")) & {"aiohttp", "rich", "asyncio", "PIL", "attrs", "structlog"}
