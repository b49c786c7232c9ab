"""A webhook wakes a look only if Replicate signed it, for this account and lately."""

import pytest

from safelight.providers import ProviderError, WebhookRefused
from safelight.testing import Answers

KEY = "0123456789abcdef0123456789abcdef"
SECRET = "GET /v1/webhooks/default/secret"
NEW_KEY = "whsec_bmV3IGtleSBhZnRlciBhIHJvdGF0aW9u"


@pytest.fixture
async def replicate(fake, open_replicate, ask):
    async with open_replicate() as provider:
        await provider.submit(ask(provider), KEY)
        yield provider


def message(fake, **facts):
    return fake.signed(fake.last()["id"], **facts)


async def test_a_genuine_message_passes_and_the_key_is_asked_for_once(fake, replicate):
    for _ in range(3):
        await replicate.webhook(*message(fake))
    assert len(fake.calls(SECRET)) == 1


async def test_one_of_several_signatures_is_enough(fake, replicate):
    raw, headers = message(fake)
    ours = headers["webhook-signature"]
    await replicate.webhook(raw, {**headers, "webhook-signature": f"v1,AAAA v2,x garbage {ours}"})


@pytest.mark.parametrize("ago", [299, -299])
async def test_a_message_may_be_five_minutes_off(fake, replicate, ago):
    await replicate.webhook(*message(fake, ago_seconds=ago))


@pytest.mark.parametrize("ago", [310, -310])
async def test_a_message_of_another_time_is_refused(fake, replicate, ago):
    with pytest.raises(WebhookRefused):
        await replicate.webhook(*message(fake, ago_seconds=ago))


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "other"},
        {"webhook-id": ""},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "9" * 30},
        {"webhook-timestamp": ""},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,ü"},
        {"webhook-signature": "v1," + "A" * 44},
    ],
)
async def test_a_forged_head_is_refused(fake, replicate, change):
    raw, headers = message(fake)
    with pytest.raises(WebhookRefused):
        await replicate.webhook(raw, {**headers, **change})


async def test_a_signature_under_another_scheme_is_refused(fake, replicate):
    raw, headers = message(fake)
    with pytest.raises(WebhookRefused):
        await replicate.webhook(raw, {**headers, "webhook-signature": headers["webhook-signature"].replace("v1,", "v2,")})


async def test_a_forged_body_is_refused(fake, replicate):
    raw, headers = message(fake)
    with pytest.raises(WebhookRefused):
        await replicate.webhook(raw.replace(b"starting", b"succeede"), headers)
    with pytest.raises(WebhookRefused):
        await replicate.webhook(raw, {})


async def test_a_key_that_was_changed_is_asked_for_again_but_not_for_every_forgery(fake, replicate):
    await replicate.webhook(*message(fake))
    fake.signing_key = NEW_KEY
    with pytest.raises(WebhookRefused):
        await replicate.webhook(*message(fake))  # asked for a moment ago
    replicate._seals._fetched_at -= 61
    await replicate.webhook(*message(fake))
    for _ in range(3):
        with pytest.raises(WebhookRefused):
            await replicate.webhook(*message(fake, key="whsec_AAAA"))
    assert len(fake.calls(SECRET)) == 2


@pytest.mark.parametrize("answer", [Answers(500), Answers(404), Answers(200, {"key": "whsec_%%"}), Answers(200, {})])
async def test_without_a_key_nothing_is_taken_for_genuine(fake, replicate, answer):
    fake.weather(answer, on=SECRET, times=1)
    with pytest.raises(ProviderError) as refused:
        await replicate.webhook(*message(fake))
    assert not isinstance(refused.value, WebhookRefused), "the upstream may try again"
    await replicate.webhook(*message(fake))
