"""What was handed in under which key, so that a prediction whose answer was lost can be told from others in the list."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import attrs

from safelight.providers import OutcomeUnknown
from safelight_replicate.api import Prediction, is_id

log = logging.getLogger(__name__)

_KEPT_SECONDS = 86_400.0
_EARLY, _LATE = timedelta(seconds=5), timedelta(seconds=120)
"""How far from our word the time in the list may be: clocks are compared by `Date`, which has whole seconds."""


@attrs.frozen(kw_only=True)
class Receipt:
    """
    One submission.

    Attributes:
        at: When, by Replicate's clock.
        digest: What was handed in, beyond recognition.
        id: The prediction, once the answer has come.
    """

    at: datetime
    digest: str
    id: str | None = None

    @property
    def earliest(self) -> datetime:
        """From when on it may have been created."""
        return self.at - _EARLY

    @property
    def latest(self) -> datetime:
        """Until when it may have been created."""
        return self.at + _LATE

    def is_of_the_time_of(self, other: Receipt) -> bool:
        """Whether one prediction could be of either."""
        return self.earliest <= other.latest and other.earliest <= self.latest


class Receipts:
    """
    The receipts of the last day, one file each: they outlive a process that is killed between an answer and our journal.

    Args:
        folder: Where; made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def write(self, key: str, receipt: Receipt) -> None:
        """
        Note a submission before it is made, and again once it is answered.

        Raises:
            OSError: There is no room.
        """
        said = {"at": receipt.at.isoformat(), "digest": receipt.digest, "id": receipt.id}
        await asyncio.to_thread(self._write, key, json.dumps(said))

    async def read(self, key: str) -> Receipt | None:
        """Return what was noted under a key."""
        return await asyncio.to_thread(_read, self._folder / f"{key}.json")

    async def drop(self, key: str) -> None:
        """Forget a submission that was definitely refused."""
        await asyncio.to_thread(_unlink, self._folder / f"{key}.json")

    async def others(self, key: str) -> list[Receipt]:
        """Return the receipts of all other submissions."""
        return await asyncio.to_thread(self._others, key)

    async def sweep(self) -> None:
        """Forget what is older than a day."""
        await asyncio.to_thread(self._sweep)

    def _write(self, key: str, text: str) -> None:
        self._folder.mkdir(exist_ok=True)
        part = self._folder / f"{key}.part"
        part.write_text(text, encoding="utf-8")
        part.replace(self._folder / f"{key}.json")

    def _others(self, key: str) -> list[Receipt]:
        return [receipt for file in self._folder.glob("*.json") if file.stem != key and (receipt := _read(file))]

    def _sweep(self) -> None:
        for file in self._folder.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - file.stat().st_mtime > _KEPT_SECONDS:
                    _unlink(file)


def digest(filled: dict[str, Any]) -> str:
    """Return what stands for an input: the same for the same, however it is written."""
    return sha256(json.dumps(_plain(filled), sort_keys=True).encode()).hexdigest()


async def match(receipt: Receipt, listed: AsyncIterable[Prediction], others: Sequence[Receipt]) -> Prediction | None:
    """
    Return the one prediction of a list that can only be the one of this receipt; None while there is none.

    Args:
        others: The receipts of our other submissions; what is theirs is not ours.

    Raises:
        OutcomeUnknown: There are several, or another submission that was alike has no answer either.
    """
    theirs = {it.id for it in others}
    found = [it async for it in listed if it.get("id") not in theirs and _fits(receipt, it)]
    if len(found) > 1:
        raise OutcomeUnknown("Replicate lists several predictions that it may be.")
    if found and any(it.id is None and it.digest == receipt.digest and it.is_of_the_time_of(receipt) for it in others):
        raise OutcomeUnknown("Replicate lists one prediction, and it may be that of another submission.")
    return found[0] if found else None


def _fits(receipt: Receipt, prediction: Prediction) -> bool:
    asked, created = prediction.get("input"), _time(prediction.get("created_at"))
    return (
        is_id(prediction.get("id"))
        and isinstance(asked, dict)
        and created is not None
        and receipt.earliest <= created <= receipt.latest
        and digest(asked) == receipt.digest
    )


def _plain(value: Any) -> Any:
    """Return a value as JSON may bring it back: 1.0 as 1."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _unlink(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError:
        log.warning("replicate_receipt_not_forgotten", exc_info=True)


def _read(file: Path) -> Receipt | None:
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        return Receipt(at=datetime.fromisoformat(said["at"]), digest=said["digest"], id=said["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _time(said: Any) -> datetime | None:
    try:
        when = datetime.fromisoformat(said)
    except (TypeError, ValueError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
