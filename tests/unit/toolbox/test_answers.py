from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from safelight.providers.toolbox import retry_after

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("Thu, 01 Jan 2026 12:00:30 -0000", 30.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_when_to_come_back_is_a_count_or_a_date_or_nonsense(said, seconds):
    assert retry_after({"Retry-After": said}, NOW) == seconds


def test_a_date_is_read_by_the_clock_of_whoever_says_it():
    theirs = NOW + timedelta(days=1)
    headers = {
        "Retry-After": format_datetime(theirs + timedelta(seconds=9), usegmt=True),
        "Date": format_datetime(theirs, usegmt=True),
    }
    assert retry_after(headers, NOW) == 9.0


@pytest.mark.parametrize(
    ("prose", "seconds"),
    [
        ("Your rate limit resets in ~30s.", 30.0),
        ("Please try again in 2 minutes", 120.0),
        ("Retry after 250 ms", 0.25),
        ("wait for 1 hour", 3600.0),
        ("in 3 steps", None),
        ("You may make 5 requests.", None),
    ],
)
def test_prose_says_it_too(prose, seconds):
    assert retry_after({}, NOW, prose=prose) == seconds
    assert retry_after({"Retry-After": "4"}, NOW, prose=prose) == 4.0
