"""fal's queue as a provider: jobs are handed in, listened to or polled, their results read, and canceled by request."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar, Self

from safelight.providers import (
    Cancel,
    Canceled,
    CancelKind,
    Capabilities,
    Durability,
    Failed,
    Job,
    NotSent,
    ProgressKind,
    ProviderError,
    ProviderProtocol,
    ProviderUnavailable,
    RemoteProvider,
    Request,
    Resources,
    Unsupported,
    Update,
)
from safelight_fal import results
from safelight_fal.answer import Answer
from safelight_fal.endpoint import Endpoint
from safelight_fal.faults import Fault, is_cancellation, of_answer, of_word
from safelight_fal.queue import NotThere, Queue
from safelight_fal.seals import Seals
from safelight_fal.settings import Settings as FalSettings
from safelight_fal.story import Story

_MOST_STORIES = 1000
"""A job that is over is forgotten at once; one that was left behind, when so many others came after it."""


class Fal(RemoteProvider):
    """One endpoint behind a queue that speaks fal's protocol."""

    name = "fal"
    Settings: ClassVar[type] = FalSettings

    def __init__(self, settings: FalSettings, resources: Resources) -> None:
        super().__init__(settings, resources)
        self._endpoint = Endpoint(resources.session, settings, resources.folder)
        self._queue = Queue(resources.session, settings, resources.clock.now)
        self._seals = Seals(resources, settings.jwks_url)
        self._stories: OrderedDict[str, Story] = OrderedDict()
        self.capabilities = Capabilities(
            durability=Durability.REMOTE,
            progress=ProgressKind.LOG,
            cancel=CancelKind.REQUESTED if settings.cancel_codes.requested else CancelKind.NONE,
            poll_seconds=settings.poll_seconds,
            result_seconds=settings.lifetime_seconds,
        )

    async def __aenter__(self) -> Self:
        await self._endpoint.open()
        self.terms = self._endpoint.terms
        if self._endpoint.is_read:
            self.resources.spawn(self._keep_up(), name="refresh")
        return self

    async def submit(self, request: Request[Any, Any], key: str) -> Job:
        """Hand a job in. The queue knows no key of ours, so that a submission without an answer cannot be looked up."""
        if (form := self._endpoint.form) is None:
            raise NotSent(str(self._endpoint.terms.fault))
        webhook = self.resources.webhook_url(key) if self.settings.jwks_url else None
        return await self._queue.submit(form.fill(request), webhook, form.path_of)

    async def watch(self, job: Job) -> AsyncIterator[Update]:
        """Yield what happens to the job until it is over; how it ended, and whatever goes wrong here, is for a poll to say."""
        if not self.settings.stream:
            return
        story = self._story(job)
        async with self._queue.listen(job) as events:
            while (said := await _next(events)) is not None:
                if not said:
                    yield story.newest
                    continue
                for update in story.stand(said):
                    yield update
                if story.is_over(said):
                    return

    async def poll(self, job: Job) -> Sequence[Update]:
        """Return where the job stands, and its outputs once it is over."""
        story = self._story(job)
        try:
            said = await self._queue.status(job)
        except NotThere:
            return [self._missing(job, story, "The queue no longer knows the job.")]
        if story.is_over(said):
            ended = await self._end(job, story, said)
            return [*story.stand(said), *ended]
        story.lost_at = None
        return list(story.stand(said))

    async def cancel(self, job: Job) -> Cancel:
        """Ask for it to be stopped; that it has stopped, the job itself says."""
        codes = self.settings.cancel_codes
        if not codes.requested:
            raise Unsupported("This queue cannot cancel.")
        answer = await self._queue.cancel(job)
        if answer.status in codes.too_late:
            return Cancel.TOO_LATE
        if answer.status not in {*codes.requested, *codes.gone}:
            raise self._queue.refused(answer)
        self._story(job).is_cancel_asked = True
        return Cancel.REQUESTED

    async def webhook(self, raw: bytes, headers: Mapping[str, str]) -> None:
        """Return if a message was signed by the queue."""
        await self._seals.check(raw, headers)

    async def _end(self, job: Job, story: Story, said: dict[str, Any]) -> list[Update]:
        """Return how a job ended: neither its last status nor the answer for its result says it alone."""
        error_type, error = str(said.get("error_type") or ""), said.get("error")
        if is_cancellation(error_type):
            return self._ended(job, Canceled())
        try:
            answer = await self._queue.result(job)
        except ProviderError:
            if not (error or error_type):
                raise
            answer = None
        measured = list(story.measured(said))
        if answer is not None and not answer.is_good:
            if is_cancellation(answer.error_type):
                return self._ended(job, Canceled())
            if answer.is_gone:
                return [self._missing(job, story, "The queue no longer has the result.")]
            return self._ended(job, *measured, self._fault(answer).ended())
        if error or error_type or answer is None:
            fault = of_word(error_type, str(error or "The job failed.")[:300], has_deadline=self._has_deadline)
            return self._ended(job, *measured, fault.ended())
        told = results.told(answer.read, keys=self.settings.outputs, flagged=self.settings.flagged)
        return self._ended(job, *measured, *told)

    def _fault(self, answer: Answer) -> Fault:
        form = self._endpoint.form
        return of_answer(answer, form.path_of if form else str, has_deadline=self._has_deadline)

    @property
    def _has_deadline(self) -> bool:
        return self.settings.start_seconds is not None

    def _ended(self, job: Job, *updates: Update) -> list[Update]:
        self._stories.pop(job.id, None)
        return list(updates)

    def _missing(self, job: Job, story: Story, sentence: str) -> Update:
        """
        Return what it means that the queue does not know the job, or its result: it was canceled, or it is lost.

        Raises:
            ProviderUnavailable: It may still turn up.
        """
        if story.is_cancel_asked:
            return self._ended(job, Canceled())[0]
        now = asyncio.get_running_loop().time()
        story.lost_at = now if story.lost_at is None else story.lost_at
        if now - story.lost_at < self.settings.lost_seconds:
            raise ProviderUnavailable(sentence)
        return self._ended(job, Failed(sentence, code="output_unavailable", retryable=True))[0]

    def _story(self, job: Job) -> Story:
        story = self._stories.setdefault(job.id, Story(self.settings.words))
        self._stories.move_to_end(job.id)
        if len(self._stories) > _MOST_STORIES:
            self._stories.popitem(last=False)
        return story

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(self._endpoint.next_seconds)
            await self._endpoint.refresh()
            self.terms = self._endpoint.terms


async def _next(events: AsyncIterator[Any]) -> dict[str, Any] | None:
    """
    Return what the next event says, nothing for a comment, None at the end.

    Raises:
        ProviderUnavailable: It makes no sense; a stream is not asked again what it meant, a poll is.
    """
    try:
        event = await anext(events, None)
        said: dict[str, Any] | None = None if event is None else event.said()
    except ProviderProtocol as error:
        raise ProviderUnavailable(str(error)) from error
    return said
