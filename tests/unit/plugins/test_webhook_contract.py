"""What an author may count on who wants to be woken by webhooks."""

import pytest

from safelight.providers import Job, RemoteProvider, Resources, Unsupported, WebhookRefused


class Deaf(RemoteProvider):
    async def submit(self, request, key):
        return Job(key)


def resources(**more):
    return Resources(instance="deaf", session=None, clock=None, spawn=None, folder=None, **more)


def test_where_nobody_can_reach_the_service_there_is_no_url():
    assert resources().webhook_url("k") is None


def test_the_url_belongs_to_the_submission():
    lent = resources(webhooks=lambda key: f"https://images.example/v1/webhooks/deaf/{key}")
    assert lent.webhook_url("k") == "https://images.example/v1/webhooks/deaf/k"


async def test_a_provider_hears_no_webhooks_unless_it_says_so():
    with pytest.raises(Unsupported, match="deaf hears no webhooks"):
        await Deaf(None, resources()).webhook(b"{}", {})


def test_a_refusal_is_the_word_for_who_is_not_let_in():
    assert WebhookRefused("No.").code == "unauthorized"
    assert not WebhookRefused("No.").retryable
