"""A Cog server as a provider: what it takes is read from it, jobs are put under our key, watched, looked up and canceled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, ClassVar, Self

from safelight.providers import (
    Cancel,
    Job,
    Logged,
    NotSent,
    OutcomeUnknown,
    RemoteProvider,
    Request,
    Resources,
    Unsupported,
    Update,
)
from safelight_cog.called import EVENTS, Calls
from safelight_cog.held import Holding
from safelight_cog.listening import Listening
from safelight_cog.model import Model
from safelight_cog.narrator import Narrator
from safelight_cog.server import NotRunning, Server
from safelight_cog.settings import Settings as CogSettings


class Cog(RemoteProvider):
    """One model behind one Cog server."""

    name = "cog"
    Settings: ClassVar[type] = CogSettings
    waivers: ClassVar[Mapping[str, str]] = {
        "asking_twice_is_harmless": "Cog forgets a job when it ends: a look after that is refused, and starts nothing.",
        "a_webhook_is_believed_if_and_only_if_it_is_genuine_and_new": (
            "Cog neither signs nor dates its calls; there are its bearer token and the address, which nobody else knows."
        ),
    }

    def __init__(self, settings: CogSettings, resources: Resources) -> None:
        super().__init__(settings, resources)
        self._server = Server(resources.session, settings.url, settings.token, resources.clock.now)
        self._model = Model(self._server, settings, resources.folder)
        self._calls = Calls(settings.webhook_token)
        self._listening = Listening(self._server, self._calls, settings.reconnect_seconds)
        self._holding = Holding(self._server, resources.spawn, settings.reconnect_seconds)

    async def __aenter__(self) -> Self:
        await self._model.open()
        self._adopt()
        self.resources.spawn(self._keep_up(), name="refresh")
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._listening.close()

    async def submit(self, request: Request[Any, Any], key: str) -> Job:
        """Put a job under our key."""
        if self._model.described is None:
            raise NotSent(str(self._model.terms.fault))
        form = self._model.described.input
        job, body = self._job(key), dict[str, Any](input=form.fill(request))
        if (url := self.resources.webhook_url(key)) is not None:
            body |= {"webhook": url, "webhook_events_filter": EVENTS}
            self._calls.expect(key)
        try:
            if self._model.is_lasting:
                await self._server.start(key, body, form.path_of)
                await self._listening.begin(key)
            else:
                await self._holding.submit(key, body, form.path_of)
        except BaseException:
            self._calls.forget(key)
            raise
        return job

    async def watch(self, job: Job) -> AsyncIterator[Update]:
        """Yield what happens to the job, from its beginning."""
        narrator = _narrator(job)
        is_lasting = job.data.get("is_lasting") is True
        told = self._listening.watch(job, narrator) if is_lasting else self._holding.watch(job.id, narrator)
        self._calls.expect(job.id)
        try:
            async with aclosing(told):
                async for update in told:
                    yield update
        finally:
            self._calls.forget(job.id)

    async def poll(self, job: Job) -> Sequence[Update]:
        """
        Look where the job stands; once it has ended only a webhook can tell, for Cog itself forgets it.

        The log is the watch's to tell.

        Raises:
            Unsupported: The watch has ended, and with it all that can be known.
        """
        if not self._calls.is_expected(job.id):
            raise Unsupported("A Cog server keeps nothing of a job that is over.")
        narrator = _narrator(job)
        try:
            end = self._calls.end_of(job.id)
            standing = narrator.stand(await self._server.look(job.id)) if end is None else narrator.end(end)
        except NotRunning:
            return ()
        return [update for update in standing if not isinstance(update, Logged)]

    async def webhook(self, raw: bytes, headers: Mapping[str, str]) -> None:
        """Take in a call of the server's."""
        self._calls.hear(raw, headers)

    async def find(self, key: str) -> Job | None:
        """
        Return the job if it is running.

        Raises:
            OutcomeUnknown: It is not, but it may have been: Cog forgets a job when it ends.
        """
        if not self._model.is_lasting:
            raise Unsupported("A job that is held by a connection is gone with it.")
        try:
            await self._server.look(key)
        except NotRunning:
            raise OutcomeUnknown("The Cog server runs no such job now, and does not say whether it did.") from None
        return self._job(key)

    async def cancel(self, job: Job) -> Cancel:
        """Ask Cog to stop it; that it has stopped, the job itself says."""
        return Cancel.REQUESTED if await self._server.cancel(job.id) else Cancel.TOO_LATE

    def _job(self, key: str) -> Job:
        model = self._model
        is_concatenated = model.described is not None and model.described.is_concatenated
        return Job(
            key,
            {
                "v": 1,
                "is_lasting": model.is_lasting,
                "is_concatenated": is_concatenated,
                "is_called_back": self.resources.webhook_url(key) is not None,
                "born": model.born,
            },
        )

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(self._model.next_seconds)
            await self._model.refresh()
            self._adopt()

    def _adopt(self) -> None:
        self.terms, self.capabilities = self._model.terms, self._model.capabilities


def _narrator(job: Job) -> Narrator:
    return Narrator(is_concatenated=job.data.get("is_concatenated") is True)
