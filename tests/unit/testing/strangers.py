"""Providers of strangers: some that keep every law, and many that break one."""

import asyncio
import logging
import socket
from contextlib import suppress
from typing import ClassVar

import attrs

from safelight.providers import (
    Cancel,
    Canceled,
    CancelKind,
    Capabilities,
    Durability,
    Failed,
    Job,
    LocalProvider,
    Noted,
    NotSent,
    OutcomeUnknown,
    Produced,
    Progressed,
    ProgressKind,
    ProviderUnavailable,
    Queued,
    Rejected,
    RemoteProvider,
    Secret,
    Started,
    Succeeded,
    Unsupported,
    WebhookRefused,
)
from safelight.testing import Situation, Stage

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)
KEY = "open-sesame"


class Bare(Stage):
    settings: ClassVar = {"key": KEY}
    secrets = (KEY,)

    def ask(self, situation):
        return {"prompt": situation.value}


@attrs.frozen(kw_only=True)
class Settings:
    """What an operator says."""

    key: Secret


class Honest(LocalProvider):
    Settings = Settings
    capabilities = Capabilities(progress=ProgressKind.PERCENT, pause=True)

    async def generate(self, request, control):
        yield Progressed(0.5)
        if request.prompt == Situation.FAILS:
            raise NotSent("No.")
        while request.prompt == Situation.LASTS:
            yield Noted("still at it")
            await control.checkpoint()
        if request.prompt == Situation.SLOW:
            for _ in range(10):
                await asyncio.sleep(0.01)
                await control.checkpoint()
        yield Produced(PNG, type="image/png")


class Silent(Honest):
    async def generate(self, request, control):
        yield Started()
        yield Produced(PNG, type="image/png")


class Chatty(Honest):
    capabilities = Capabilities(progress=ProgressKind.NONE, pause=True)


class Empty(Honest):
    async def generate(self, request, control):
        yield Progressed(0.5)


class Backward(Honest):
    async def generate(self, request, control):
        yield Progressed(0.5)
        yield Progressed(0.25)
        yield Produced(PNG, type="image/png")


class Requeued(Honest):
    async def generate(self, request, control):
        yield Started()
        yield Queued(3)
        yield Produced(PNG, type="image/png")


class Leaky(Honest):
    async def __aenter__(self):
        self.task = asyncio.create_task(asyncio.sleep(60), name="leak")
        return self


class Plugged(Honest):
    socket = None

    async def __aenter__(self):
        type(self).socket = socket.socket()
        return self


class Boastful(Honest):
    capabilities = Capabilities(progress=ProgressKind.PERCENT, pause=True, previews=True)


class Modest(Honest):
    def __init__(self, settings, resources):
        super().__init__(settings, resources)
        self.capabilities = Capabilities(progress=ProgressKind.PERCENT, cancel=CancelKind.NONE)


class Crashing(Honest):
    async def generate(self, request, control):
        yield Progressed(0.5)
        raise RuntimeError("a bug")


class Complaining(Honest):
    async def generate(self, request, control):
        if request.prompt == Situation.FAILS:
            raise Rejected(f"'{self.settings.key.reveal()}' is no key.")
        yield Produced(PNG, type="image/png")


class Gossiping(Honest):
    async def generate(self, request, control):
        logging.getLogger(__name__).debug("key %s", self.settings.key.reveal())
        yield Produced(PNG, type="image/png")


class Restless(Honest):
    async def generate(self, request, control):
        yield Progressed(0.5)
        await asyncio.sleep(0.1)
        yield Produced(PNG, type="image/png")


class Deaf(Honest):
    """It lets itself be stopped the third time at the earliest."""

    async def generate(self, request, control):
        yield Started()
        for _ in range(3):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(600)
        yield Produced(PNG, type="image/png")


