"""Replicate's API on loopback, providers opened on it as core opens them, and the whole service around one."""

import pytest

from safelight.testing import admitted, open_provider, open_service
from safelight_replicate.provider import Replicate
from safelight_replicate.testing import TOKEN, FakeReplicate


@pytest.fixture
async def fake():
    async with FakeReplicate() as upstream:
        yield upstream


@pytest.fixture
def said(fake):
    """What an operator says to use the fake."""
    return {"token": TOKEN, "model": "acme/lighthouse", "base_url": fake.base_url}


@pytest.fixture
def open_replicate(said, tmp_path):
    """`async with open_replicate(**settings) as provider`; opened twice it finds the same folder."""
    return lambda *, webhooks=None, **settings: open_provider(Replicate, tmp_path, {**said, **settings}, webhooks=webhooks)


@pytest.fixture
def ask():
    """A request as it is admitted under a provider's terms."""
    return admitted


@pytest.fixture
def serve(said, tmp_path):
    """`async with serve(**settings) as service`; `deadlines`, `outputs` and `public_url` are the service's own."""

    def serving(*, deadlines=None, outputs=None, public_url="", **settings):
        settings = {**said, "poll_seconds": 0.05, **settings}
        return open_service(Replicate, tmp_path / "data", settings, deadlines=deadlines, outputs=outputs, public_url=public_url)

    return serving
