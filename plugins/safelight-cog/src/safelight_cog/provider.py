"""A Cog server as a provider: what it takes is read from it, jobs are put under our key, watched, looked up and canceled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, ClassVar, Self

from safelight.providers import (
    Cancel,
    InvalidParams,
    Job,
    NotSent,
    OutcomeUnknown,
    RemoteProvider,
    Request,
    Resources,
    Unsupported,
    Update,
)
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

    def __init__(self, settings: CogSettings, resources: Resources) -> None:
        super().__init__(settings, resources)
        self._server = Server(resources.session, settings.url, settings.token, resources.clock.now)
        self._model = Model(self._server, settings, resources.folder)
        self._listening = Listening(self._server, settings.reconnect_seconds)
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
        if request.model is not None:
            raise InvalidParams("model: a Cog server has one model, which cannot be chosen.")
        form = self._model.described.input
        job, filled = self._job(key), form.fill(request)
        if self._model.is_lasting:
            await self._server.start(key, filled, form.path_of)
            await self._listening.begin(key)
        else:
            await self._holding.submit(key, filled, form.path_of)
        return job

    async def watch(self, job: Job) -> AsyncIterator[Update]:
        """Yield what happens to the job, from its beginning."""
        narrator = Narrator(is_concatenated=job.data.get("is_concatenated") is True)
        is_lasting = job.data.get("is_lasting") is True
        told = self._listening.watch(job, narrator) if is_lasting else self._holding.watch(job.id, narrator)
        async with aclosing(told):
            async for update in told:
                yield update

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
        return Job(key, {"v": 1, "is_lasting": model.is_lasting, "is_concatenated": is_concatenated, "born": model.born})

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(self._model.next_seconds)
            await self._model.refresh()
            self._adopt()

    def _adopt(self) -> None:
        self.terms, self.capabilities = self._model.terms, self._model.capabilities
