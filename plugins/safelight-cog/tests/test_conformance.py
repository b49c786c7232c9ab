"""The laws of every provider, kept by a Cog server's."""

import json

import pytest
from aiohttp import web

from safelight.providers import CancelKind, Capabilities, Durability, ProgressKind
from safelight.testing import ProviderLaws, Situation, Stage
from safelight_cog.provider import Cog

TOKEN = "sesame-open-sesame"
REFUSAL = {"detail": [{"loc": ["body", "input", "prompt"], "msg": "No.", "type": "value_error"}]}


class Box(Stage):
    secrets = (TOKEN,)
    early_outputs = 1

    def __init__(self, fake, recorded):
        self.fake = fake
        self.recorded = recorded
        self.settings = {"url": fake.url, "mode": "async", "token": TOKEN, "webhook_token": TOKEN, "reconnect_seconds": 1.0}

    def ask(self, situation):
        self.fake.is_endless = situation is Situation.LASTS
        words = "failed" if situation is Situation.FAILS else "success"
        self.fake.story = [self._begun() if self.fake.is_endless else self.recorded(words)] * 5
        self.fake.on_cancel = lambda: self.fake.free(self.recorded("canceled"))
        self.fake.on_put = {Situation.REFUSED: self._refuse, Situation.UNANSWERED: self._vanish}.get(situation, self.fake.accept)
        return {"prompt": "a lighthouse"}

    @property
    def submissions(self):
        return len(self.fake.running)

    def go_on(self):
        self.fake.free(self.recorded("success").removeprefix(self._begun()))

    def message(self, *, is_genuine=True, ago_seconds=0.0):
        key = next(iter(self.fake.running))
        token = TOKEN if is_genuine else "another"
        return json.dumps({"id": key, "status": "processing"}).encode(), {"Authorization": f"Bearer {token}"}

    def _begun(self):
        """What is told up to the first of two outputs."""
        beginning, output, rest = self.recorded("success").partition("event: output\n")
        return beginning + output + rest.partition("event: ")[0]

    async def _refuse(self, request, key):
        return web.json_response(REFUSAL, status=422)

    async def _vanish(self, request, key):
        await self.fake.accept(request, key)
        request.transport.abort()
        return web.Response()


class TestCog(ProviderLaws):
    provider = Cog
    capabilities = Capabilities(durability=Durability.REMOTE, progress=ProgressKind.PERCENT, cancel=CancelKind.REQUESTED)

    @pytest.fixture
    def stage(self, fake, recorded):
        return Box(fake, recorded)
