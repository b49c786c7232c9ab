"""What is learned from an upstream's answers about how much it takes."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from safelight.rates import Budget

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.looptime


def heard(status, **headers):
    budget = Budget("box")
    budget.heard(status, {name.replace("_", "-"): value for name, value in headers.items()}, NOON)
    return budget.wait_seconds()


async def test_with_nothing_known_everything_is_taken():
    assert heard(200) == 0.0
    assert heard(503) == 0.0


@pytest.mark.parametrize("said", ["30", format_datetime(NOON + timedelta(seconds=30), usegmt=True)])
async def test_a_refusal_says_for_how_long(said):
    assert heard(429, Retry_After=said) == pytest.approx(30)


async def test_refusals_that_say_nothing_close_for_longer_each_time():
    budget, waits = Budget("box"), []
    for _ in range(3):
        budget.heard(429, {}, NOON)
        waits.append(budget.wait_seconds())
        await asyncio.sleep(waits[-1])
    assert waits == pytest.approx([1, 2, 4])
    budget.heard(200, {}, NOON)
    budget.heard(429, {}, NOON)
    assert budget.wait_seconds() == pytest.approx(1)


async def test_refusals_that_only_a_plugin_hears_close_as_those_that_are_heard_here():
    budget, waits = Budget("box"), []
    for _ in range(3):
        budget.refused(None)
        budget.refused(None)  # another of the same moment
        waits.append(budget.wait_seconds())
        await asyncio.sleep(waits[-1])
    budget.took()
    budget.refused(None)
    assert [*waits, budget.wait_seconds()] == pytest.approx([1, 2, 4, 1])


async def test_a_refusal_that_is_heard_and_told_counts_once():
    budget = Budget("box")
    budget.heard(429, {}, NOON)
    budget.refused(None)
    assert budget.wait_seconds() == pytest.approx(1)
    await asyncio.sleep(1)
    budget.heard(429, {}, NOON)
    assert budget.wait_seconds() == pytest.approx(2)


async def test_an_upstream_that_wants_a_week_is_asked_again_within_the_hour():
    assert heard(429, Retry_After="604800") <= 3600


@pytest.mark.parametrize(
    "headers",
    [
        {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "45"},
        {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "45"},
        {"RateLimit_Remaining": "0", "RateLimit_Reset": "45"},
        {"RateLimit": "limit=100, remaining=0, reset=45"},
        {"RateLimit": '"default";r=0;t=45'},
        {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": str(int(NOON.timestamp()) + 45)},
    ],
)
async def test_limit_headers_close_before_anything_is_refused(headers):
    assert heard(200, **headers) == pytest.approx(45)


@pytest.mark.parametrize(
    "headers",
    [
        {"X_RateLimit_Remaining": "0"},
        {"X_RateLimit_Remaining": "lots", "X_RateLimit_Reset": "soon"},
        {"X_RateLimit_Remaining": "nan", "X_RateLimit_Reset": "inf"},
        {"X_RateLimit_Remaining": "-1", "X_RateLimit_Reset": "9"},
        {"X_RateLimit_Remaining": "5", "X_RateLimit_Reset": "9"},
        {"RateLimit": "what?"},
    ],
)
async def test_what_cannot_be_read_closes_nothing(headers):
    assert heard(200, **headers) == 0.0
