"""Decides what follows when a job was handed in: it was taken, it was refused, or nobody knows and the upstream is asked."""

from __future__ import annotations

from safelight.providers import Canceled, Job, NotSent, ProviderError
from safelight.runner import endings
from safelight.runner.closing import Closing
from safelight.runner.messages import Accepted, Found, Refused
from safelight.runner.submissions import Submissions


class Arrival:
    """The way of each attempt of one generation to its provider."""

    def __init__(self, work: Submissions, closing: Closing) -> None:
        self._work = work
        self._closing = closing
        self._unclear: ProviderError | None = None

    async def begin(self, *, is_resumed: bool) -> None:
        """Hand the first attempt in, or go on where an earlier process stopped."""
        if not is_resumed:
            await self._work.start()
            return
        self._work.resume()
        if self._closing.is_cancel_asked and self._work.is_waiting:
            await self._closing.finish(Canceled())
        elif self._closing.is_cancel_asked and self._work.upstream.has_job:
            self._work.upstream.cancel()

    async def hear(self, word: Accepted | Refused | Found) -> None:
        """Take in what became of a submission."""
        match word:
            case Accepted(job):
                await self.accept(job)
            case Refused(error):
                await self.hear_refused(error)
            case Found():
                await self.hear_found(word)

    async def accept(self, job: Job) -> None:
        """Listen to a job that was taken; whoever wants it stopped has waited for that."""
        await self._work.accept(job)
        if self._closing.is_cancel_asked or self._closing.lost is not None:
            self._work.upstream.cancel()

    async def hear_refused(self, error: ProviderError) -> None:
        """Take in why a submission failed; where that is unclear, the upstream is asked whether it has the job."""
        self._work.heard(error)
        if endings.of_submission(error, self._work.attempts.newest)[1] == endings.UNKNOWN and self._work.upstream.can_find:
            self._unclear = error
            self._work.upstream.find(self._work.attempts.key)
        else:
            await self._fail(error)

    async def hear_found(self, found: Found) -> None:
        """Go on with a job that had arrived; one that surely had not was never sent."""
        if found.job is not None:
            await self.accept(found.job)
            return
        assert self._unclear is not None  # noqa: S101 - it was asked for because of that
        await self._fail(self._unclear if found.error else NotSent(str(self._unclear)))

    async def _fail(self, error: ProviderError) -> None:
        ending, result = endings.of_submission(error, self._work.attempts.newest)
        if self._closing.is_cancel_asked and result != endings.UNKNOWN:
            await self._closing.finish(Canceled(charged=error.charged), result)  # nothing runs, which is what was wanted
            return
        failure = endings.failure_to_submit(error, result, is_unknown_retried=self._work.candidate.instance.is_unknown_retried)
        await self._closing.conclude(ending, failure, result)
