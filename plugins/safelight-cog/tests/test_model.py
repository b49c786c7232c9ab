"""What a server says of itself, when it opens and later."""

import attrs
import pytest

from safelight.errors import InvalidInput
from safelight.providers import Durability, NotSent, Request
from safelight.structuring import structure
from safelight_cog.provider import Cog

PLAIN = {"components": {"schemas": {"Input": {"properties": {"prompt": {"type": "string"}}}}}}


def named(cls):
    return [field.name for field in attrs.fields(cls)]


async def test_terms_are_the_servers_own(open_cog):
    async with open_cog() as cog:
        assert cog.terms.fault is None
        assert (named(cog.terms.params), named(cog.terms.options)) == (["steps"], ["delay", "fail"])


@pytest.mark.parametrize(("mode", "lasts"), [("auto", True), ("async", True), ("held", False)])
async def test_a_job_of_a_model_that_streams_lives_in_the_server_unless_held(open_cog, mode, lasts):
    async with open_cog(mode=mode) as cog:
        assert cog.capabilities.durability is (Durability.REMOTE if lasts else Durability.CONNECTION)


async def test_a_job_of_a_model_that_does_not_stream_is_held(fake, open_cog):
    fake.document = PLAIN
    async with open_cog() as cog:
        assert cog.capabilities.durability is Durability.CONNECTION
    async with open_cog(mode="async") as cog:
        assert "does not stream" in cog.terms.fault


async def test_a_server_that_is_starting_is_asked_again_until_it_says(fake, open_cog):
    document, fake.document = fake.document, None
    health, fake.health = fake.health, {"status": "STARTING"}
    async with open_cog() as cog:
        assert cog.terms.fault == "The Cog server is starting."
        with pytest.raises(NotSent, match="is starting"):
            await cog.submit(Request(prompt="p", params=None, options=None), "k")
        fake.document, fake.health = document, health
        await cog._model.refresh()
        cog._adopt()
        assert cog.terms.fault is None
        assert cog.capabilities.durability is Durability.REMOTE


@pytest.mark.parametrize(
    ("health", "document", "sentence"),
    [
        ({"status": "SETUP_FAILED"}, None, "cannot work"),
        ({"status": "SETUP_FAILED", "version": {"coglet": "1"}}, PLAIN, "cannot work"),
        ({"status": "STARTING", "version": {"coglet": "1"}}, PLAIN, "is starting"),
        ({"status": "READY"}, None, "does not say what"),
        ({"status": "READY"}, PLAIN, "older than 0.17"),
        ({"version": "x"}, PLAIN, "older than 0.17"),
        ({"version": {"coglet": "1"}}, {"components": 5}, "no Input"),
    ],
)
async def test_a_server_that_cannot_be_used_says_why(fake, open_cog, health, document, sentence):
    fake.health, fake.document = health, document
    async with open_cog() as cog:
        assert sentence in cog.terms.fault


async def test_a_server_out_of_reach_is_known_by_what_it_said_last(fake, open_cog, unused_tcp_port):
    async with open_cog(url=f"http://127.0.0.1:{unused_tcp_port}") as cog:
        assert "cannot be reached" in cog.terms.fault
    async with open_cog():
        pass
    async with open_cog(url=f"http://127.0.0.1:{unused_tcp_port}") as cog:
        assert cog.terms.fault is None
        assert named(cog.terms.params) == ["steps"]
        await cog._model.refresh()
        assert cog._model.terms.fault is None


async def test_a_server_that_says_with_a_503_that_it_is_busy_is_used_on(fake, open_cog):
    async with open_cog() as cog:
        fake.health_status = 503
        await cog._model.refresh()
        assert cog._model.terms.fault is None


async def test_a_proxys_503_changes_nothing_and_is_named_where_nothing_is_known(fake, open_cog):
    fake.health_status, health, fake.health = 503, fake.health, None
    async with open_cog() as cog:
        assert cog.terms.fault == "The Cog server, or a proxy before it, is not ready."
        fake.health_status, fake.health = 200, health
        await cog._model.refresh()
        fake.health_status, fake.health = 503, None
        await cog._model.refresh()
        assert cog._model.terms.fault is None


async def test_a_spoilt_memory_of_it_is_no_obstacle(fake, open_cog, tmp_path, unused_tcp_port):
    (tmp_path / "openapi.json").write_text("{half")
    async with open_cog(url=f"http://127.0.0.1:{unused_tcp_port}") as cog:
        assert "cannot be reached" in cog.terms.fault


async def test_a_model_that_changed_is_taken_as_it_is_now(fake, open_cog):
    async with open_cog() as cog:
        fake.document = PLAIN
        await cog._model.refresh()
        cog._adopt()
        assert named(cog.terms.params) == []
        assert cog.capabilities.durability is Durability.CONNECTION


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "ftp://a"},
        {"url": "http://"},
        {"url": "http://u:p@a"},
        {"url": "http://a?x=1"},
        {"url": "http://a", "inputs": {"colour": "x"}},
        {"url": "http://a", "mode": "sync"},
        {},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(InvalidInput):
        structure(settings, Cog.Settings)
