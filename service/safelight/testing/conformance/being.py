"""What a provider is, keeps to itself and leaves behind."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, get_args

import attrs
from structlog.testing import capture_logs

from safelight.errors import InvalidInput
from safelight.plugins import NAME, class_faults
from safelight.providers import Capabilities, Provider, ProviderError, RemoteProvider, Secret
from safelight.structuring import structure
from safelight.testing.conformance.applying import Whom, law
from safelight.testing.conformance.hearing import KEY, run
from safelight.testing.conformance.stage import Situation, Stage
from safelight.testing.opening import admitted, open_provider

_MOMENT = 1.0
_TURN = 0.01


def _has_secrets(cls: type[Provider], _: Capabilities) -> bool:
    return any(Secret in {field.type, *get_args(field.type)} for field in attrs.fields(attrs.resolve_types(cls.Settings)))


class BeingLaws:
    """Laws about what a provider is, whatever it is asked for."""

    provider: ClassVar[type[Provider]]
    capabilities: ClassVar[Capabilities | None]

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
    async def test_an_instance_can_do_what_its_suite_goes_by(self, stage: Stage, tmp_path: Path) -> None:
        """Laws that do not apply are no tests, so nobody may choose them by what the provider is not."""
        async with open_provider(self.provider, tmp_path, stage.settings) as provider:
            assert _choosing(provider.capabilities) == _choosing(self.capabilities or self.provider.capabilities)

    @law(Whom("providers with a `Secret` in their settings", _has_secrets))
    async def test_no_secret_shows(self, stage: Stage, tmp_path: Path) -> None:
        """Not in what it says, nor in an error, a job, a log or the settings as they print themselves, before core masks them."""
        assert stage.secrets, "say what must not show: Stage.secrets"
        with _logs() as lines:
            async with open_provider(self.provider, tmp_path, stage.settings) as provider:
                said = [repr(provider.settings), repr(provider)]
                said.append(await _said(run(provider, admitted(provider, **stage.ask(Situation.SUCCEEDS)))))
                said.append(await _said(run(provider, admitted(provider, **stage.ask(Situation.FAILS)))))
                if isinstance(provider, RemoteProvider):
                    said.append(await _said(provider.submit(admitted(provider, **stage.ask(Situation.REFUSED)), KEY)))
        shown = [text for text in (*said, *lines) if any(secret in text for secret in stage.secrets)]
        assert not shown

    @law()
    async def test_it_leaves_nothing_behind(self, stage: Stage, tmp_path: Path) -> None:
        """No task and no socket is left when it has closed."""
        before = _held()
        async with open_provider(self.provider, tmp_path, stage.settings) as provider:
            await run(provider, admitted(provider, **stage.ask(Situation.SUCCEEDS)))
        assert not await _left(before)


def _choosing(can: Capabilities) -> Capabilities:
    """Return what chooses laws."""
    return attrs.evolve(can, poll_seconds=1.0, result_seconds=None)


async def _said(work: Any) -> str:
    """Return what it gives, or raises, as it prints itself."""
    try:
        return repr(await work)
    except ProviderError as error:
        return f"{error!r} {error.__cause__!r}"


async def _left(before: set[object]) -> set[object]:
    """Return what is held that was not before; the other end of a connection hears of its end a little later."""
    loop = asyncio.get_running_loop()
    patience = loop.time() + _MOMENT
    while (left := _held() - before) and loop.time() < patience:  # noqa: ASYNC110 - files are not awaited
        await asyncio.sleep(_TURN)
    return left


def _held() -> set[object]:
    """Return the tasks of this loop and the sockets of this process."""
    held: set[object] = set(asyncio.all_tasks())
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - these are no files
        try:
            found = os.fstat(int(name))
        except OSError:
            continue  # of the listing itself
        if stat.S_ISSOCK(found.st_mode):
            held.add(f"socket {name} ({found.st_ino})")
    return held


@contextmanager
def _logs() -> Iterator[list[str]]:
    """Collect whatever is logged, by structlog or by the standard library."""
    lines: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    collector, root = Collector(), logging.getLogger()
    level = root.level
    root.addHandler(collector)
    root.setLevel(logging.DEBUG)
    try:
        with capture_logs() as told:
            yield lines
        lines += map(repr, told)
    finally:
        root.removeHandler(collector)
        root.setLevel(level)
