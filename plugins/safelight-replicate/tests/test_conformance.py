"""The laws of every provider, kept by Replicate's."""

import pytest

from safelight.providers import CancelKind, Capabilities, Durability, ProgressKind
from safelight.testing import Answers, ProviderLaws, Resets, Situation, Stage
from safelight_replicate.provider import Replicate
from safelight_replicate.testing import TOKEN

WORKING = {"status": "processing", "logs": " 40%|####      | 8/20 [00:01<00:02,  5.1it/s]\n"}
DONE = {"status": "succeeded", "output": 1, "metrics": {"predict_time": 1.5}}
FAILED = {"status": "failed", "error": "CUDA out of memory"}
PLOTS = {Situation.FAILS: [WORKING, FAILED], Situation.LASTS: [WORKING | {"output": 1}]}
ANOTHER_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SUBMISSION = "POST /v1/models/*/predictions"


class Account(Stage):
    secrets = (TOKEN,)
    early_outputs = 1

    def __init__(self, fake, said):
        self.fake = fake
        self.settings = {**said, "poll_seconds": 0.05}

    def ask(self, situation):
        self.fake.plot = list(PLOTS.get(situation, [WORKING, DONE]))
        if situation is Situation.REFUSED:
            self.fake.weather(
                Answers(422, {"title": "Input validation failed", "detail": "- input: No.", "status": 422}), on=SUBMISSION
            )
        if situation is Situation.UNANSWERED:
            self.fake.weather(Resets(is_done=True), on=SUBMISSION, times=1)
        return {"prompt": "a lighthouse"}

    @property
    def submissions(self):
        return len(self.fake.predictions)

    def go_on(self):
        self.fake.go_on(DONE)

    def message(self, *, is_genuine=True, ago_seconds=0.0):
        return self.fake.signed(self.fake.last()["id"], ago_seconds=ago_seconds, key=None if is_genuine else ANOTHER_KEY)


class TestReplicate(ProviderLaws):
    provider = Replicate
    capabilities = Capabilities(durability=Durability.REMOTE, progress=ProgressKind.LOG, cancel=CancelKind.CONFIRMED)

    @pytest.fixture
    def stage(self, fake, said):
        return Account(fake, said)
