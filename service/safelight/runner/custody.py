"""Keeping what a provider hands over, beside the watch: outputs in their order, previews newest only."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import structlog

from safelight.boundary import STOP_SECONDS
from safelight.errors import OutputRefused, OutputUnreachable, SafelightError, StorageFull
from safelight.outlasting import outlast
from safelight.ports import Outputs
from safelight.runner.upstream import Upstream
from safelight.status import Output
from safelight.updates import Degraded, Noted, Previewed, Produced, Update

log = structlog.get_logger()

_RETRY_SECONDS = 0.5
_RETRY_SLOWEST = 15.0
_REPEATABLE = (bytes, str, Path)
"""What can be read a second time."""


@attrs.frozen
class FromCustody:
    """
    What became of something handed in: the update with the kept thing as its content, or why it could not be kept.

    Attributes:
        is_output: Whether it was an output, not a preview.
    """

    result: Update | SafelightError
    is_output: bool = False


class Custody:
    """
    The bytes of one generation on their way into the store.

    `said` receives a `FromCustody` for everything that was handed in, except for previews that a newer one replaced.

    Attributes:
        trouble: Why what is being saved could not be so far, None where it goes well.
    """

    def __init__(
        self,
        generation: str,
        outputs: Outputs,
        said: Callable[[FromCustody], None],
    ) -> None:
        self.trouble: str | None = None
        self._generation = generation
        self._outputs = outputs
        self._said = said
        self._turn = asyncio.Lock()
        self._keeping: set[asyncio.Task[None]] = set()
        self._owed = 0
        self._previewing: asyncio.Task[None] | None = None
        self._next_preview: tuple[Previewed, Upstream] | None = None
        self._is_closed = False

    @property
    def is_busy(self) -> bool:
        """Whether an output is still on its way, or has arrived and was not heard of yet."""
        return self._owed > 0

    def heard(self, word: FromCustody) -> None:
        """Note that what custody said was taken in."""
        self._owed -= word.is_output

    def keep(self, produced: Produced, source: Upstream) -> None:
        """Start keeping an output; one after the other, so that their order stays."""
        self._owed += 1
        task = asyncio.create_task(self._keep(produced, source), name=f"keep:{self._generation}")
        self._keeping.add(task)

    def preview(self, previewed: Previewed, source: Upstream) -> None:
        """Start keeping a preview; one that comes while another is being kept replaces whatever waits."""
        self._next_preview = previewed, source
        if self._previewing is None or self._previewing.done():
            self._previewing = asyncio.create_task(self._preview(), name=f"preview:{self._generation}")

    async def close(self) -> None:
        """
        Stop what is under way; nothing half-kept stays behind, except by an iterator of a plugin's that will not stop.

        It is waited for although the service leaves meanwhile.
        """
        self._is_closed = True
        tasks = {*self._keeping, *([self._previewing] if self._previewing else [])}
        for task in tasks:
            task.cancel()
        try:
            await outlast(tasks, seconds=STOP_SECONDS)
        finally:
            if deaf := sorted(task.get_name() for task in tasks if not task.done()):
                log.warning("output_task_left_behind", generation=self._generation, tasks=deaf)

    async def _keep(self, produced: Produced, source: Upstream) -> None:
        result: Update | SafelightError
        try:
            async with self._turn:
                kept = await self._kept(produced, source)
            if kept.is_picture and kept.placeholder is None:
                self._said(FromCustody(Degraded("placeholder")))  # before the output, which may be all the end waits for
            result = Produced(kept, type=produced.type, seed=produced.seed)
        except OutputRefused as error:
            result = error
        except BaseException as error:  # an iterator of the plugin's own may raise anything
            if self._is_closed:
                raise
            log.error("output_lost", generation=self._generation, exception=source.boundary.trace(error))  # noqa: TRY400 - masked
            said = str(error) if isinstance(error, SafelightError) else f"({type(error).__name__})."
            result = OutputRefused(f"The output could not be kept: {said}")
        finally:
            self._keeping.discard(asyncio.current_task())
        self._said(FromCustody(result, is_output=True))

    async def _kept(self, produced: Produced, source: Upstream) -> Output:
        """Keep an output, again and again where the reason it cannot be may pass; it is for the deadline to end that."""
        pause = _RETRY_SECONDS
        while True:
            try:
                kept = await self._outputs.keep(
                    self._generation,
                    produced.content,  # type: ignore[arg-type]  # a plugin's, so never an Output yet
                    claimed_type=produced.type,
                    seed=produced.seed,
                    session=source.session,
                )
            except (OutputUnreachable, StorageFull, OSError) as error:
                if not isinstance(produced.content, _REPEATABLE):
                    raise  # chunks were taken, and come only once
                self.trouble = str(error) if isinstance(error, SafelightError) else f"({type(error).__name__})"
                log.warning("output_not_kept_yet", generation=self._generation, error=source.boundary.masked(str(error)))
                self._said(FromCustody(Noted(f"An output cannot be saved yet, and is tried again. {self.trouble}")))
            else:
                self.trouble = None
                return kept
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, not a secret
            pause = min(pause * 2, _RETRY_SLOWEST)

    async def _preview(self) -> None:
        while self._next_preview is not None:
            (previewed, source), self._next_preview = self._next_preview, None
            try:
                content: Any = previewed.content
                kept = await self._outputs.preview(self._generation, content, session=source.session)
            except BaseException as error:  # a preview is an extra, its loss never ends a generation
                if self._is_closed:
                    raise
                log.warning("preview_lost", generation=self._generation, error=source.boundary.masked(str(error)))
                self._said(FromCustody(Degraded("preview")))
            else:
                self._said(FromCustody(Previewed(kept)))
