"""What a provider says of a run, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from safelight.providers import (
    Canceled,
    Capabilities,
    Failed,
    Logged,
    Noted,
    Previewed,
    Produced,
    Progressed,
    ProgressKind,
    Provider,
    Queued,
    Started,
    Succeeded,
    Update,
)
from safelight.status import Outcome
from safelight.testing.conformance.applying import law
from safelight.testing.conformance.hearing import run, run_by_one_voice
from safelight.testing.conformance.stage import Situation, Stage
from safelight.testing.opening import admitted, open_provider
from safelight.testing.service import open_service
from safelight.updates import PROVIDER_CODES, CoreUpdate

_ENDS = (Succeeded, Failed, Canceled)
_AT_WORK = (Started, Progressed, Previewed, Produced)
_OUR_FAULTS = {"provider_crashed", "provider_protocol", "internal"}


def _is_counted(update: Update) -> bool:
    return isinstance(update, Progressed) and (update.fraction is not None or update.steps is not None)


_SHOWS: Mapping[ProgressKind, Callable[[Update], bool]] = {
    ProgressKind.PERCENT: _is_counted,
    ProgressKind.STEPS: lambda update: isinstance(update, Progressed) and update.steps is not None,
    ProgressKind.LOG: lambda update: isinstance(update, Progressed | Logged | Noted),
    ProgressKind.QUEUE: lambda update: isinstance(update, Queued),
}


class TellingLaws:
    """Laws about the updates of a run."""

    provider: ClassVar[type[Provider]]

    @law()
    async def test_a_success_has_outputs_and_the_service_keeps_them(self, stage: Stage, tmp_path: Path) -> None:
        """What it hands over can be kept, before success is said."""
        async with open_service(self.provider, tmp_path, stage.settings) as service:
            end = await service.run(**stage.ask(Situation.SUCCEEDS))
        assert end.outcome is Outcome.SUCCEEDED, f"{end.outcome}: {end.error}"
        assert end.outputs
        assert all(output.bytes for output in end.outputs)

    @law()
    async def test_every_word_is_one_that_plugins_may_say_and_the_last_is_an_end(self, stage: Stage, tmp_path: Path) -> None:
        """What core says of itself is not a plugin's to say."""
        updates, _ = await self._told(stage, tmp_path)
        assert all(isinstance(update, Update) and not isinstance(update, CoreUpdate) for update in updates)
        assert [isinstance(update, _ENDS) for update in updates] == [False] * (len(updates) - 1) + [True]
        assert any(isinstance(update, Produced) for update in updates)

    @law()
    async def test_nothing_goes_back(self, stage: Stage, tmp_path: Path) -> None:
        """Who is at work waits no more, and progress does not fall, while the upstream does neither."""
        async with open_provider(self.provider, tmp_path, stage.settings) as provider:
            updates = await run_by_one_voice(provider, admitted(provider, **stage.ask(Situation.SUCCEEDS)))
        is_at_work = [isinstance(update, _AT_WORK) for update in updates if isinstance(update, (Queued, *_AT_WORK))]
        assert is_at_work == sorted(is_at_work)
        fractions = [update.fraction for update in updates if isinstance(update, Progressed) and update.fraction is not None]
        assert fractions == sorted(fractions)
        steps = [update.steps.current for update in updates if isinstance(update, Progressed) and update.steps is not None]
        assert steps == sorted(steps)

    @law()
    async def test_progress_is_counted_as_it_is_declared(self, stage: Stage, tmp_path: Path) -> None:
        """Who declares percents, steps, a log or a queue tells some; who declares nothing tells none."""
        updates, can = await self._told(stage, tmp_path)
        if can.progress is ProgressKind.NONE:
            assert not any(map(_is_counted, updates))
        else:
            assert any(map(_SHOWS[can.progress], updates)), f"no '{can.progress}' in {updates}"

    @law()
    async def test_previews_come_if_and_only_if_they_are_declared(self, stage: Stage, tmp_path: Path) -> None:
        """Front ends make room for them."""
        updates, can = await self._told(stage, tmp_path)
        assert any(isinstance(update, Previewed) for update in updates) is can.previews

    @law()
    async def test_a_failure_is_told_in_a_sentence_and_a_known_code(self, stage: Stage, tmp_path: Path) -> None:
        """What goes wrong upstream is no crash of the plugin's."""
        async with open_service(self.provider, tmp_path, stage.settings, attempts=1) as service:
            end = await service.run(**stage.ask(Situation.FAILS))
        assert end.outcome in {Outcome.FAILED, Outcome.REJECTED}
        assert end.error
        assert end.code in PROVIDER_CODES - _OUR_FAULTS

    async def _told(self, stage: Stage, folder: Path) -> tuple[list[Update], Capabilities]:
        """Return everything that is said of a run that ends well, and what was promised of it."""
        async with open_provider(self.provider, folder, stage.settings) as provider:
            heard = await run(provider, admitted(provider, **stage.ask(Situation.SUCCEEDS)))
            return heard.updates, provider.capabilities
