"""Which webhooks are fal's own."""

import asyncio

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safelight.providers import ProviderUnavailable, WebhookRefused
from safelight.testing import Answers, Resets

KEYS = "GET /.well-known/jwks.json"


@pytest.fixture
async def signed(fake, open_fal, handed_in):
    """A provider, and how its messages are signed."""
    async with open_fal() as fal:
        await handed_in(fal)
        yield fal, lambda **how: fake.signed(fake.last(), **how)


async def test_a_message_by_any_of_the_keys_is_genuine_and_the_keys_are_fetched_once(fake, signed):
    fal, sign = signed
    fake.signing.append(Ed25519PrivateKey.generate())
    for key in fake.signing:
        await fal.webhook(*sign(key=key))
    assert len(fake.calls(KEYS)) == 1
    assert "Authorization" not in fake.calls(KEYS)[0].headers


@pytest.mark.parametrize("ago", [-299, 0, 299])
async def test_a_message_may_be_as_old_as_clocks_differ(signed, ago):
    fal, sign = signed
    await fal.webhook(*sign(ago_seconds=ago))


@pytest.mark.parametrize("ago", [-400, 400, 86_400])
async def test_a_message_that_is_older_is_refused(fake, signed, ago):
    fal, sign = signed
    with pytest.raises(WebhookRefused, match="300 s old"):
        await fal.webhook(*sign(ago_seconds=ago))
    assert fake.calls(KEYS) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda raw, headers: (raw + b" ", headers),
        lambda raw, headers: (raw, headers | {"X-Fal-Webhook-Request-Id": "other"}),
        lambda raw, headers: (raw, headers | {"X-Fal-Webhook-User-Id": "other"}),
        lambda raw, headers: (raw, headers | {"X-Fal-Webhook-Timestamp": str(int(headers["X-Fal-Webhook-Timestamp"]) + 1)}),
        lambda raw, headers: (raw, headers | {"X-Fal-Webhook-Signature": "00" * 64}),
        lambda raw, headers: (raw, headers | {"X-Fal-Webhook-Signature": "00"}),
        lambda raw, headers: (raw, headers | {"X-Fal-Webhook-Signature": "no hex"}),
        lambda raw, headers: (raw, headers | {"X-Fal-Webhook-Timestamp": "soon"}),
        lambda raw, headers: (raw, headers | {"X-Fal-Webhook-Timestamp": "9" * 400}),
        lambda raw, headers: (raw, {name: value for name, value in headers.items() if not name.endswith("Signature")}),
        lambda raw, headers: (raw, {}),
    ],
)
async def test_a_message_that_was_changed_is_refused(signed, change):
    fal, sign = signed
    with pytest.raises(WebhookRefused):
        await fal.webhook(*change(*sign()))


async def test_a_forged_message_has_the_keys_fetched_again_but_not_each_time(fake, signed):
    fal, sign = signed
    forged = sign(key=Ed25519PrivateKey.generate())
    for _ in range(3):
        with pytest.raises(WebhookRefused, match="none of the queue's"):
            await fal.webhook(*forged)
    assert len(fake.calls(KEYS)) == 1
    fal._seals._fetched_at -= 61
    for _ in range(3):
        with pytest.raises(WebhookRefused):
            await fal.webhook(*forged)
    assert len(fake.calls(KEYS)) == 2


async def test_a_key_that_is_new_is_found(fake, signed):
    fal, sign = signed
    await fal.webhook(*sign())
    fake.signing = [Ed25519PrivateKey.generate()]
    fal._seals._fetched_at -= 61
    await fal.webhook(*sign())
    assert len(fake.calls(KEYS)) == 2


async def test_a_key_that_was_withdrawn_is_good_for_a_day_at_most(fake, signed):
    fal, sign = signed
    old = sign()
    await fal.webhook(*old)
    fake.signing = [Ed25519PrivateKey.generate()]
    fal._seals._fetched_at -= 86_401
    with pytest.raises(WebhookRefused):
        await fal.webhook(*old)


async def test_messages_that_come_together_have_the_keys_fetched_once(fake, signed):
    fal, sign = signed
    await asyncio.gather(*(fal.webhook(*sign()) for _ in range(5)))
    assert len(fake.calls(KEYS)) == 1


@pytest.mark.parametrize(
    "weather",
    [Answers(500), Answers(200, "<html>"), Answers(200, {"keys": 7}), Answers(302, headers={"Location": "/"}), Resets()],
)
async def test_while_the_keys_cannot_be_had_nobody_can_tell(fake, signed, weather):
    fal, sign = signed
    fake.weather(weather, on=KEYS)
    with pytest.raises(ProviderUnavailable):
        await fal.webhook(*sign())
    fake.clear()
    await fal.webhook(*sign())


@pytest.mark.parametrize("key", [7, {}, {"kty": "OKP", "crv": "Ed25519"}, {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}])
async def test_a_key_that_cannot_be_read_is_none(fake, signed, key):
    fal, sign = signed
    fake.weather(Answers(200, {"keys": [key]}), on=KEYS)
    with pytest.raises(WebhookRefused):
        await fal.webhook(*sign())
