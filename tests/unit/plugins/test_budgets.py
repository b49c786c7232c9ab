"""Instances that an upstream takes for one caller share what is known of its limits; others do not."""

import contextlib

import pytest

from safelight.config.model import Instance
from safelight.egress import open_session
from safelight.keepers import open_instances
from safelight.ports import SystemClock
from safelight.testing import Answers, FakeUpstream

PAID = """
from safelight.providers import Secret

@attrs.frozen
class Settings:
    token: Secret | None = None

class Paid(LocalProvider):
    Settings = Settings

    async def generate(self, request, control):
        yield Produced(b"png")

@hookimpl
def safelight_providers():
    return [Paid]
"""


@pytest.fixture
def opening(site, tmp_path):
    """Open instances of one plugin, each with the token it is named with."""

    @contextlib.asynccontextmanager
    async def opening(**tokens):
        site.ship("paid", PAID)
        instances = {
            name: Instance(plugin="paid", private_network=True, settings={} if token is None else {"token": token})
            for name, token in tokens.items()
        }
        async with open_instances(
            instances, site.discover(), clock=SystemClock(), folder=tmp_path, open_session=open_session
        ) as opened:
            yield opened

    return opening


async def asked(instance, answer):
    """Have an instance ask an upstream that answers like this."""
    async with FakeUpstream() as fake:
        fake.weather(answer)
        async with instance.session.get(fake.url) as response:
            await response.read()


async def test_a_refusal_of_one_closes_for_all_with_its_credential_and_for_nobody_else(opening):
    async with opening(one="sesame", two="sesame", other="another") as opened:
        await asked(opened["one"], Answers(status=429, headers={"Retry-After": "30"}))
        assert opened["two"].budget is opened["one"].budget
        assert opened["two"].budget.wait_seconds() > 29
        assert opened["other"].budget.wait_seconds() == 0


async def test_instances_without_a_secret_share_nothing(opening):
    async with opening(one=None, two=None) as opened:
        await asked(opened["one"], Answers(status=429))
        assert opened["one"].budget.wait_seconds() > 0
        assert opened["two"].budget.wait_seconds() == 0
