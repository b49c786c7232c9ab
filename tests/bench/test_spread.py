"""The arithmetic of rounds, ratios and goals."""

import pytest

from bench.measuring.sheet import Sheet, as_plain
from bench.measuring.spread import Spread, ratios


def test_spread_is_the_least_the_middle_and_the_most():
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(1.0, 2.0, 3.0)
    assert Spread.of([1.0, 4.0]).median == 2.5


def test_ratio_is_taken_within_each_round():
    assert ratios([2.0, 30.0, 4.0], [1.0, 10.0, 4.0]) == (2.0, 3.0, 1.0)


@pytest.mark.parametrize(("ours", "theirs"), [([1.0], [1.0, 2.0]), ([], []), ([1.0], [0.0])])
def test_ratio_of_rounds_that_do_not_match_is_refused(ours, theirs):
    with pytest.raises(ValueError, match=r"rounds do not match|nothing"):
        ratios(ours, theirs)


def test_nothing_has_no_spread():
    with pytest.raises(ValueError, match="needs values"):
        Spread.of([])


def sheet_of(**values):
    sheet = Sheet()
    for who, rounds in values.items():
        for value in rounds:
            sheet.note("µs", "a case", who, value)
    return sheet


@pytest.mark.parametrize(("bound", "is_met"), [(0.9, True), (0.8, True), (0.79, False)])
def test_goal_is_judged_by_the_median_of_the_ratios(bound, is_met):
    sheet = sheet_of(safelight=[8.0, 9.0, 7.0], nchan=[10.0, 10.0, 10.0])
    sheet.compare("faster", "µs", "a case", "nchan", bound)
    [verdict] = sheet.verdicts
    assert (verdict.got, verdict.is_met) == (Spread(0.7, 0.8, 0.9), is_met)


def test_goal_that_is_a_least_is_missed_from_below():
    sheet = sheet_of(safelight=[100.0])
    for bound in (99.0, 100.0, 101.0):
        sheet.judge("enough", "a case", "a second", sheet.values("µs", "a case", "safelight"), bound, is_least=True)
    assert [verdict.is_met for verdict in sheet.verdicts] == [True, True, False]


def test_goal_against_a_peer_that_is_not_there_is_told_and_not_met():
    sheet = sheet_of(safelight=[8.0])
    sheet.compare("faster", "µs", "a case", "nchan", 1.0)
    assert sheet.verdicts == []
    assert sheet.untried == ["faster, a case: nchan was not at hand"]


def test_sheet_is_kept_with_every_round():
    kept = as_plain(sheet_of(safelight=[8.0, 9.0]))
    assert kept["figures"] == [{"unit": "µs", "case": "a case", "who": "safelight", "values": (8.0, 9.0)}]
