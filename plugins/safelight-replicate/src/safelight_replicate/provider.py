"""Replicate as a provider: predictions are created, looked at, looked up and canceled; webhooks have them looked at sooner."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

import attrs

from safelight.providers import (
    Cancel,
    CancelKind,
    Capabilities,
    Durability,
    Failed,
    InvalidParams,
    Job,
    NotSent,
    OutcomeUnknown,
    ProgressKind,
    ProviderError,
    ProviderUnavailable,
    RemoteProvider,
    Request,
    Resources,
    Update,
)
from safelight.providers.toolbox import files_of
from safelight_replicate.api import Api, NotThere, Prediction
from safelight_replicate.model import Model, unfold
from safelight_replicate.receipts import Receipt, Receipts, digest, match
from safelight_replicate.seals import Seals
from safelight_replicate.settings import Settings as ReplicateSettings
from safelight_replicate.telling import ENDED, tell

log = logging.getLogger(__name__)

RESULT_SECONDS = 3600.0
_EVENTS = ["start", "output", "completed"]
"""What has a prediction looked at sooner than it would be; its log is not worth it."""
_LOOKS = (0.0, 1.0, 3.0)
"""When a lost prediction is looked for: it may not be listed at once."""


_NEW = timedelta(seconds=60)
"""A prediction that was created so lately may not be everywhere yet: what does not know it, does not say that it is gone."""


class Replicate(RemoteProvider):
    """One model, version or deployment on Replicate."""

    name = "replicate"
    Settings: ClassVar[type] = ReplicateSettings

    def __init__(self, settings: ReplicateSettings, resources: Resources) -> None:
        super().__init__(settings, resources)
        self.capabilities = Capabilities(
            durability=Durability.REMOTE,
            progress=ProgressKind.LOG,
            cancel=CancelKind.CONFIRMED,
            poll_seconds=settings.poll_seconds,
            result_seconds=RESULT_SECONDS,
        )
        self._api = Api(resources.session, settings, resources.clock.now)
        self._model = Model(self._api, settings, resources.folder)
        self._receipts = Receipts(resources.folder / "submissions")
        self._seals = Seals(self._signing_key, lambda: resources.clock.now().timestamp())

    async def __aenter__(self) -> Self:
        await self._model.open()
        self.terms = self._model.terms
        self.resources.spawn(self._keep_up(), name="refresh")
        return self

    async def submit(self, request: Request[Any, Any], key: str) -> Job:
        """Create a prediction."""
        seen, described = self._model.seen, self._model.described
        if seen is None or described is None:
            raise NotSent(str(self._model.terms.fault))
        form = described.input
        filled = unfold(form.fill(request), seen)
        self._weigh(filled, form.path_of)
        receipt = Receipt(at=self._api.time(), digest=digest(filled))
        try:
            await self._receipts.write(key, receipt)
        except OSError as error:
            raise NotSent(f"It cannot be written down here what is handed in ({type(error).__name__}).") from error
        try:
            created = await self._api.create(seen.path, self._body(filled, seen.version, key), self._headers(), form.path_of)
        except ProviderError as error:
            if error.is_sent is not None:
                await self._receipts.drop(key)
            raise
        await self._note(key, receipt, created)
        return self._job(created, receipt)

    async def poll(self, job: Job) -> Sequence[Update]:
        """Return where the prediction stands."""
        try:
            return list(tell(await self._api.show(job), job))
        except NotThere:
            self._check_is_old(job)
            return [Failed("Replicate no longer knows this prediction.", code="output_unavailable")]

    async def find(self, key: str) -> Job | None:
        """
        Return the prediction that was created under this key, which Replicate does not know: by its receipt, or by the list.

        Raises:
            OutcomeUnknown: It is not listed, or not to be told from others. That it is not there nobody can say for sure.
        """
        receipt = await self._receipts.read(key)
        if receipt is None:
            raise OutcomeUnknown("Nothing is written down here of this submission.")
        if receipt.id is not None:
            return self._job({"id": receipt.id}, receipt)
        before = 0.0
        for after in _LOOKS:
            await asyncio.sleep(after - before)
            before = after
            if (found := await self._listed(key, receipt)) is not None:
                await self._note(key, receipt, found)
                return self._job(found, receipt)
        raise OutcomeUnknown("Replicate lists no such prediction, but it may come late.")

    async def cancel(self, job: Job) -> Cancel:
        """Stop the prediction; Replicate answers when it has."""
        try:
            stopped = await self._api.cancel(job)
        except NotThere:
            self._check_is_old(job)
            return Cancel.TOO_LATE
        match stopped.get("status"):
            case "canceled" | "aborted":
                return Cancel.CONFIRMED
            case word if word in ENDED:
                return Cancel.TOO_LATE
            case _:
                return Cancel.REQUESTED

    async def webhook(self, raw: bytes, headers: Mapping[str, str]) -> None:
        """Check that Replicate signed it."""
        await self._seals.check(raw, headers)

    def _check_is_old(self, job: Job) -> None:
        at = job.data.get("at")
        if isinstance(at, str) and self._api.time() - datetime.fromisoformat(at) < _NEW:
            raise ProviderUnavailable("Replicate does not show this prediction yet.")

    async def _note(self, key: str, receipt: Receipt, prediction: Prediction) -> None:
        try:
            await self._receipts.write(key, attrs.evolve(receipt, id=prediction["id"]))
        except OSError:
            log.warning("replicate_receipt_not_completed", exc_info=True)  # the job is journalled all the same

    async def _listed(self, key: str, receipt: Receipt) -> Prediction | None:
        others = await self._receipts.others(key)
        listed = self._api.predictions(created_after=receipt.earliest, created_before=receipt.latest)
        async with aclosing(listed):
            try:
                return await match(receipt, listed, others)
            except NotThere:
                return None

    def _body(self, filled: dict[str, Any], version: str | None, key: str) -> dict[str, Any]:
        body: dict[str, Any] = {"input": filled}
        if version is not None:
            body["version"] = version
        url = self.resources.webhook_url(key)
        if url is not None and url.startswith("https://"):
            body |= {"webhook": url, "webhook_events_filter": _EVENTS}
        return body

    def _headers(self) -> dict[str, str]:
        seconds = self.settings.cancel_after_seconds
        return {} if seconds is None else {"Cancel-After": f"{seconds}s"}

    def _weigh(self, filled: dict[str, Any], path_of: Callable[[str], str]) -> None:
        at_most = self.settings.data_url_bytes
        for name, value in filled.items():
            if any(file[:5].lower() == "data:" and len(file) > at_most for file in files_of(value)):
                raise InvalidParams(f"{path_of(name)}: a data: URL may have {at_most} bytes; larger files go by https:// URL.")

    def _job(self, prediction: Prediction, receipt: Receipt) -> Job:
        seen, described = self._model.seen, self._model.described
        data: dict[str, Any] = {"v": 1, "at": receipt.at.isoformat()}
        data["is_public"] = seen is not None and seen.is_public
        data["has_deadline"] = self.settings.cancel_after_seconds is not None
        data["is_concatenated"] = described is not None and described.is_concatenated
        urls = prediction.get("urls")
        for name in ("get", "cancel"):
            if isinstance(urls, dict) and (url := self._api.trusted(urls.get(name))) is not None:
                data[name] = str(url)
        return Job(prediction["id"], data)

    async def _signing_key(self) -> str:
        try:
            said = await self._api.read("webhooks/default/secret")
        except NotThere:
            raise ProviderUnavailable("Replicate has no signing key for webhooks.") from None
        return str(said.get("key"))

    async def _keep_up(self) -> None:
        while True:
            await self._receipts.sweep()
            await asyncio.sleep(self._model.next_seconds)
            await self._model.refresh()
            self.terms = self._model.terms
