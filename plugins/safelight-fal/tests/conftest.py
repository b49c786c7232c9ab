"""fal's queue on loopback as a test scripts it, and providers opened on it as core opens them."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from safelight.egress import open_session
from safelight.intake import admit
from safelight.ports import SystemClock
from safelight.providers import Request, Resources
from safelight.structuring import structure
from safelight_fal.provider import Fal
from safelight_fal.testing import ENDPOINT, KEY, FakeFal


@pytest.fixture
async def fake():
    async with FakeFal() as upstream:
        yield upstream


@pytest.fixture
def settings(fake):
    """What is said of an endpoint of the fake's, beside what a test says."""
    return lambda **more: {
        "endpoint": ENDPOINT,
        "key": KEY,
        "url": fake.url,
        "jwks_url": f"{fake.url}/.well-known/jwks.json",
        "poll_seconds": 0.1,
        **more,
    }


@pytest.fixture
def open_fal(settings, tmp_path):
    """`async with open_fal(**settings) as provider`; opened twice it finds the same folder."""

    @asynccontextmanager
    async def opened(*, webhooks=None, **more):
        tasks = []
        async with open_session(private_network=True) as session:
            resources = Resources(
                instance="fal",
                session=session,
                clock=SystemClock(),
                spawn=lambda work, *, name: tasks.append(asyncio.create_task(work, name=name)),
                folder=tmp_path,
                webhooks=webhooks,
            )
            async with Fal(structure(settings(**more), Fal.Settings), resources) as provider:
                try:
                    yield provider
                finally:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)

    return opened


def _asked(provider, *, prompt="a lighthouse", model=None, params=None, options=None):
    raw = Request(prompt=prompt, model=model, params=params or {}, options=options or {})
    return admit(raw, provider.terms)


@pytest.fixture
def ask():
    """A request as it is admitted under a provider's terms."""
    return _asked


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
            if any(type(update).__name__ in {"Succeeded", "Failed", "Canceled"} for update in said[-1]):
                return said
        raise AssertionError(f"no end in {said}")

    return poll
