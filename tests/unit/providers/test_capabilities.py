"""What a provider promises, in whichever way its author has written it."""

import pytest

from safelight.providers import CancelKind, Capabilities, Durability, ProgressKind


@pytest.mark.parametrize(
    ("words", "field", "meant"),
    [
        ({"durability": "remote"}, "durability", Durability.REMOTE),
        ({"progress": "steps"}, "progress", ProgressKind.STEPS),
        ({"cancel": "none"}, "cancel", CancelKind.NONE),
    ],
)
def test_a_word_is_as_good_as_its_constant(words, field, meant):
    assert getattr(Capabilities(**words), field) is meant
