"""Appends to the journal in a process of its own: `python -m bench.measuring.appends FOLDER COUNT`; it prints one JSON object."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safelight.codec import encode_status, whole_millisecond
from safelight.engines.sqlite import SqliteJournal
from safelight.generation import ANONYMOUS, Generation, Policy, Request, new_id
from safelight.ports import SystemClock
from safelight.records import StatusRecord
from safelight.status import Phase, State, Status
from safelight.versions import Version
from safelight.web import collecting

RATE = 10_000
_PACED_SECONDS = 5
_GENERATIONS = 2_000
_TICK_SECONDS = 0.001


class Story:
    """One generation whose progress is appended."""

    def __init__(self, journal: SqliteJournal) -> None:
        now = whole_millisecond(datetime.now(UTC))  # as the service reads its clock
        self._journal = journal
        policy = Policy(submit_seconds=30, stall_seconds=120, total_seconds=1800, cancel_seconds=10)
        request: Any = Request(prompt="a lighthouse at dusk", params={}, options={})
        self._generation = Generation(
            id=new_id(), owner=ANONYMOUS, provider="bench", request=request, policy=policy, created_at=now
        )
        self._status = Status(
            generation=self._generation.id,
            provider="bench",
            version=Version(int(now.timestamp()), 1),
            state=State.PROCESSING,
            phase=Phase.RUNNING,
            created_at=now,
            message="a tide comes in, and with it the first light of the lamp",
        )

    async def begin(self) -> None:
        """Create it."""
        await self._journal.create(self._generation, StatusRecord(status=self._status))

    def go_on(self, *, durable: bool) -> Awaitable[None]:
        """Append the next status; hand several in, and they are written in that order."""
        before = self._status.version
        percent = before.seq % 99
        self._status = self._status.but(version=before.next(before.epoch), progress=percent, progress_floor=percent)
        record = StatusRecord(status=self._status, snapshot=encode_status(self._status))
        return self._journal.append(self._generation.id, before.epoch, record, durable=durable)


async def _grouped(stories: Sequence[Story], times: int, *, durable: bool) -> dict[str, float]:
    """Let every story append one after the other, all stories at once."""

    async def tell(story: Story) -> None:
        for _ in range(times):
            await story.go_on(durable=durable)

    syncs, cpu, began = _fsyncs(), time.process_time(), time.perf_counter()
    await asyncio.gather(*map(tell, stories))
    seconds, appends = time.perf_counter() - began, times * len(stories)
    return {
        "rate": appends / seconds,
        "cpu_us": (time.process_time() - cpu) * 1e6 / appends,
        "fsyncs_per_second": (_fsyncs() - syncs) / seconds,
        "appends_per_fsync": appends / max(_fsyncs() - syncs, 1),
    }


async def _paced(stories: Sequence[Story], seconds: float) -> float:
    """Append at a rate, each timed from the moment it was due; return the p99 in milliseconds."""
    took: list[float] = []
    began = time.perf_counter()

    async def tell(story: Story, due: float) -> None:
        await story.go_on(durable=False)
        took.append(time.perf_counter() - due)

    begun, count = 0, int(RATE * seconds)
    async with asyncio.TaskGroup() as group:  # which lets go of each that is done, as the service does
        while begun < count:
            await asyncio.sleep(_TICK_SECONDS)
            while begun < count and (due := began + begun / RATE) <= time.perf_counter():
                group.create_task(tell(stories[begun % len(stories)], due))
                begun += 1
    return sorted(took)[int(len(took) * 0.99)] * 1e3


def _fsyncs() -> int:
    path = os.environ.get("BENCH_FSYNCS")
    return int.from_bytes(Path(path).read_bytes(), sys.byteorder) if path else 0


async def _measure(folder: Path, count: int) -> dict[str, Any]:
    async with SqliteJournal(folder, SystemClock(), min_free_bytes=0) as journal:
        stories = [Story(journal) for _ in range(min(_GENERATIONS, count))]
        await asyncio.gather(*(story.begin() for story in stories))
        collecting.spare()  # as `serve` does
        return {
            "progress": await _grouped(stories, count // len(stories), durable=False),
            "durable": await _grouped(stories, max(count // len(stories) // 5, 1), durable=True),
            "p99_ms": await _paced(stories, _PACED_SECONDS * min(1.0, count / RATE)),
        }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_measure(Path(sys.argv[1]), int(sys.argv[2])))))
