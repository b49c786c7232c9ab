"""What Replicate says of one prediction, as updates that together say where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from safelight.providers import (
    Canceled,
    Charged,
    Failed,
    Job,
    Logged,
    Noted,
    Produced,
    Progressed,
    Started,
    Succeeded,
    Update,
)
from safelight.providers.toolbox import failure_of, files_of, items_of, texts_of, told
from safelight_replicate.api import Prediction

_TAIL = 16 * 1024
_LINES = 40
"""How much of the log is looked at, for it comes whole every time, and how many of its lines are told."""
ENDED = frozenset({"succeeded", "failed", "canceled", "aborted"})


def tell(prediction: Prediction, job: Job) -> Iterator[Update]:
    """Yield where a prediction stands; said again, it says the same."""
    word = prediction.get("status")
    if word not in ENDED | {"starting", "processing"}:
        yield Noted(f"Replicate calls it {word!r:.40}.")
    if word == "processing":
        yield Started()
    yield from _log(prediction)
    seed = _seed(prediction)
    for item in items_of(prediction.get("output")):
        for file in files_of(item):
            yield Produced(file, seed=seed)
    yield from _end(word, prediction, job)


def _end(word: Any, prediction: Prediction, job: Job) -> Iterator[Update]:
    match word:
        case "succeeded" if prediction.get("data_removed") is True and not prediction.get("output"):
            error = "Replicate has removed the output, which it keeps for an hour."
            yield Failed(error, code="output_unavailable", charged=Charged.YES)
        case "succeeded":
            for text in texts_of(prediction.get("output"), is_concatenated=job.data.get("is_concatenated") is True):
                yield Produced(text.encode("utf-8", "replace"), type="text/plain")
            yield Succeeded(charged=Charged.YES)
        case "failed":
            yield failure_of(prediction.get("error"))
        case "canceled" if _is_past_deadline(prediction):
            error = "Replicate stopped it: it took longer than cancel_after_seconds."
            yield Failed(error, code="provider_timeout", retryable=True, charged=Charged.YES)
        case "canceled":
            yield Canceled(charged=Charged.YES if prediction.get("started_at") else None)
        case "aborted" if job.data.get("has_deadline") is not True and not prediction.get("deadline"):
            yield Canceled(charged=_of_unbegun(job))
        case "aborted":
            error = "Replicate dropped it: it had not begun within cancel_after_seconds."
            yield Failed(error, code="provider_timeout", retryable=True, charged=_of_unbegun(job))


def _log(prediction: Prediction) -> Iterator[Update]:
    """Yield the newest lines, and of all bars the last; a metric of the model's own is better than a bar."""
    measured = _measured(prediction.get("metrics"))
    logs = prediction.get("logs")
    lines = re.split(r"[\r\n]+", logs[-_TAIL:]) if isinstance(logs, str) else []
    lines = lines[1:] if isinstance(logs, str) and len(logs) > _TAIL else lines  # the first was cut
    said = [update for line in lines for update in told(line, is_measured=measured is not None)]
    yield from [update for update in said if isinstance(update, Logged)][-_LINES:]
    yield from [update for update in said if isinstance(update, Progressed)][-1:]
    if measured is not None:
        yield Progressed(measured)


def _measured(metrics: Any) -> float | None:
    """Return the model's own word of its progress."""
    said = metrics.get("progress") if isinstance(metrics, dict) else None
    if isinstance(said, int | float) and not isinstance(said, bool) and 0 <= said <= 1:
        return float(said)
    return None


def _seed(prediction: Prediction) -> int | None:
    """Return the seed that was asked for. One that the model drew may stand in its log, but comes too late to be told alike each time."""
    asked = prediction.get("input")
    given = asked.get("seed") if isinstance(asked, dict) else None
    return given if isinstance(given, int) and not isinstance(given, bool) and abs(given) < 2**63 else None


def _of_unbegun(job: Job) -> Charged | None:
    """Return what is known of the bill for a prediction that never began."""
    return Charged.NO if job.data.get("is_public") is True else None


def _is_past_deadline(prediction: Prediction) -> bool:
    try:
        return datetime.fromisoformat(prediction["completed_at"]) >= datetime.fromisoformat(prediction["deadline"])
    except (KeyError, TypeError, ValueError):
        return False
