"""What holds for providers whose jobs live upstream: handles, looking up, restarts, lost answers, webhooks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Awaitable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import attrs
from multidict import CIMultiDict

from safelight.codec import encode
from safelight.providers import (
    Capabilities,
    Durability,
    Job,
    OutcomeUnknown,
    Produced,
    Provider,
    ProviderError,
    RemoteProvider,
    Succeeded,
    Update,
    WebhookRefused,
)
from safelight.status import Charged, Outcome
from safelight.testing.conformance.applying import Whom, law, overrides
from safelight.testing.conformance.hearing import KEY, as_remote, heard, submitted
from safelight.testing.conformance.stage import Situation, Stage
from safelight.testing.conformance.steering import is_at_work
from safelight.testing.opening import admitted, open_provider
from safelight.testing.service import open_service

_MOST_BYTES = 16 * 1024
_UNKNOWN = "f" * 32
_OLD_SECONDS = 3600.0


def _is_remote(cls: type[Provider], _: Capabilities) -> bool:
    return issubclass(cls, RemoteProvider)


def _lasts(cls: type[Provider], can: Capabilities) -> bool:
    return _is_remote(cls, can) and can.durability is Durability.REMOTE


def _has(method: str) -> Whom:
    return Whom(f"remote providers with a `{method}`", lambda cls, _: issubclass(cls, RemoteProvider) and overrides(cls, method))


_REMOTE = Whom("remote providers", _is_remote)
_LASTING = Whom("remote providers that declare durability `remote`", _lasts)


def _url(key: str) -> str:
    return f"https://pictures.example/v1/webhooks/it/{key}"


class RemoteLaws:
    """Laws about jobs that live upstream."""

    provider: ClassVar[type[Provider]]

    @law(_REMOTE)
    async def test_a_job_is_small_plain_and_without_secrets(self, stage: Stage, tmp_path: Path) -> None:
        """It is written into the journal."""
        async with open_provider(self.provider, tmp_path, stage.settings) as provider:
            job = await submitted(as_remote(provider), admitted(provider, **stage.ask(Situation.LASTS)))
        assert isinstance(job, Job)
        written = encode(attrs.asdict(job))
        assert json.loads(written) == attrs.asdict(job)
        assert len(written) <= _MOST_BYTES
        assert not [secret for secret in stage.secrets if secret in written.decode()]

    @law(_LASTING)
    async def test_another_process_watches_a_job_on(self, stage: Stage, tmp_path: Path) -> None:
        """The job as it was written down, and the provider's own folder, are all that is needed; nothing is handed in again."""
        async with open_provider(self.provider, tmp_path, stage.settings) as provider:
            job = await submitted(as_remote(provider), admitted(provider, **stage.ask(Situation.LASTS)))
        taken, job = stage.submissions, Job(**json.loads(encode(attrs.asdict(job))))
        async with open_provider(self.provider, tmp_path, stage.settings) as provider:
            stage.go_on()
            updates = (await heard(as_remote(provider), job)).updates
        assert isinstance(updates[-1], Succeeded)
        assert any(isinstance(update, Produced) for update in updates)
        assert stage.submissions == taken

    @law(_LASTING)
    async def test_a_restart_of_the_service_loses_nothing_and_doubles_nothing(self, stage: Stage, tmp_path: Path) -> None:
        """The same end, with the same number of outputs, of one submission."""
        async with open_service(self.provider, tmp_path / "usual", stage.settings) as service:
            usual = await service.run(**stage.ask(Situation.SUCCEEDS))
        folder, before = tmp_path / "restarted", stage.submissions
        async with open_service(self.provider, folder, stage.settings, is_kept=True) as service:
            generation = await service.begin(**stage.ask(Situation.LASTS))
            await service.until(generation, lambda status: is_at_work(status) and len(status.outputs) >= stage.early_outputs)
        async with open_service(self.provider, folder, stage.settings, is_kept=True) as service:
            stage.go_on()
            end = await service.end(generation)
        assert (end.outcome, len(end.outputs)) == (Outcome.SUCCEEDED, len(usual.outputs)), f"{end.outcome}: {end.error}"
        assert stage.submissions == before + 1

    @law(_has("poll"))
    async def test_asking_twice_is_harmless(self, stage: Stage, tmp_path: Path) -> None:
        """A poll says where the job stands, as often as it is asked, and changes nothing."""
        async with open_provider(self.provider, tmp_path, stage.settings) as provider:
            remote = as_remote(provider)
            job = await submitted(remote, admitted(provider, **stage.ask(Situation.SUCCEEDS)))
            end = (await heard(remote, job)).updates[-1]
            taken = stage.submissions
            first, second = [[await _with_bytes(update) for update in await remote.poll(job)] for _ in range(2)]
        assert first == second
        assert not first or type(first[-1]) is type(end)
        assert stage.submissions == taken

    @law(_REMOTE)
    async def test_a_refusal_is_told_as_one_and_costs_nothing(self, stage: Stage, tmp_path: Path) -> None:
        """That the upstream took nothing is known, and said."""
        async with open_provider(self.provider, tmp_path / "alone", stage.settings) as provider:
            error = await _raised(submitted(as_remote(provider), admitted(provider, **stage.ask(Situation.REFUSED))))
        async with open_service(self.provider, tmp_path / "served", stage.settings, attempts=1) as service:
            end = await service.run(**stage.ask(Situation.REFUSED))
        assert isinstance(error, ProviderError)
        assert error.is_sent is not None
        assert (end.is_terminal, end.outcome is Outcome.SUCCEEDED, end.charged) == (True, False, Charged.NO)
        assert stage.submissions == 0

    @law(_REMOTE)
    async def test_a_lost_answer_is_never_handed_in_again(self, stage: Stage, tmp_path: Path) -> None:
        """It is found again, or its fate is unknown: never paid twice."""
        async with open_service(self.provider, tmp_path, stage.settings, deadlines={"submit_seconds": 1.0}) as service:
            end = await service.run(**stage.ask(Situation.UNANSWERED))
        assert end.outcome in {Outcome.SUCCEEDED, Outcome.UNKNOWN}
        assert end.charged is not Charged.NO
        assert stage.submissions == 1

    @law(_has("find"))
    async def test_looking_a_submission_up_starts_nothing_and_tells_the_truth(self, stage: Stage, tmp_path: Path) -> None:
        """What was handed in is found, or nobody knows; None is said of what never was."""
        async with open_provider(self.provider, tmp_path, stage.settings) as provider:
            remote = as_remote(provider)
            job = await submitted(remote, admitted(provider, **stage.ask(Situation.LASTS)))
            taken = stage.submissions
            found = await _raised(remote.find(KEY))
            never = await _raised(remote.find(_UNKNOWN))
        assert isinstance(found, OutcomeUnknown) or (isinstance(found, Job) and found.id == job.id)
        assert never is None or isinstance(never, ProviderError)
        assert stage.submissions == taken

    @law(_has("webhook"))
    async def test_a_webhook_is_believed_if_and_only_if_it_is_genuine_and_new(self, stage: Stage, tmp_path: Path) -> None:
        """Forged or old, it is refused; genuine, it is taken."""
        async with open_provider(self.provider, tmp_path, stage.settings, webhooks=_url) as provider:
            remote = as_remote(provider)
            await submitted(remote, admitted(provider, **stage.ask(Situation.LASTS)))
            assert await _raised(_hear(remote, stage.message())) is None
            for message in (stage.message(is_genuine=False), stage.message(ago_seconds=_OLD_SECONDS)):
                assert isinstance(await _raised(_hear(remote, message)), WebhookRefused)


async def _hear(provider: RemoteProvider, message: tuple[bytes, Mapping[str, str]]) -> None:
    """Bring a message as the service does: a header is found in whichever case it is asked for."""
    raw, headers = message
    await provider.webhook(raw, CIMultiDict(headers))


async def _with_bytes(update: Update) -> Update:
    """Return an update that can be compared with another: chunks are read, as they come only once."""
    if isinstance(update, Produced) and isinstance(update.content, AsyncIterable):
        return attrs.evolve(update, content=b"".join([chunk async for chunk in update.content]))
    return update


async def _raised(work: Awaitable[Any]) -> Any:
    """Return what it returns, or the provider's error that it raises."""
    try:
        return await work
    except ProviderError as error:
        return error