class Shop(RemoteProvider):
    """A provider whose upstream is a dictionary."""

    Settings = Settings
    capabilities = Capabilities(durability=Durability.REMOTE, progress=ProgressKind.QUEUE, poll_seconds=0.05)
    jobs: ClassVar = {}

    async def submit(self, request, key):
        if request.prompt == Situation.REFUSED:
            raise Rejected("No.")
        self.jobs[key] = request.prompt
        if request.prompt == Situation.UNANSWERED:
            raise OutcomeUnknown("Nobody answered.")
        return Job(key)

    async def poll(self, job):
        match self.jobs[job.id]:
            case Situation.FAILS:
                return [Failed("It broke.", code="provider_rejected")]
            case Situation.LASTS:
                return [Queued(0), Started()]
            case "canceled":
                return [Canceled()]
            case _:
                return [Queued(0), Started(), Produced(PNG, type="image/png"), Succeeded()]

    async def find(self, key):
        return Job(key) if key in self.jobs else None

    async def cancel(self, job):
        self.jobs[job.id] = "canceled"
        return Cancel.CONFIRMED

    async def webhook(self, raw, headers):
        if headers["key"] != KEY or float(headers["age"]) > 300:
            raise WebhookRefused("Forged, or too old.")


class Fetching(Shop):
    """Its outputs come in chunks, made anew at each poll, and its watch breaks off."""

    async def watch(self, job):
        yield Started()
        raise ProviderUnavailable("The connection was lost.")

    async def poll(self, job):
        return [attrs.evolve(it, content=chunks()) if isinstance(it, Produced) else it for it in await super().poll(job)]

    async def webhook(self, raw, headers):
        await super().webhook(raw, {"key": headers["KEY"], "age": headers["Age"]})


async def chunks():
    yield PNG[:20]
    yield PNG[20:]


class Till(Bare):
    submissions = property(lambda self: len(Shop.jobs))

    def go_on(self):
        Shop.jobs.update(dict.fromkeys(Shop.jobs, Situation.SUCCEEDS))

    def message(self, *, is_genuine=True, ago_seconds=0.0):
        return b"{}", {"key": KEY if is_genuine else "another", "age": str(ago_seconds)}


class Greedy(Shop):
    """It takes a job at each poll."""

    async def poll(self, job):
        self.jobs[f"more {len(self.jobs)}"] = Situation.SUCCEEDS
        return await super().poll(job)


class Wrong(Shop):
    async def find(self, key):
        return Job("another")


class Unwritten(Shop):
    async def submit(self, request, key):
        return Job((await super().submit(request, key)).id, {"size": (1, 2)})


class Telltale(Shop):
    async def submit(self, request, key):
        return Job((await super().submit(request, key)).id, {"key": self.settings.key.reveal()})


class Forgetful(Shop):
    """It keeps in itself what it must know after a restart."""

    def __init__(self, settings, resources):
        super().__init__(settings, resources)
        self.known = set()

    async def submit(self, request, key):
        self.known.add(key)
        return await super().submit(request, key)

    async def poll(self, job):
        if job.id not in self.known:
            raise Rejected("I know no such job.")
        return await super().poll(job)


class Doubling(Forgetful):
    """After a restart it tells of an output that it has told of before, and of another."""

    async def poll(self, job):
        said = await Shop.poll(self, job)
        return said if job.id in self.known else [Produced(PNG + b" ", type="image/png"), *said]


class Fickle(Shop):
    """Asked once more, a success is a failure."""

    async def poll(self, job):
        said = await super().poll(job)
        self.jobs[job.id] = Situation.FAILS
        return said


class Heedless(Shop):
    async def submit(self, request, key):
        try:
            return await super().submit(request, key)
        except Rejected as error:
            raise OutcomeUnknown("Something was wrong.") from error


class Careless(Shop):
    async def submit(self, request, key):
        try:
            return await super().submit(request, key)
        except OutcomeUnknown:
            raise NotSent("Something was wrong.") from None


class Trusting(Shop):
    async def webhook(self, raw, headers):
        if headers["key"] != KEY:
            raise WebhookRefused("Forged.")


class Endless(Shop):
    capabilities = attrs.evolve(Shop.capabilities, cancel=CancelKind.NONE)

    async def cancel(self, job):
        raise Unsupported("It cannot.")


class Pretending(Endless):
    async def cancel(self, job):
        return Cancel.CONFIRMED


class Unstopped(Shop):
    """It says that it has stopped."""

    async def cancel(self, job):
        return Cancel.CONFIRMED


class Slack(Shop):
    """It asks for a stop that never comes."""

    capabilities = attrs.evolve(Shop.capabilities, cancel=CancelKind.REQUESTED)

    async def cancel(self, job):
        return Cancel.REQUESTED


class Dragging(Shop):
    capabilities = attrs.evolve(Shop.capabilities, cancel=CancelKind.QUEUED_ONLY)
