"""Charts and the page: made from results alone, and whole whatever stands in them."""

import json
import re
from xml.etree import ElementTree as ET

import pytest

from bench.measuring.sheet import Sheet, as_plain
from bench.measuring.spread import Spread
from bench.places import CHARTS, PAGE, all_results, read_results
from bench.reporting import charts, page
from bench.reporting.svg import Bar, Group, chart
from bench.reporting.words import number
from bench.rows import ROWS
from bench.running import is_met, keep

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*values, own=False):
    bars = [Bar(label=f"bar <{n}>", spread=Spread(value / 2, value, value * 2), is_own=own) for n, value in enumerate(values)]
    return ET.fromstring(chart('a & "b"', "µs", [Group(case="a case", bars=bars)]))


def test_bars_are_as_long_as_their_values_and_the_longest_whisker_fits():
    picture = drawn(10.0, 5.0)
    long, short = picture.iter(f"{SVG}rect")
    assert float(long.get("width")) == pytest.approx(2 * float(short.get("width")), abs=0.2)
    ends = [float(end) for path in picture.iter(f"{SVG}path") for end in re.findall(r"H([\d.]+)", path.get("d"))]
    assert max(ends) < int(picture.get("width")) - 40


def test_what_is_said_is_escaped_and_said_to_those_who_do_not_see_it():
    picture = drawn(10.0)
    assert picture.find(f"{SVG}title").text == 'a & "b"'
    assert "bar <0>, a case: 10" in picture.find(f"{SVG}desc").text
    assert {text.text for text in picture.iter(f"{SVG}text")} >= {'a & "b"', "a case", "bar <0>", "10"}


def test_own_bar_stands_out_on_light_and_on_dark_ground():
    assert drawn(1.0, own=True).find(f"{SVG}rect").get("class") == "bar own"
    assert drawn(1.0).find(f"{SVG}rect").get("class") == "bar"
    assert "prefers-color-scheme: dark" in drawn(1.0).find(f"{SVG}style").text


def test_chart_of_nothing_but_zeros_is_a_chart():
    assert float(drawn(0.0).find(f"{SVG}rect").get("width")) == 0.0


@pytest.mark.parametrize(
    ("value", "said"), [(12345.6, "12,346"), (123.4, "123"), (12.34, "12.3"), (1.234, "1.23"), (0.0, "0"), (7.0, "7")]
)
def test_numbers_have_three_digits_that_count_or_are_whole(value, said):
    assert number(value) == said


def results_of(*, met=True, error=None, is_quick=False, row="fanout"):
    sheet = Sheet()
    sheet.note(ROWS[row].unit, "1,000 viewers", "safelight", 9.0)
    sheet.note(ROWS[row].unit, "1,000 viewers", "nchan", 10.0 if met else 9.1)
    sheet.compare("at most 0.95 × Nchan", ROWS[row].unit, "1,000 viewers", "nchan", 0.95)
    rows = {row: as_plain(sheet) | {"error": error, "seconds": 1.0}}
    facts = {"when": "now", "rounds": 3, "load_average": 0.1, "machine": {"processor": "slow"}, "is_quick": is_quick}
    return json.loads(json.dumps({**facts, "rows": rows}))


def test_run_is_good_when_every_row_was_measured_and_every_goal_met():
    assert is_met(results_of())
    assert not is_met(results_of(met=False))
    assert not is_met(results_of(error="a server did not start"))
    assert is_met(results_of(met=False, is_quick=True))
    assert not is_met(results_of(error="a server did not start", is_quick=True))
    untried = results_of()
    untried["rows"]["fanout"]["untried"] = ["nchan was not at hand"]
    assert not is_met(untried)


def test_rows_measured_later_are_added_to_the_file_and_replace_themselves(tmp_path):
    file = tmp_path / "results" / "today.json"
    keep(results_of(row="storm"), file)
    keep(results_of(met=False), file)
    kept = keep(results_of(met=True), file)
    assert kept == read_results(file)
    assert list(kept["rows"]) == ["fanout", "storm"]
    assert is_met(kept)


def test_page_says_of_every_goal_whether_it_was_met():
    good, bad = results_of(), results_of(met=False)
    assert "| at most 0.95 × Nchan | met: 1,000 viewers: 0.90 ×, wanted ≤ 0.95 | 1 of 2 |" in page.page([bad, good])
    assert "| µs of CPU per delivery | 1,000 viewers |\n|---|---|\n| Safelight | 9 |\n| Nchan | 10 |" in page.page([good])
    assert "| MISSED: 1,000 viewers: 0.99" in page.page([good, bad])
    assert "NOT MEASURED" in page.page([good, results_of(error="a server did not start")])


def test_charts_are_drawn_for_each_row(tmp_path):
    charts.draw(results_of(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["fanout.svg"]
    ET.fromstring((tmp_path / "fanout.svg").read_text())


def test_page_and_charts_are_those_of_the_newest_results():
    runs = all_results()
    assert PAGE.read_text(encoding="utf-8") == page.page(runs), "run `python3 dev.py bench --draw`"
    for name, said in runs[-1]["rows"].items():
        if said["figures"]:
            assert (CHARTS / f"{name}.svg").read_text(encoding="utf-8") == charts.drawn(name, said["figures"]), name
