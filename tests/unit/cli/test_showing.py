"""Snapshots in words, and how long it will still take."""

import pytest

from safelight.cli.failing import printable
from safelight.cli.saving import stem_of
from safelight.cli.showing.eta import Eta
from safelight.cli.showing.words import amount, conclusion, duration, phrase

TIMES = {"createdAt": "2026-01-01T00:00:00.000Z", "endedAt": "2026-01-01T00:00:02.500Z"}


@pytest.mark.parametrize(
    ("snapshot", "words"),
    [
        ({"phase": "submitting"}, "submitting"),
        ({"phase": "queued", "queue": {"position": 2, "size": 5}}, "place 3 of 5 in the queue"),
        ({"phase": "queued", "queue": {"position": 0}}, "place 1 in the queue"),
        ({"phase": "running", "message": "Denoising", "steps": {"current": 3, "total": 20}}, "Denoising, step 3/20"),
        ({"phase": "running", "cancel": "requested"}, "canceling, running"),
        ({"phase": "running", "attempt": {"n": 2, "provider": "far"}}, "running, attempt 2 at far"),
        ({"phase": "running", "message": "\x1b[2Jboo\nhoo"}, " [2Jboo hoo"),
        (
            {"message": "It is full. The next attempt follows in 2 s.", "attempt": {"n": 2, "provider": "box"}},
            "It is full. The next attempt follows in 2 s, attempt 2 at box",
        ),
        ({"message": "It is full."}, "It is full."),
    ],
)
def test_phrase_says_what_is_going_on(snapshot, words):
    assert phrase(snapshot) == words


@pytest.mark.parametrize(
    ("snapshot", "words"),
    [
        ({"status": "succeeded", "outcome": "succeeded", "charged": "yes", **TIMES}, "succeeded after 2.5 s"),
        (
            {"status": "failed", "outcome": "canceled", "error": "Canceled", "charged": "no", **TIMES},
            "canceled after 2.5 s, charged: no",
        ),
        (
            {"status": "failed", "outcome": "rejected", "error": "No.", "charged": "no", **TIMES},
            "rejected after 2.5 s: No, charged: no",
        ),
        ({"status": "failed", "error": "No."}, "failed: No."),
        (
            {"status": "succeeded", "cost": {"amount": 0.04, "currency": "USD", "estimated": True}, "degraded": ["preview"]},
            "succeeded about 0.04 USD, without preview",
        ),
    ],
)
def test_conclusion_says_how_it_ended(snapshot, words):
    assert conclusion(snapshot) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (120, "2 min"), (7260, "2 h 1 min")]
)
def test_duration_is_as_people_say_it(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(("count", "words"), [(999, "999 B"), (388_123, "388 kB"), (2_500_000, "2.5 MB")])
def test_amount_is_as_people_say_it(count, words):
    assert amount(count) == words


def test_what_the_snapshot_says_is_left_counts_down():
    eta = Eta()
    eta.hear({"phase": "queued", "eta": {"p50": 12.0}}, 100.0)
    assert [eta.left(now) for now in (100.0, 104.0, 120.0)] == [12.0, 8.0, 0.0]


def test_pace_is_extrapolated_once_there_is_enough_of_it():
    eta = Eta()
    eta.hear({"phase": "running", "progress": 10}, 100.0)
    assert eta.left(103.0) is None
    eta.hear({"phase": "running", "progress": 30}, 110.0)
    assert eta.left(110.0) == 35.0
    assert eta.left(115.0) == 30.0


def test_new_attempt_begins_its_pace_anew():
    eta = Eta()
    eta.hear({"phase": "running", "progress": 10}, 100.0)
    eta.hear({"phase": "running", "progress": 50}, 110.0)
    eta.hear({"phase": "waiting"}, 111.0)
    assert eta.left(111.0) is None


@pytest.mark.parametrize(
    ("prompt", "stem"),
    [
        ("A lighthouse, at dusk!", "a-lighthouse-at-dusk"),
        ("  Café Zoë  ", "cafe-zoe"),
        ("../../etc/passwd", "etc-passwd"),
        ("灯台", "灯台"),
        ("!!!", "picture"),
        ("x" * 200, "picture"),
        ("a lighthouse " * 20, "a-lighthouse-a-lighthouse-a-lighthouse-a"),
    ],
)
def test_prompt_becomes_a_file_name(prompt, stem):
    assert stem_of(prompt) == stem


def test_text_from_elsewhere_cannot_move_the_cursor():
    assert printable("a\x1b[2J\r\n\u202eb") == "a [2J   b"
