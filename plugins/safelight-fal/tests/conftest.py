"""fal's queue on loopback as a test scripts it, providers opened on it as core opens them, and the whole service around one."""

import pytest

from safelight.providers import Canceled, Failed, Succeeded
from safelight.testing import admitted, open_provider, open_service
from safelight_fal.provider import Fal
from safelight_fal.testing import ENDPOINT, KEY, FakeFal


@pytest.fixture
async def fake():
    async with FakeFal() as upstream:
        yield upstream


@pytest.fixture
def said(fake):
    """What an operator says to use the fake."""
    return {"endpoint": ENDPOINT, "key": KEY, "url": fake.url, "jwks_url": f"{fake.url}/.well-known/jwks.json"}


@pytest.fixture
def open_fal(said, tmp_path):
    """`async with open_fal(**settings) as provider`; opened twice it finds the same folder."""
    return lambda *, webhooks=None, **settings: open_provider(Fal, tmp_path, {**said, **settings}, webhooks=webhooks)


@pytest.fixture
def ask():
    """A request as it is admitted under a provider's terms."""
    return admitted


@pytest.fixture
def handed_in(ask):
    """A job that was handed in."""

    async def submit(provider, **request):
        return await provider.submit(ask(provider, **request), "0" * 32)

    return submit


@pytest.fixture
def heard():
    """Everything a provider says of a job over its stream."""

    async def listen(provider, job):
        return [update async for update in provider.watch(job)]

    return listen


@pytest.fixture
def polled():
    """Everything a provider says of a job, poll by poll, until it has ended."""

    async def poll(provider, job, *, most=20):
        said = []
        for _ in range(most):
            said.append(await provider.poll(job))
            if any(isinstance(update, Succeeded | Failed | Canceled) for update in said[-1]):
                return said
        raise AssertionError(f"no end in {said}")

    return poll


@pytest.fixture
def serve(said, tmp_path):
    """`async with serve(**settings) as service`; `deadlines`, `outputs` and `instance` are the service's own."""

    def serving(*, deadlines=None, outputs=None, instance=None, **settings):
        settings = {**said, "poll_seconds": 0.1, "lost_seconds": 0.2, **settings}
        return open_service(Fal, tmp_path / "data", settings, deadlines=deadlines, outputs=outputs, instance=instance)

    return serving
