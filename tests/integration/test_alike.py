"""Who follows a generation at Replicate and one at fal cannot tell which is which, but for the provider's name."""

import json
import re

import pytest

from safelight.codec import status_to_wire
from safelight.testing import Answers, open_service
from safelight_fal.provider import Fal
from safelight_fal.testing import ENDPOINT, FakeFal, line
from safelight_fal.testing import KEY as FAL_KEY
from safelight_replicate.provider import Replicate
from safelight_replicate.testing import TOKEN, FakeReplicate

BAR = " 40%|####      | 8/20"
LOST = re.compile(r"[0-9a-f]{32}|\d{4}-\d\d-\d\dT[\d:.]+Z|\bfal\b|\breplicate\b")
"""What belongs to one generation alone: its ids, its times, and who made it."""


class AtFal:
    """The queue of fal, and the provider that knows it."""

    cls, fake = Fal, FakeFal
    running, done = {"status": "IN_PROGRESS", "logs": [line(BAR)]}, {"status": "COMPLETED"}

    @staticmethod
    def settings(fake):
        return {"endpoint": ENDPOINT, "key": FAL_KEY, "url": fake.url, "stream": False, "poll_seconds": 0.1}

    @staticmethod
    def go_on(fake, *steps):
        fake.last().move(*steps)


class AtReplicate:
    """Replicate, and the provider that knows it."""

    cls, fake = Replicate, FakeReplicate
    running, done = {"status": "processing", "logs": BAR}, {"status": "succeeded", "output": 1, "logs": BAR}

    @staticmethod
    def settings(fake):
        return {"model": "acme/lighthouse", "token": TOKEN, "base_url": fake.base_url, "poll_seconds": 0.1}

    @staticmethod
    def go_on(fake, *steps):
        fake.go_on(*steps)


async def success(place, fake, service):
    fake.plot = [place.running]
    generation = await service.begin()
    seen = [await service.until(generation, lambda status: status.progress == 40)]
    place.go_on(fake, place.done)
    return [*seen, await service.end(generation)]


async def cancel(place, fake, service):
    fake.plot = [place.running]
    generation = await service.begin()
    seen = [await service.until(generation, lambda status: status.progress == 40)]
    await service.cancel(generation)
    return [*seen, await service.end(generation)]


async def refusal(place, fake, service):
    fake.weather(Answers(401), on="POST *")
    return [await service.run()]


async def throttle(place, fake, service):
    fake.plot = [place.running, place.done]
    fake.weather(Answers(429, headers={"Retry-After": "0"}), on="POST *", times=1)
    return [await service.run()]


async def nothing(place, fake, service):
    fake.plot = [place.done if place is AtFal else {"status": "succeeded", "output": None}]
    fake.result = (200, {"images": []}, {})
    return [await service.run()]


def shown(status):
    """A snapshot as a front end has it, without what is one generation's own; the provider's own sentence is prose."""
    wire = json.loads(LOST.sub("…", json.dumps(status_to_wire(status))))
    wire = {name: value for name, value in wire.items() if name not in {"seq", "epoch", "error"}}
    wire["attempt"].pop("reason", None)
    for output in wire.get("outputs", []):
        output.pop("seed", None)
    return wire


@pytest.mark.parametrize("story", [success, cancel, refusal, throttle, nothing])
async def test_the_same_story_reads_the_same(tmp_path, story):
    told = []
    for place in (AtFal, AtReplicate):
        folder = tmp_path / place.cls.name
        async with place.fake() as fake, open_service(place.cls, folder, place.settings(fake)) as service:
            told.append([shown(status) for status in await story(place, fake, service)])
    assert told[0] == told[1]
