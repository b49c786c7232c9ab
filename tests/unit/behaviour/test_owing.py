from datetime import UTC, datetime
from itertools import pairwise

import attrs
import pytest

from safelight.generation import Occasion, Webhook
from safelight.runner import owing
from safelight.status import Outcome, Output, Phase, State, Status
from safelight.versions import Version

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ID = "0" * 32
URL = "https://app.example/told"
PICTURE = Output(url="/o/1", type="image/png", bytes=1, sha256="ab")
STARTED = Status(
    generation=ID, provider="lighthouse", version=Version(1, 1), state=State.STARTED, phase=Phase.WAITING, created_at=NOON
)
PROCESSING = attrs.evolve(STARTED, version=Version(1, 2), state=State.PROCESSING, phase=Phase.RUNNING)
PROGRESSED = attrs.evolve(PROCESSING, version=Version(1, 3), progress=50)
PAINTED = attrs.evolve(PROGRESSED, version=Version(1, 4), outputs=(PICTURE,))
ENDED = attrs.evolve(
    PAINTED, version=Version(1, 5), state=State.SUCCEEDED, phase=Phase.FINISHED, outcome=Outcome.SUCCEEDED, progress=100
)
STORY = [STARTED, PROCESSING, PROGRESSED, PAINTED, ENDED]


def told_of(*events):
    webhook = Webhook(url=URL, events=tuple(map(Occasion, events)))
    owed = [owing(webhook, before, status, NOON) for before, status in pairwise(STORY)]
    return [delivery.version.seq for delivery in owed if delivery is not None]


@pytest.mark.parametrize(
    ("events", "seqs"),
    [
        (["ended"], [5]),
        (["processing"], [2]),
        (["output"], [4]),
        (["output", "ended"], [4, 5]),
        (["processing", "output", "ended"], [2, 4, 5]),
    ],
)
def test_a_webhook_is_told_of_what_it_asked_for_and_never_of_progress_alone(events, seqs):
    assert told_of(*events) == seqs


def test_unless_said_it_is_the_end():
    assert Webhook(url=URL).events == (Occasion.ENDED,)


def test_a_delivery_says_which_status_and_is_due_at_once():
    delivery = owing(Webhook(url=URL), PAINTED, ENDED, NOON)
    assert (delivery.generation, delivery.version, delivery.due_at, delivery.tries) == (ID, Version(1, 5), NOON, 0)
    assert delivery.id == f"{ID}_1-5"


def test_an_output_that_comes_with_the_end_is_one_delivery():
    end = attrs.evolve(ENDED, outputs=(PICTURE, PICTURE))
    assert owing(Webhook(url=URL, events=(Occasion.OUTPUT, Occasion.ENDED)), PAINTED, end, NOON) is not None


def test_without_a_webhook_nothing_is_owed():
    assert owing(None, PAINTED, ENDED, NOON) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "app.example/told",
        "ftp://app.example",
        "http://",
        "http://app.example:0/",
        "https://a b.example",
        "http://[::1",
        "https://u:p@app.example/",
        "https://app.example/" + "x" * 2000,
        "https://app.example/\n",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError, match=r"must|at most|<="):
        Webhook(url=url)


@pytest.mark.parametrize("events", [(), (Occasion.ENDED,) * 4])
def test_events_are_one_to_all(events):
    with pytest.raises(ValueError, match="events"):
        Webhook(url=URL, events=events)
