"""One forecast: absent where nothing is known, narrower as the end comes near, longer for who stands in a queue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.estimates import Durations, Live, Wait, forecast

LENGTHS = st.lists(st.floats(0.1, 10_000), min_size=3, max_size=150)


def learned(*seconds):
    durations = Durations()
    for took in seconds:
        durations.learn(took)
    return durations


def test_nothing_is_said_before_the_third_run():
    assert forecast(learned(5.0, 5.0), Live()) is None
    assert forecast(learned(5.0, 5.0, 5.0), Live()).samples == 3


def test_nothing_is_said_once_it_takes_longer_than_any_before():
    assert forecast(learned(5.0, 6.0, 7.0), Live(elapsed=7.0)) is None


def test_what_is_over_by_now_no_longer_counts():
    bimodal = learned(*[5.0] * 20, *[60.0] * 4)
    assert forecast(bimodal, Live()).p50 == 5.0
    assert forecast(bimodal, Live(elapsed=10.0)).p50 == 50.0


def test_newer_runs_count_more():
    assert forecast(learned(*[30.0] * 60, *[3.0] * 40), Live()).p50 == 3.0


def test_progress_draws_the_forecast_to_where_it_points():
    eta = forecast(learned(8.0, 10.0, 12.0), Live(elapsed=9.0, fraction=0.9))
    assert eta.p50 == pytest.approx(1.0, abs=0.2)
    assert eta.p90 - eta.p50 < 0.5


def test_progress_makes_up_for_a_run_that_is_slower_than_usual():
    usual = learned(8.0, 10.0, 12.0)
    assert forecast(usual, Live(elapsed=9.0, fraction=0.5)).p50 > forecast(usual, Live(elapsed=5.0, fraction=0.5)).p50


def test_a_queue_adds_the_runs_ahead_shared_among_the_slots():
    runs = learned(*[10.0] * 10)
    eta = forecast(runs, Live(), Wait(ahead=4, at_once=2, seconds=runs))
    assert (eta.p50, eta.basis) == (30.0, "queue")


def test_nothing_is_said_of_a_queue_nobody_has_timed():
    assert forecast(learned(1.0, 2.0, 3.0), Live(), Wait(ahead=1, at_once=1, seconds=Durations())) is None


@given(LENGTHS, st.floats(0, 20_000), st.none() | st.floats(0, 1))
def test_an_interval_is_never_negative_and_never_upside_down(lengths, elapsed, fraction):
    eta = forecast(learned(*lengths), Live(elapsed=elapsed, fraction=fraction))
    assert eta is None or 0 <= eta.p50 <= eta.p90


@given(st.lists(st.floats(0, 10_000), max_size=300))
def test_what_is_kept_is_what_was_learned(lengths):
    durations = learned(*lengths)
    back = Durations.load(durations.dump())
    assert back.seconds == [round(took, 3) for took in durations.seconds]
    assert back.level == round(durations.level, 4)


@pytest.mark.parametrize("kept", [[], [2.0, 1.0], [0.9, -1.0], [0.9, float("inf")], ["x"]])
def test_what_is_no_history_is_refused(kept):
    with pytest.raises((ValueError, TypeError)):
        Durations.load(kept)
