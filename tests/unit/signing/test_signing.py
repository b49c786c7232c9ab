"""Our signatures, read by the package that the scheme's authors publish."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from safelight.redaction import Secret
from safelight.signing import key_of, signed

OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
NEW = "whsec_" + base64.b64encode(bytes(range(64))).decode()
BODY = '{"status":"succeeded","message":"½"}'.encode()


def sign(*secrets, at=None):
    keys = [key_of(Secret(secret)) for secret in secrets]
    return dict(signed(BODY, message_id="0a_1-2", at=at or datetime.now(UTC), keys=keys))


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_the_published_verifier_takes_it(secret):
    assert Webhook(secret).verify(BODY, sign(secret)) == {"status": "succeeded", "message": "½"}


def test_while_a_key_is_changed_both_are_good():
    headers = sign(OLD, NEW)
    assert Webhook(OLD).verify(BODY, headers)
    assert Webhook(NEW).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY, sign(OLD))


@pytest.mark.parametrize("part", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_nothing_of_it_can_be_changed(part):
    headers = sign(OLD)
    headers[part] = {"webhook-id": "0a_1-3", "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}.get(part, "v1,xxxx")
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(BODY + b" ", sign(OLD))


def test_an_old_one_is_not_taken():
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(BODY, sign(OLD, at=datetime.now(UTC) - timedelta(minutes=6)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "abc",
        OLD.removeprefix("whsec_"),
        "whsec_äöü",
        "whsec_" + "A" * 20,
        OLD + "!",
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
    ],
)
def test_what_is_no_key_is_refused_without_being_quoted(text):
    with pytest.raises(ValueError, match="24 to 64 random bytes") as refused:
        key_of(Secret(text))
    assert len(text) < 10 or text not in str(refused.value)
