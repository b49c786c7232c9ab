"""Providers opened for their own tests, alone and inside the whole service."""

import asyncio
import contextlib

import attrs
import pytest

from safelight.errors import InvalidInput
from safelight.providers import LocalProvider, Produced
from safelight.testing import FakeUpstream, admitted, open_provider, open_service

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU\x00\x00\x00\nIDATx"
    b"\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82"
)


@attrs.frozen(kw_only=True)
class Settings:
    url: str


@attrs.frozen(kw_only=True)
class Params:
    steps: int = 4


class Lamp(LocalProvider):
    Settings = Settings
    Params = Params
    canceled = 0

    async def __aenter__(self):
        self.resources.spawn(self.burn(), name="burn")
        return self

    async def burn(self):
        try:
            await asyncio.Event().wait()
        finally:
            type(self).canceled += 1

    async def generate(self, request, control):
        async with self.resources.session.get(self.settings.url):
            yield Produced(PNG, type="image/png", seed=request.params.steps)
        if request.prompt == "for ever":
            await asyncio.Event().wait()


@pytest.fixture
async def url():
    async with FakeUpstream() as fake:
        yield fake.url


async def test_a_provider_is_opened_alone_and_its_tasks_end_with_it(url, tmp_path):
    before = Lamp.canceled
    async with open_provider(Lamp, tmp_path, {"url": url}) as lamp:
        request = admitted(lamp, params={"steps": 7})
        assert (request.prompt, request.params) == ("a lighthouse", Params(steps=7))
        [produced] = [update async for update in lamp.generate(request, None)]
        assert produced.seed == 7
        with pytest.raises(InvalidInput, match="stpes"):
            admitted(lamp, params={"stpes": 7})
    assert Lamp.canceled == before + 1


@pytest.mark.parametrize("is_sound", [True, False])
async def test_a_provider_leaves_before_its_tasks_end_as_in_the_service_and_they_end_if_it_does_not_open(tmp_path, is_sound):
    told = []

    class Lantern(Lamp):
        async def __aenter__(self):
            await super().__aenter__()
            await asyncio.sleep(0)
            if not is_sound:
                raise ConnectionError
            return self

        async def __aexit__(self, *exc_info):
            told.append("left")

        async def burn(self):
            try:
                await asyncio.Event().wait()
            finally:
                told.append("burnt out")

    with contextlib.suppress(ConnectionError):
        async with open_provider(Lantern, tmp_path / "alone", {"url": "-"}):
            pass
    alone, told = told, []
    async with open_service(Lantern, tmp_path / "served", {"url": "-"}):
        pass
    assert alone == told == (["left"] * is_sound + ["burnt out"])


async def test_settings_with_faults_are_refused(tmp_path):
    with pytest.raises(InvalidInput, match="url"):
        async with open_provider(Lamp, tmp_path, {}):
            pass


async def test_it_runs_inside_the_whole_service(url, tmp_path):
    async with open_service(Lamp, tmp_path, {"url": url}) as service:
        status = await service.run("dusk", params={"steps": 7})
        assert (status.outcome, status.outputs[0].seed) == ("succeeded", 7)
        generation = await service.begin("for ever")
        await service.until(generation, lambda status: status.outputs)
        with pytest.raises(TimeoutError):
            await service.until(generation, lambda status: status.is_terminal, within_seconds=0.05)
        await service.cancel(generation)
        assert (await service.end(generation)).outcome == "canceled"
    assert not list(tmp_path.glob("journal*")), "the journal is in memory"
