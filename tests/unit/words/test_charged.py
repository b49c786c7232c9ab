from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.records import AttemptRecord, Durability, Step, charged
from safelight.status import Charged

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def step(step=Step.INTENT, n=1, durability=Durability.REMOTE, **facts):
    return AttemptRecord(n=n, step=step, at=NOON, provider="lighthouse", durability=durability, key="0" * 32, **facts)


def submission(result=None, n=1, durability=Durability.REMOTE, charged=None):
    steps = [step(n=n, durability=durability)]
    if result is not None:
        steps.append(step(Step.OUTCOME, n=n, durability=durability, result=result, charged=charged))
    return steps


def test_nothing_submitted_is_nothing_charged():
    assert charged([]) is Charged.NO


@pytest.mark.parametrize("durability", [Durability.REMOTE, Durability.CONNECTION])
@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (None, Charged.UNKNOWN),
        ("not_sent", Charged.NO),
        ("rejected", Charged.NO),
        ("unknown", Charged.UNKNOWN),
        ("succeeded", Charged.UNKNOWN),
        ("failed", Charged.UNKNOWN),
        ("canceled", Charged.UNKNOWN),
        ("interrupted", Charged.UNKNOWN),
    ],
)
def test_what_may_have_reached_an_upstream_is_unknown_unless_it_was_refused_or_never_sent(durability, result, expected):
    assert charged(submission(result, durability=durability)) is expected


@pytest.mark.parametrize("result", [None, "unknown", "succeeded", "failed", "interrupted"])
def test_work_inside_this_process_costs_nothing(result):
    assert charged(submission(result, durability=Durability.PROCESS)) is Charged.NO


@given(st.sampled_from(Charged), st.sampled_from(Durability), st.sampled_from(["rejected", "succeeded", "unknown"]))
def test_the_provider_has_the_last_word_about_its_own_attempt(said, durability, result):
    assert charged(submission(result, durability=durability, charged=said)) is said


def test_one_attempt_that_cost_money_makes_the_whole_cost_money():
    assert charged([*submission("failed", charged=Charged.YES), *submission("rejected", n=2)]) is Charged.YES
    assert charged([*submission("unknown"), *submission("succeeded", n=2, charged=Charged.YES)]) is Charged.YES


def test_one_doubtful_attempt_makes_the_whole_doubtful():
    assert charged([*submission("unknown"), *submission("not_sent", n=2)]) is Charged.UNKNOWN
