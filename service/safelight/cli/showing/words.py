"""A snapshot in words for people."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from safelight.cli.failing import printable
from safelight.client.base import Snapshot


def phrase(snapshot: Snapshot) -> str:
    """Return what is going on: the place in a queue, the provider's own words, or the phase."""
    said = []
    if snapshot.get("cancel") == "requested":
        said.append("canceling")
    queue = snapshot.get("queue")
    if queue and snapshot.get("phase") == "queued":
        of = f" of {queue['size']}" if queue.get("size") else ""
        said.append(f"place {queue['position'] + 1}{of} in the queue")
    else:
        said.append(printable(str(snapshot.get("message") or snapshot.get("phase") or "")))
    steps = snapshot.get("steps")
    if steps:
        of = f"/{steps['total']}" if steps.get("total") else ""
        said.append(printable(f"{steps.get('unit') or 'step'} {steps['current']}{of}"))
    attempt = snapshot.get("attempt") or {}
    if attempt.get("n", 1) > 1:
        said.append(printable(f"attempt {attempt['n']} at {attempt.get('provider', '')}"))
    *before, last = [*filter(None, said)] or [""]
    return ", ".join([*(part.removesuffix(".") for part in before), last])


def conclusion(snapshot: Snapshot) -> str:
    """Return how it ended, in one line."""
    outcome = str(snapshot.get("outcome") or snapshot["status"])
    said = [outcome]
    seconds = _seconds(snapshot)
    if seconds is not None:
        said.append(f"after {duration(seconds)}")
    if outcome not in {"succeeded", "canceled"} and snapshot.get("error"):
        said[-1] += f": {printable(str(snapshot['error']))}"
    if outcome != "succeeded" and snapshot.get("charged"):
        said.append(f"charged: {snapshot['charged']}")
    cost = snapshot.get("cost")
    if cost:
        said.append(printable(f"{'about ' if cost.get('estimated') else ''}{cost['amount']:g} {cost['currency']}"))
    if snapshot.get("degraded"):
        said.append("without " + ", ".join(map(str, snapshot["degraded"])))
    first, more = " ".join(said[:2]), said[2:]
    return ", ".join([first.removesuffix(".") if more else first, *more])


def output_line(output: dict[str, Any], place: Path | str) -> str:
    """Return where an output is and what it is."""
    size = f"{output['width']} x {output['height']} " if output.get("width") else ""
    kind = str(output.get("type", "")).rpartition("/")[2].upper()
    return printable(f"{place}  {size}{kind}, {amount(int(output['bytes']))}")


def amount(count: int) -> str:
    """Return a number of bytes as people say it."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _seconds(snapshot: Snapshot) -> float | None:
    try:
        begun, ended = (datetime.fromisoformat(str(snapshot[name])) for name in ("createdAt", "endedAt"))
    except (KeyError, ValueError):
        return None
    return max((ended - begun).total_seconds(), 0.0)
