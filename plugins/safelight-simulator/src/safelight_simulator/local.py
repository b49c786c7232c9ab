"""The simulator as a local provider: the script is played inside the run."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any, ClassVar, Self

import attrs

from safelight.providers import Control, Durability, Job, LocalProvider, Request, Resources, Update
from safelight_simulator.acts import ENDS, Act
from safelight_simulator.books import Books
from safelight_simulator.bounds import check_bounds
from safelight_simulator.desk import hand_in
from safelight_simulator.ears import Ears
from safelight_simulator.options import Options
from safelight_simulator.params import Params, scene_of
from safelight_simulator.scenarios import Plan, plan_of
from safelight_simulator.settings import LocalSettings, capabilities
from safelight_simulator.stage import HungUp, Stage
from safelight_simulator.timeline import Beat, lay_out
from safelight_simulator.wire import fingerprint

_Request = Request[Params, Options]


class Simulator(LocalProvider):
    """Plays a scenario or a script of your own, with real pictures: no GPU, no key, no money."""

    name = "simulator"
    Settings: ClassVar[type] = LocalSettings
    Params: ClassVar[type] = Params
    Options: ClassVar[type] = Options

    def __init__(self, settings: LocalSettings, resources: Resources) -> None:
        super().__init__(settings, resources)
        self.capabilities = capabilities(settings)
        self._books = Books(resources.folder, resources.clock)

    async def __aenter__(self) -> Self:
        await self._books.__aenter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._books.__aexit__(*exc_info)

    async def generate(self, request: _Request, control: Control) -> AsyncIterator[Update]:
        """Play the script, after handing it in at an upstream where the run is paid."""
        plan = plan_of(request.options, request.params)
        scene = scene_of(request)
        if not self.settings.hazards:
            check_bounds(plan.acts, scene, self.resources.instance)
        run = await self._begin(request, plan, control)
        ears = Ears()
        stage = Stage(scene, ears, control.spawn, lambda beat: self._strikes(request, beat))
        *beats, run_out = lay_out((*plan.acts, Act(do="succeed")), seed=scene.seed, jitter=request.options.jitter)
        try:
            for beat in beats:
                await run.reach(beat.at, ears)
                said = await stage.play(beat)
                if beat.act.do in ENDS:
                    await run.end(beat.act.do)
                if said is not None:
                    yield said
            await run.reach(run_out.at, ears)
            await run.end("succeed")
        except HungUp:
            await run.end("succeed")
        except asyncio.CancelledError:
            await run.end("canceled")
            raise
        except Exception:
            await run.end("fail")
            raise

    async def _begin(self, request: _Request, plan: Plan, control: Control) -> _Run:
        """Hand the job in; only where the run pays at an upstream is there anything to write down."""
        job = f"run-{secrets.token_hex(8)}"
        charge = request.options.charge
        is_paid = self.capabilities.durability is Durability.CONNECTION

        async def accept() -> str:
            if is_paid:
                await self._books.note("submitted", job, charged=charge == "accept")
            return job

        if is_paid:
            await control.submitting()
        await hand_in(self._books, request, plan, accept)
        if is_paid:
            await control.accepted(Job(job))
        return _Run(control, self._books if is_paid else None, job, charges_success=charge == "success")

    def _strikes(self, request: _Request, beat: Beat) -> Any:
        return self._books.strikes(fingerprint(request), str(beat.place), beat.act.times)


_EVENTS = {"succeed": "succeeded", "fail": "failed", "canceled": "canceled"}


@attrs.define
class _Run:
    """The time and the account of one run."""

    _control: Control
    _books: Books | None
    _job: str
    _charges_success: bool = attrs.field(kw_only=True)
    _origin: float = attrs.field(factory=lambda: asyncio.get_running_loop().time(), init=False)
    _has_ended: bool = attrs.field(default=False, init=False)

    async def reach(self, at: float, ears: Ears) -> None:
        """Wait until a beat is due; time spent paused does not count."""
        loop = asyncio.get_running_loop()
        await ears.until(self._origin + at)
        before = loop.time()
        was_paused = self._control.is_paused
        await ears.through(self._control.checkpoint)
        if was_paused:
            self._origin += loop.time() - before

    async def end(self, do: str) -> None:
        """Close the account; what comes after the first end changes nothing."""
        if self._has_ended or self._books is None:
            return
        self._has_ended = True
        await self._books.note(_EVENTS[do], self._job, charged=self._charges_success and do == "succeed")
