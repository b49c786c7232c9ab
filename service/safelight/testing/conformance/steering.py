"""What a provider does when it is told to stop, to hold still, or to go on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from safelight.errors import NotPausable
from safelight.generation import ANONYMOUS
from safelight.providers import Cancel, Canceled, CancelKind, Job, Provider, RemoteProvider
from safelight.status import Outcome, Phase, Status
from safelight.testing.conformance.applying import Whom, law
from safelight.testing.conformance.hearing import run
from safelight.testing.conformance.stage import Situation, Stage
from safelight.testing.opening import admitted, open_provider
from safelight.testing.service import Service, open_service

_ALWAYS = {CancelKind.CONFIRMED, CancelKind.REQUESTED, CancelKind.GLOBAL}
_NO_GUESS = {"cancel_seconds": 60.0}
"""Longer than a law waits: the service ends nothing by itself."""
_QUEUED_ONLY = Whom("providers that declare cancel `queued_only`", lambda _, can: can.cancel is CancelKind.QUEUED_ONLY)


def is_at_work(status: Status) -> bool:
    """Whether the provider has it."""
    return status.phase in {Phase.WAITING, Phase.QUEUED, Phase.RUNNING}


async def _begun(service: Service, stage: Stage, situation: Situation = Situation.LASTS) -> str:
    generation = await service.begin(**stage.ask(situation))
    await service.until(generation, is_at_work)
    return generation


class SteeringLaws:
    """Laws about cancel, pause and resume."""

    provider: ClassVar[type[Provider]]

    @law(Whom("providers that declare cancel `confirmed`, `requested` or `global`", lambda _, can: can.cancel in _ALWAYS))
    async def test_a_cancel_stops_it(self, stage: Stage, tmp_path: Path) -> None:
        """Whoever wants it stopped is told so by the provider, and need not guess."""
        async with open_service(self.provider, tmp_path, stage.settings, deadlines=_NO_GUESS) as service:
            generation = await _begun(service, stage)
            await service.cancel(generation)
            end = await service.end(generation)
        assert (end.outcome, end.cancel) == (Outcome.CANCELED, Cancel.CONFIRMED)

    @law(Whom("providers that declare cancel `confirmed`", lambda _, can: can.cancel is CancelKind.CONFIRMED))
    async def test_a_cancel_that_is_confirmed_has_stopped_it(self, stage: Stage, tmp_path: Path) -> None:
        """The answer is the word, and the run's own last word is the same."""
        answers: list[Cancel] = []

        async def stop(remote: RemoteProvider, job: Job) -> None:
            answers.append(await remote.cancel(job))

        async with open_provider(self.provider, tmp_path, stage.settings) as provider:
            updates = (await run(provider, admitted(provider, **stage.ask(Situation.LASTS)), at_first=stop)).updates
        assert answers == [Cancel.CONFIRMED]
        assert isinstance(updates[-1], Canceled)

    @law(Whom("providers that declare cancel `none`", lambda _, can: can.cancel is CancelKind.NONE))
    async def test_a_cancel_it_does_not_offer_is_said_to_be_unsupported(self, stage: Stage, tmp_path: Path) -> None:
        """Nobody is told that something stopped which goes on."""
        async with open_service(self.provider, tmp_path, stage.settings) as service:
            generation = await _begun(service, stage)
            await service.cancel(generation)
            status = await service.until(generation, lambda status: status.cancel is not Cancel.REQUESTED)
        assert status.cancel is Cancel.UNSUPPORTED

    @law(_QUEUED_ONLY)
    async def test_a_cancel_stops_what_still_waits(self, stage: Stage, tmp_path: Path) -> None:
        """Nothing was begun, so nothing is."""
        async with open_service(self.provider, tmp_path, stage.settings) as service:
            generation = await service.begin(**stage.ask(Situation.WAITS))
            await service.until(generation, lambda status: status.phase is Phase.QUEUED)
            await service.cancel(generation)
            end = await service.end(generation)
        assert (end.outcome, end.cancel) == (Outcome.CANCELED, Cancel.CONFIRMED)

    @law(_QUEUED_ONLY)
    async def test_a_cancel_comes_too_late_for_what_is_at_work(self, stage: Stage, tmp_path: Path) -> None:
        """Nobody is told that something stopped which goes on."""
        async with open_service(self.provider, tmp_path, stage.settings) as service:
            generation = await service.begin(**stage.ask(Situation.LASTS))
            await service.until(generation, lambda status: status.phase is Phase.RUNNING)
            await service.cancel(generation)
            status = await service.until(generation, lambda status: status.cancel is not Cancel.REQUESTED)
        assert status.cancel is Cancel.TOO_LATE

    @law(Whom("providers that declare pause", lambda _, can: can.pause))
    async def test_it_holds_still_and_goes_on(self, stage: Stage, tmp_path: Path) -> None:
        """Held still it comes to no end, for as long as it would have taken; let go, it ends well."""
        async with open_service(self.provider, tmp_path, stage.settings) as service:
            began = asyncio.get_running_loop().time()
            await service.run(**stage.ask(Situation.SLOW))
            usual_seconds = asyncio.get_running_loop().time() - began
            generation = await _begun(service, stage, Situation.SLOW)
            held = await service.core.hold(generation, owner=ANONYMOUS, still=True)
            await asyncio.sleep(usual_seconds)
            still = await service.status(generation)
            assert (held.phase, still.phase) == (Phase.PAUSED, Phase.PAUSED)
            await service.core.hold(generation, owner=ANONYMOUS, still=False)
            end = await service.end(generation)
        assert end.outcome is Outcome.SUCCEEDED, f"{end.outcome}: {end.error}"

    @law(Whom("providers that declare pause and a cancel", lambda _, can: can.pause and can.cancel in _ALWAYS))
    async def test_what_is_held_still_can_be_canceled(self, stage: Stage, tmp_path: Path) -> None:
        """Nobody has to let it go on first."""
        async with open_service(self.provider, tmp_path, stage.settings, deadlines=_NO_GUESS) as service:
            generation = await _begun(service, stage)
            await service.core.hold(generation, owner=ANONYMOUS, still=True)
            await service.cancel(generation)
            end = await service.end(generation)
        assert (end.outcome, end.cancel) == (Outcome.CANCELED, Cancel.CONFIRMED)

    @law(Whom("providers that declare no pause", lambda _, can: not can.pause))
    async def test_holding_still_is_refused_where_it_is_not_offered(self, stage: Stage, tmp_path: Path) -> None:
        """A conflict, and the run goes on as if nobody had asked."""
        async with open_service(self.provider, tmp_path, stage.settings, deadlines={"cancel_seconds": 1.0}) as service:
            generation = await _begun(service, stage)
            try:
                await service.core.hold(generation, owner=ANONYMOUS, still=True)
            except NotPausable:
                pass
            else:
                raise AssertionError("it was held still")
            await service.cancel(generation)
            await service.end(generation)
