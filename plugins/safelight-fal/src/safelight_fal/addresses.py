"""Which URLs our key may go to: an answer's own where its host is allowed, else the same path at the queue we know."""

from __future__ import annotations

import logging
from typing import Any, Literal
from urllib.parse import quote

from yarl import URL

from safelight.providers import Job
from safelight_fal.settings import Settings

log = logging.getLogger(__name__)

Page = Literal["status", "response", "cancel"]
_NAMESPACES = frozenset({"workflows", "comfy"})
"""Endpoint ids that begin so have an owner and a name behind it."""
_BELOW: dict[Page, tuple[str, ...]] = {"status": ("status",), "response": (), "cancel": ("cancel",)}


class Addresses:
    """
    The pages of one endpoint and of its jobs.

    A URL that an answer names is never called before its host was looked up in the list: whoever can forge an answer
    would get our key. One that is not in it is rebuilt at the queue's own address, which also is the way of proxies that
    hand through the answers of another host.
    """

    def __init__(self, settings: Settings) -> None:
        self._base = URL(settings.url)
        self._endpoint = settings.endpoint
        self._query = settings.query
        self._allowed = {_place(self._base), *(_place(URL(f"{self._base.scheme}://{host}")) for host in settings.hosts)}
        self._strange: set[str | None] = set()

    def submission(self, webhook: str | None) -> URL:
        """Return where jobs are handed in."""
        query = self._query if webhook is None else {**self._query, "fal_webhook": webhook}
        return self._below(f"/{self._endpoint}").update_query(query)

    def job(self, request_id: str, answer: dict[str, Any]) -> Job:
        """Return the handle of a job that was accepted with this answer."""
        urls = {f"{page}_url": str(url) for page in _BELOW if (url := answer.get(f"{page}_url"))}
        return Job(request_id, {"v": 1, "endpoint": self._endpoint, **urls})

    def page(self, job: Job, page: Page, **query: str) -> URL:
        """Return one of a job's pages."""
        return self._allowed_or_ours(job, page).update_query(self._query | query)

    def stream(self, job: Job) -> URL:
        """Return where a job is listened to."""
        status = self._allowed_or_ours(job, "status")
        return (status / "stream").with_query(status.query).update_query(self._query | {"logs": "1"})

    def _allowed_or_ours(self, job: Job, page: Page) -> URL:
        said = _read(job.data.get(f"{page}_url"))
        if said is None:
            app = _app(str(job.data.get("endpoint", self._endpoint)))
            return self._below(f"/{app}/requests").joinpath(quote(job.id, safe=""), *_BELOW[page], encoded=True)
        if _place(said) in self._allowed and said.user is None and said.password is None:
            return said
        if said.host not in self._strange:
            self._strange.add(said.host)
            log.warning("fal_host_not_allowed", extra={"host": said.host, "instead": self._base.host})
        return self._below(said.path)

    def _below(self, path: str) -> URL:
        return self._base.with_path(self._base.path.rstrip("/") + path)


def _app(endpoint: str) -> str:
    """Return what of an endpoint's id stands in the URLs of its jobs."""
    parts = endpoint.split("/")
    return "/".join(parts[: 3 if parts[0] in _NAMESPACES else 2])


def _place(url: URL) -> tuple[str, str | None, int | None]:
    return url.scheme, url.host, url.port


def _read(text: Any) -> URL | None:
    try:
        url = URL(text)
    except (TypeError, ValueError):
        return None
    return url if url.host else None
