"""What holds for every provider, local or remote."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from structlog.testing import capture_logs

from safelight.codec import encode_status
from safelight.errors import InvalidInput
from safelight.plugins import NAME, class_faults
from safelight.providers import (
    Canceled,
    Capabilities,
    Failed,
    Previewed,
    Produced,
    Progressed,
    ProgressKind,
    Provider,
    Succeeded,
    Update,
)
from safelight.status import Charged, Outcome, Status
from safelight.structuring import structure
from safelight.testing.conformance.applying import law
from safelight.testing.conformance.hearing import run
from safelight.testing.conformance.stage import Situation, Stage
from safelight.testing.opening import admitted, open_provider
from safelight.testing.service import Service, open_service
from safelight.updates import PROVIDER_CODES, CoreUpdate

_ENDS = (Succeeded, Failed, Canceled)
_OUR_FAULTS = {"provider_crashed", "provider_protocol", "internal"}


def _counts(_: type[Provider], can: Capabilities) -> bool:
    return can.progress in {ProgressKind.PERCENT, ProgressKind.STEPS}


async def story(service: Service, generation: str) -> list[Status]:
    """Return every snapshot that was published of a generation."""
    return await service.core.journal.read(generation, limit=10_000)


class EverybodysLaws:
    """Laws about what a provider is, says, keeps to itself and leaves behind."""

    provider: ClassVar[type[Provider]]

    @law()
    async def test_it_is_described_whole(self, stage: Stage, tmp_path: Path) -> None:  # noqa: ARG002 - every law takes the same
        """Its name can stand in a URL, and its classes become forms."""
        assert NAME.fullmatch(self.provider.name)
        faults = [
            fault for role in ("Settings", "Params", "Options") for fault in class_faults(role, getattr(self.provider, role))
        ]
        assert faults == []

    @law()
    async def test_a_setting_it_does_not_know_is_refused_by_name(self, stage: Stage, tmp_path: Path) -> None:  # noqa: ARG002 - see above
        """A misspelt setting is no setting."""
        structure(stage.settings, self.provider.Settings)
        try:
            structure({**stage.settings, "surely_no_setting": 1}, self.provider.Settings)
        except InvalidInput as error:
            assert "surely_no_setting" in str(error)
        else:
            raise AssertionError("'surely_no_setting' was taken")

    @law()
    async def test_a_success_has_outputs_and_the_service_keeps_them(self, stage: Stage, tmp_path: Path) -> None:
        """What it hands over can be kept, before success is said."""
        async with open_service(self.provider, tmp_path, stage.settings) as service:
            end = await service.run(**stage.ask(Situation.SUCCEEDS))
        assert end.outcome is Outcome.SUCCEEDED, f"{end.outcome}: {end.error}"
        assert end.outputs
        assert all(output.bytes for output in end.outputs)
        assert end.charged in set(Charged)

    @law()
    async def test_nothing_goes_back(self, stage: Stage, tmp_path: Path) -> None:
        """Neither the state nor the progress, and the end is the last word."""
        async with open_service(self.provider, tmp_path, stage.settings) as service:
            generation = await service.begin(**stage.ask(Situation.SUCCEEDS))
            await service.end(generation)
            statuses = await story(service, generation)
        order = ["started", "processing", "succeeded", "failed"]
        assert [order.index(status.state) for status in statuses] == sorted(order.index(status.state) for status in statuses)
        shown = [status.progress for status in statuses if status.progress is not None]
        assert shown == sorted(shown)
        assert [status.is_terminal for status in statuses].index(True) == len(statuses) - 1

    @law()
    async def test_every_word_is_one_that_plugins_may_say_and_the_last_is_an_end(self, stage: Stage, tmp_path: Path) -> None:
        """What core says of itself is not a plugin's to say."""
        async with open_provider(self.provider, tmp_path, stage.settings) as provider:
            updates = (await run(provider, admitted(provider, **stage.ask(Situation.SUCCEEDS)))).updates
        assert all(isinstance(update, Update) and not isinstance(update, CoreUpdate) for update in updates)
        assert [isinstance(update, _ENDS) for update in updates] == [False] * (len(updates) - 1) + [True]
        assert any(isinstance(update, Produced) for update in updates)

    @law(_counts)
    async def test_progress_is_counted_as_it_is_declared(self, stage: Stage, tmp_path: Path) -> None:
        """Who declares percents or steps tells some."""
        async with open_provider(self.provider, tmp_path, stage.settings) as provider:
            updates = (await run(provider, admitted(provider, **stage.ask(Situation.SUCCEEDS)))).updates
        told = [update for update in updates if isinstance(update, Progressed)]
        assert any(update.fraction is not None or update.steps is not None for update in told)

    @law()
    async def test_previews_come_if_and_only_if_they_are_declared(self, stage: Stage, tmp_path: Path) -> None:
        """Front ends make room for them."""
        async with open_provider(self.provider, tmp_path, stage.settings) as provider:
            updates = (await run(provider, admitted(provider, **stage.ask(Situation.SUCCEEDS)))).updates
            is_declared = provider.capabilities.previews
        assert any(isinstance(update, Previewed) for update in updates) is is_declared

    @law()
    async def test_a_failure_is_told_in_a_sentence_and_a_known_code(self, stage: Stage, tmp_path: Path) -> None:
        """What goes wrong upstream is no crash of the plugin's."""
        async with open_service(self.provider, tmp_path, stage.settings, attempts=1) as service:
            end = await service.run(**stage.ask(Situation.FAILS))
        assert end.outcome in {Outcome.FAILED, Outcome.REJECTED}
        assert end.error
        assert end.code in PROVIDER_CODES - _OUR_FAULTS

    @law()
    async def test_no_secret_shows(self, stage: Stage, tmp_path: Path) -> None:
        """Not in a log, a snapshot, a job or the settings as they print themselves."""
        with capture_logs() as lines:
            async with open_service(self.provider, tmp_path, stage.settings, attempts=1) as service:
                generation = await service.begin(**stage.ask(Situation.SUCCEEDS))
                await service.end(generation)
                statuses = await story(service, generation)
                attempts = await service.core.journal.attempts(generation)
            said = repr(structure(stage.settings, self.provider.Settings))
        shown = [said, repr(lines), repr(attempts), *(encode_status(status).decode() for status in statuses)]
        assert not [secret for secret in stage.secrets if any(secret in text for text in shown)]

    @law()
    async def test_it_leaves_nothing_behind(self, stage: Stage, tmp_path: Path) -> None:
        """No task is left when it has closed."""
        before = asyncio.all_tasks()
        async with open_provider(self.provider, tmp_path, stage.settings) as provider:
            await run(provider, admitted(provider, **stage.ask(Situation.SUCCEEDS)))
        await asyncio.sleep(0)
        left = {task.get_name() for task in asyncio.all_tasks() - before}
        assert not left, f"left behind: {left}"
