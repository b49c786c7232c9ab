"""Credentials that would fail every call are refused with the settings, by name and without being shown."""

import pytest

from safelight.errors import InvalidInput
from safelight.structuring import structure
from safelight_cog.settings import Settings as Cog
from safelight_fal.settings import Settings as Fal
from safelight_replicate.settings import Settings as Replicate

PLACES = [
    (Cog, "token", {"url": "http://gpu-1.example.org:5000"}),
    (Cog, "webhook_token", {"url": "http://gpu-1.example.org:5000"}),
    (Fal, "key", {"endpoint": "acme/lighthouse"}),
    (Replicate, "token", {"model": "acme/lighthouse"}),
]
UNSENDABLE = "must be one line of printable ASCII, with no space before or behind it"


@pytest.mark.parametrize(("settings", "name", "more"), PLACES)
@pytest.mark.parametrize(
    ("credential", "sentence"),
    [
        ("", "must not be empty"),
        ("   ", UNSENDABLE),
        ("hush-hush\n", UNSENDABLE),
        (" hush-hush", UNSENDABLE),
        ("hush\r\nX-Admin: yes", UNSENDABLE),
        ("“hush-hush”", UNSENDABLE),
    ],
)
def test_a_credential_that_no_call_can_carry_is_refused_before_there_is_one(settings, name, more, credential, sentence):
    with pytest.raises(InvalidInput) as raised:
        structure({name: credential, **more}, settings)
    assert [(fault.path, fault.message) for fault in raised.value.faults] == [(name, sentence)]


@pytest.mark.parametrize(("settings", "name", "more"), PLACES)
@pytest.mark.parametrize("credential", ["x", "hush-hush", "Key id:secret =+/"])
def test_a_credential_that_a_header_can_hold_is_taken_as_it_is(settings, name, more, credential):
    assert getattr(structure({name: credential, **more}, settings), name).reveal() == credential
