"""An upstream's job as it may be shown: its id, and the hosts it lives at; its URLs may be rights to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from safelight.redaction import redactor


def job_told(job: dict[str, Any] | None) -> tuple[str, list[str]]:
    """Return the id of a job and the hosts its data names."""
    if job is None:
        return "", []
    name = str(job.get("id", ""))
    hosts = sorted({host for text in _texts(job) if (host := _host(text))})
    if _host(name):
        name = urlsplit(name).path.rstrip("/").rpartition("/")[2]
    return redactor.text(name), hosts


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _host(text: str) -> str | None:
    if "://" not in text:
        return None
    try:
        return urlsplit(text).hostname
    except ValueError:
        return None
