"""The simulated upstream of the remote form: jobs that live there, whoever watches, and that a ledger brings back."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Iterable
from datetime import datetime

from safelight.providers import ProviderProtocol, Request
from safelight_simulator.books import Books
from safelight_simulator.ears import Ears
from safelight_simulator.hazards import Spawn
from safelight_simulator.ledger import Entry
from safelight_simulator.options import RemoteOptions
from safelight_simulator.params import Params
from safelight_simulator.wire import from_json, to_json
from safelight_simulator.work import Work

_SETTLED = {"succeed": "succeeded", "fail": "failed", "canceled": "canceled"}
_IN_MEMORY = 1000
"""Ended jobs kept at hand; older ones are read from the ledger again when somebody asks."""


class Upstream:
    """
    All jobs of one instance.

    Args:
        is_lasting: Whether jobs outlive the instance.
    """

    def __init__(self, books: Books, spawn: Spawn, *, is_lasting: bool) -> None:
        self._books = books
        self._spawn = spawn
        self._is_lasting = is_lasting
        self._works: dict[str, Work] = {}
        self._ended: deque[str] = deque()

    async def reopen(self, now: datetime) -> None:
        """Take up the jobs that had not ended when the instance was closed, where they stand by now."""
        if not self._is_lasting:
            return
        entries = await asyncio.to_thread(self._books.ledger.entries)
        settled = {entry.job for entry in entries if entry.event in _SETTLED.values()}
        by_job: dict[str, list[Entry]] = {}
        for entry in entries:
            if entry.job not in settled and entry.event != "struck":
                by_job.setdefault(entry.job, []).append(entry)
        for past in by_job.values():
            self._take_up(_restored(past, now))

    async def accept(self, request: Request[Params, RemoteOptions], key: str) -> str:
        """Open a job, once its submission (and its charge) is on the disk; giving up waiting does not undo it."""
        work = Work(f"sim-{secrets.token_hex(8)}", request)
        opened = asyncio.get_running_loop().create_future()
        self._spawn(self._open(work, key, opened), name=f"open:{work.id}")
        await opened
        return work.id

    async def find(self, job: str, now: datetime) -> Work:
        """
        Return a job.

        Raises:
            ProviderProtocol: The upstream knows no such job.
        """
        if job not in self._works:
            past = await asyncio.to_thread(self._books.ledger.of_job, job) if self._is_lasting else []
            if not any(entry.event == "submitted" for entry in past):
                raise ProviderProtocol(f"The simulated upstream does not know the job '{job}'.")
            if job not in self._works:  # nobody else has brought it back meanwhile
                self._works[job] = _restored(past, now)
                self._remember_ended(job)
        return self._works[job]

    async def stop(self, work: Work, lag_seconds: float) -> None:
        """Cancel a job, a little later where it does not stop at once; that it will is on the disk when this returns."""
        at = work.age + (0.0 if work.is_held else lag_seconds)
        if at < work.end.at:
            work.stop(at)  # before anything is awaited, in which it could end otherwise
            await self._books.note("canceled", work.id, stopped_at=at)

    async def hold(self, work: Work) -> None:
        """Pause a job."""
        work.hold()
        await self._books.note("paused", work.id)

    async def go_on(self, work: Work) -> None:
        """Let a paused job go on."""
        work.go_on()
        await self._books.note("resumed", work.id)

    async def _open(self, work: Work, key: str, opened: asyncio.Future[None]) -> None:
        try:
            charged = work.request.options.charge == "accept"
            await self._books.note("submitted", work.id, key=key, charged=charged, request=to_json(work.request))
        except Exception as error:
            if not opened.cancelled():
                opened.set_exception(error)
                return
            raise
        self._take_up(work)
        if not opened.cancelled():
            opened.set_result(None)

    def _take_up(self, work: Work) -> None:
        self._works[work.id] = work
        self._spawn(self._settle(work), name=f"job:{work.id}")

    async def _settle(self, work: Work) -> None:
        """Write the end down when it comes, and take the money if that is when it is taken."""
        end = await work.until_end(Ears())
        if end.act.do != "canceled" or end.place >= 0:  # a cancel from outside was written down when it came
            charged = work.request.options.charge == "success" and end.act.do == "succeed"
            await self._books.note(_SETTLED[end.act.do], work.id, charged=charged)
        self._remember_ended(work.id)

    def _remember_ended(self, job: str) -> None:
        self._ended.append(job)
        while len(self._ended) > _IN_MEMORY:
            self._works.pop(self._ended.popleft(), None)


def _restored(past: Iterable[Entry], now: datetime) -> Work:
    """Return the job that these entries tell of, where it stands at `now`."""
    submitted = held_since = stopped_at = None
    held = 0.0
    for entry in past:
        match entry.event:
            case "submitted":
                submitted = entry
            case "paused":
                held_since = held_since or entry.at
            case "resumed" if held_since is not None:
                held += (entry.at - held_since).total_seconds()
                held_since = None
            case "canceled":
                stopped_at = entry.facts.get("stopped_at")
    if submitted is None:
        raise ProviderProtocol("The simulated upstream's ledger tells of a job that was never handed in.")
    age = ((held_since or now) - submitted.at).total_seconds() - held
    work = Work(submitted.job, from_json(submitted.facts["request"]), max(0.0, age))
    if held_since is not None:
        work.hold()
    if stopped_at is not None:
        work.stop(stopped_at)
    return work
