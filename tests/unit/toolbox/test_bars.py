from safelight.providers import Logged, Progressed, Steps
from safelight.providers.toolbox import Lines, told


def test_a_bar_is_progress_and_any_other_line_is_one():
    assert list(told(" 30%|###       | 9/30 [00:01<00:02, 9.00it/s]")) == [Progressed(0.3, steps=Steps(9, 30))]
    assert list(told("denoise:  50%|##  | 1/2")) == [Progressed(0.5, steps=Steps(1, 2, None, "denoise"))]
    assert list(told("hello", level="warning")) == [Logged("hello", level="warning")]
    assert list(told("  ")) == []


def test_a_bar_that_makes_no_sense_counts_steps_only():
    assert list(told("110%|###| 11/10")) == [Progressed(None, steps=Steps(11, 10))]
    assert list(told(" 50%|#| 1/2", is_measured=True)) == [Progressed(None, steps=Steps(1, 2))]


def test_what_comes_before_the_work_is_shown_in_words_and_is_no_progress():
    [update] = told("Loading pipeline components...: 100%|####| 7/7 [00:03<00:00]")
    assert update == Progressed(message="Loading pipeline components...: 7/7")


def test_lines_are_cut_where_a_bar_is_drawn_again():
    lines = Lines()
    assert list(lines.take("a\rb\r\nc")) == ["a", "b", ""]
    assert list(lines.take("d\n")) == ["cd"]
    list(lines.take("x" * 100_000))
    assert (len(lines.end()), lines.end()) == (16 * 1024, "")
