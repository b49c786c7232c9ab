"""What a provider does when it is told to stop, to hold still, or to go on."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from safelight.errors import NotPausable
from safelight.generation import ANONYMOUS
from safelight.providers import Cancel, CancelKind, Provider
from safelight.status import Outcome, Phase, Status
from safelight.testing.conformance.applying import law
from safelight.testing.conformance.stage import Situation, Stage
from safelight.testing.service import Service, open_service

_ALWAYS = {CancelKind.CONFIRMED, CancelKind.REQUESTED}


def _is_at_work(status: Status) -> bool:
    return status.phase in {Phase.WAITING, Phase.QUEUED, Phase.RUNNING}


async def _begun(service: Service, stage: Stage) -> str:
    generation = await service.begin(**stage.ask(Situation.LASTS))
    await service.until(generation, _is_at_work)
    return generation


class SteeringLaws:
    """Laws about cancel, pause and resume."""

    provider: ClassVar[type[Provider]]

    @law(lambda _, can: can.cancel in _ALWAYS)
    async def test_a_cancel_stops_it(self, stage: Stage, tmp_path: Path) -> None:
        """Whoever wants it stopped has it stopped, within the time that core waits for that."""
        async with open_service(self.provider, tmp_path, stage.settings, deadlines={"cancel_seconds": 2.0}) as service:
            generation = await _begun(service, stage)
            await service.cancel(generation)
            end = await service.end(generation)
        assert end.outcome is Outcome.CANCELED
        assert end.cancel in {Cancel.CONFIRMED, Cancel.REQUESTED}

    @law(lambda _, can: can.cancel is CancelKind.CONFIRMED)
    async def test_a_cancel_is_confirmed_as_it_is_declared(self, stage: Stage, tmp_path: Path) -> None:
        """`confirmed` is said once it has stopped, and not assumed when the time is over."""
        async with open_service(self.provider, tmp_path, stage.settings, deadlines={"cancel_seconds": 60.0}) as service:
            generation = await _begun(service, stage)
            await service.cancel(generation)
            assert (await service.end(generation)).cancel is Cancel.CONFIRMED

    @law(lambda _, can: can.cancel is CancelKind.NONE)
    async def test_a_cancel_it_does_not_offer_is_said_to_be_unsupported(self, stage: Stage, tmp_path: Path) -> None:
        """Nobody is told that something stopped which goes on."""
        async with open_service(self.provider, tmp_path, stage.settings) as service:
            generation = await _begun(service, stage)
            await service.cancel(generation)
            status = await service.until(generation, lambda status: status.cancel is not Cancel.REQUESTED)
        assert status.cancel is Cancel.UNSUPPORTED

    @law(lambda _, can: can.pause)
    async def test_it_holds_still_and_goes_on(self, stage: Stage, tmp_path: Path) -> None:
        """Held still it says so; then it goes on, and can be canceled."""
        async with open_service(self.provider, tmp_path, stage.settings) as service:
            generation = await _begun(service, stage)
            held = await service.core.hold(generation, owner=ANONYMOUS, still=True)
            gone_on = await service.core.hold(generation, owner=ANONYMOUS, still=False)
            await service.cancel(generation)
            await service.end(generation)
        assert (held.phase, gone_on.phase is Phase.PAUSED) == (Phase.PAUSED, False)

    @law(lambda _, can: not can.pause)
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
