"""Who follows a generation cannot tell by which provider it is made, but for its name."""

from contextlib import AsyncExitStack

import pytest

from safelight.codec import status_to_wire
from safelight.generation import ANONYMOUS
from safelight.testing import Answers, open_service
from safelight_fal.provider import Fal
from safelight_fal.testing import ENDPOINT, KEY, FakeFal, line
from safelight_replicate.provider import Replicate
from safelight_replicate.testing import TOKEN, FakeReplicate

BAR = " 40%|████      | 8/20 [00:01<00:02]"
OWN = {"sessionId", "providerId", "epoch", "seq", "createdAt", "startedAt", "endedAt", "deadlineAt"}
"""What differs between any two generations."""


class Replicates:
    """Replicate, told of what happens in words that both are told in."""

    submit = "POST */predictions"

    def __init__(self):
        self.fake = FakeReplicate()

    @property
    def opening(self):
        settings = {"token": TOKEN, "model": "acme/lighthouse", "base_url": self.fake.base_url, "poll_seconds": 0.1}
        return Replicate, settings

    def succeeds(self):
        self.fake.plot = [
            {"status": "starting"},
            {"status": "processing", "logs": BAR},
            {"status": "succeeded", "output": 1},
        ]

    def works_on(self):
        self.fake.plot = [{"status": "processing", "logs": BAR}]

    def blocks(self):
        self.fake.plot = [{"status": "processing"}, {"status": "failed", "error": "NSFW content detected."}]


class Fals:
    """fal, likewise."""

    submit = "POST *"

    def __init__(self):
        self.fake = FakeFal()

    @property
    def opening(self):
        return Fal, {"endpoint": ENDPOINT, "key": KEY, "url": self.fake.url, "poll_seconds": 0.1}

    def succeeds(self):
        self.fake.plot = [
            {"status": "IN_QUEUE", "queue_position": 0},
            {"status": "IN_PROGRESS", "logs": [line(BAR)]},
            {"status": "COMPLETED"},
        ]

    def works_on(self):
        self.fake.plot = [{"status": "IN_PROGRESS", "logs": [line(BAR)]}]

    def blocks(self):
        fault = {"loc": ["body", "prompt"], "type": "content_policy_violation", "msg": "no"}
        self.fake.plot, self.fake.result = [{"status": "IN_PROGRESS"}, {"status": "COMPLETED"}], (422, {"detail": [fault]}, {})


@pytest.fixture
async def both(tmp_path):
    """Each provider's words and a service that has it."""
    async with AsyncExitStack() as stack:
        pairs = []
        for words in (Replicates(), Fals()):
            await stack.enter_async_context(words.fake)
            cls, settings = words.opening
            pairs.append((words, await stack.enter_async_context(open_service(cls, tmp_path / cls.name, settings))))
        yield pairs


async def followed(service, generation):
    """Everything a reader is shown, as the wire has it."""
    page = await service.core.history(generation, owner=ANONYMOUS)
    return [status_to_wire(status) for status in page.statuses]


def shape(value):
    """Return what kind of thing stands where."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    return [shape(part) for part in value] if isinstance(value, list) else type(value).__name__


async def test_a_success_has_one_shape(both):
    ends, words_said = [], []
    for words, service in both:
        words.succeeds()
        generation = await service.begin(params={"seed": 7})
        await service.end(generation)
        told = await followed(service, generation)
        ends.append(shape({name: value for name, value in told[-1].items() if name not in OWN}))
        words_said.append([(it["status"], it.get("progress")) for it in told if it["status"] != "started"])
        assert [it["seq"] for it in told] == list(range(1, len(told) + 1))
    assert ends[0] == ends[1]
    assert [dict.fromkeys(said) for said in words_said] == [dict.fromkeys(words_said[0])] * 2


async def test_a_cancel_a_refusal_and_a_block_end_in_the_same_words(both):
    ends = []
    for words, service in both:
        words.works_on()
        generation = await service.begin()
        running = await service.until(generation, lambda status: status.progress)
        await service.cancel(generation)
        canceled = await service.end(generation)
        words.blocks()
        blocked = await service.run()
        words.fake.weather(Answers(401), on=words.submit)
        refused = await service.run()
        ends.append(
            [
                (running.state, running.phase, running.progress, running.steps),
                (canceled.outcome, canceled.code, canceled.retryable),
                (blocked.outcome, blocked.code, blocked.retryable, blocked.charged),
                (refused.outcome, refused.code, refused.retryable, refused.charged),
            ]
        )
    assert ends[0] == ends[1]
