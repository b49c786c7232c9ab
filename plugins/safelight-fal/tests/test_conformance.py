"""The laws of every provider, kept by fal's queue."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from safelight.providers import CancelKind, Capabilities, Durability, ProgressKind
from safelight.testing import Answers, ProviderLaws, Resets, Situation, Stage
from safelight_fal.provider import Fal
from safelight_fal.testing import ENDPOINT, KEY, line

WORKING = {"status": "IN_PROGRESS", "logs": [line(" 30%|###       | 9/30")]}
DONE = {"status": "COMPLETED", "metrics": {"inference_time": 2.31}}
FAILED = {"status": "COMPLETED", "error": "Out of memory", "error_type": "runner_disconnected"}
PLOTS = {Situation.FAILS: [WORKING, FAILED], Situation.LASTS: [WORKING]}
SUBMISSION = f"POST /{ENDPOINT}"


class Queue(Stage):
    secrets = (KEY, KEY.partition(":")[2])

    def __init__(self, fake, said):
        self.fake = fake
        self.settings = {**said, "poll_seconds": 0.1, "lost_seconds": 0.2}

    def ask(self, situation):
        self.fake.plot = list(PLOTS.get(situation, [WORKING, DONE]))
        if situation is Situation.REFUSED:
            self.fake.weather(
                Answers(422, {"detail": [{"loc": ["body", "prompt"], "msg": "No.", "type": "value_error"}]}), on=SUBMISSION
            )
        if situation is Situation.UNANSWERED:
            self.fake.weather(Resets(is_done=True), on=SUBMISSION, times=1)
        return {"prompt": "a lighthouse"}

    @property
    def submissions(self):
        return len(self.fake.jobs)

    def go_on(self):
        self.fake.last().move(DONE)

    def message(self, *, is_genuine=True, ago_seconds=0.0):
        key = None if is_genuine else Ed25519PrivateKey.generate()
        return self.fake.signed(self.fake.last(), ago_seconds=ago_seconds, key=key)


class TestFal(ProviderLaws):
    provider = Fal
    capabilities = Capabilities(durability=Durability.REMOTE, progress=ProgressKind.LOG, cancel=CancelKind.REQUESTED)

    @pytest.fixture
    def stage(self, fake, said):
        return Queue(fake, said)
