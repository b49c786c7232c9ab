import pytest

from safelight.errors import InvalidInput
from safelight.generation import Draft, Patience
from safelight.structuring import structure


@pytest.mark.parametrize(
    ("text", "left", "unseen"),
    [
        ("continue", None, None),
        ("cancel", 5.0, None),
        ("cancel_after:0", 0.0, 5.0),
        ("cancel_after:4", 4.0, 5.0),
        ("cancel_after:90", 90.0, 90.0),
        ("cancel_after:3600", 3600.0, 3600.0),
    ],
)
def test_what_becomes_of_it_when_nobody_watches_is_said_in_three_words(text, left, unseen):
    assert Patience.parse(text) == Patience(left_seconds=left, unseen_seconds=unseen)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Cancel",
        "cancel ",
        "cancel_after",
        "cancel_after:",
        "cancel_after:-1",
        "cancel_after:1.5",
        "cancel_after:3601",
        "cancel_after:99999",
        "cancel_after:٣",
        "continue:1",
        "cancel_after:1\n",
    ],
)
def test_any_other_word_is_refused_with_those_that_there_are(text):
    with pytest.raises(InvalidInput) as refused:
        structure({"prompt": "a", "onDisconnect": text}, Draft, naming="camel")
    (fault,) = refused.value.faults
    assert fault.path == "onDisconnect"
    assert fault.message.startswith("must be 'continue', 'cancel' or ")
    assert fault.message.endswith("whole seconds up to 3600")


@pytest.mark.parametrize("deadline", [0, -1, "60", True, 10**400])
def test_a_deadline_is_a_number_of_seconds_above_nothing(deadline):
    with pytest.raises(InvalidInput) as refused:
        structure({"prompt": "a", "deadline": deadline}, Draft, naming="camel")
    assert [fault.path for fault in refused.value.faults] == ["deadline"]


@pytest.mark.parametrize("deadline", [None, 0.5, 60, 1e300])
def test_a_deadline_may_be_left_out_or_far_away(deadline):
    assert structure({"prompt": "a", "deadline": deadline}, Draft, naming="camel").deadline == deadline
