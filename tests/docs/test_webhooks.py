"""The page on webhooks: its verifier takes what the service sends, and its words are those of the code."""

import base64
import json
import re
import tomllib
from datetime import UTC, datetime

import pytest

from safelight import courier
from safelight.config.load import load
from safelight.generation import Draft, Occasion
from safelight.signing import key_of, signed
from safelight.structuring import structure

BODY = b'{"status":"succeeded"}'


@pytest.fixture
def page(document):
    return document("docs/how-to/receive-webhooks.md")


@pytest.fixture
def key(page, tmp_path):
    """The key of the page, as the service reads it."""
    file = tmp_path / "config.toml"
    file.write_text(page.block("toml"), encoding="utf-8")
    (key,) = load(file, environ={}).webhooks.signing_keys
    assert tomllib.loads(page.block("toml"))["webhooks"]["signing_keys"] == [key.reveal()]
    return key


@pytest.fixture
def verify(page):
    names = {}
    exec(page.block("python"), names)
    return names["verify"]


def test_its_verifier_takes_what_is_ours(verify, key):
    headers = signed(BODY, message_id="0a_1-2", at=datetime.now(UTC), keys=[b"o" * 32, key_of(key)])
    verify(BODY, headers, key.reveal())


@pytest.mark.parametrize("fault", ["body", "key", "age"])
def test_its_verifier_takes_nothing_else(verify, key, fault):
    headers = signed(BODY, message_id="0a_1-2", at=datetime.now(UTC), keys=[key_of(key)])
    body = BODY + b" " if fault == "body" else BODY
    other = "whsec_" + base64.b64encode(b"o" * 32).decode()
    later = {"now": lambda: datetime.now(UTC).timestamp() + 301} if fault == "age" else {}
    with pytest.raises(ValueError, match="too old" if fault == "age" else "not signed"):
        verify(body, headers, other if fault == "key" else key.reveal(), **later)


def test_its_example_is_taken_and_its_events_are_all_there_are(page):
    draft = structure(json.loads(page.block("json")), Draft, naming="camel")
    assert set(draft.webhook.events) == set(Occasion)
    assert {re.findall(r"`(\w+)`", event)[0] for event, _ in page.rows("event")} == {event.value for event in Occasion}


def test_its_pauses_are_those_of_the_courier(page):
    assert courier.PAUSES == (5, 60, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600)
    assert "after 5 s, 1, 5 and 30\n  minutes, then 2, 5 and 10 hours" in page.text


def test_its_events_of_the_log_are_in_the_code(page):
    with open(courier.__file__, encoding="utf-8") as file:  # noqa: PTH123 - a module's own file
        source = file.read()
    for event in re.findall(r"`(webhook_\w+)`", page.text):
        assert f'"{event}"' in source
