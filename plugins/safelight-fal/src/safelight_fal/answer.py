"""One HTTP answer of the queue, read whole."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import attrs

from safelight.providers.toolbox import read_json

_MAX_SAID = 300


@attrs.frozen(kw_only=True)
class Answer:
    """
    What was answered.

    Attributes:
        status: The HTTP status.
        body: The bytes.
        headers: By name, in any case.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def is_good(self) -> bool:
        """Whether it is a success."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_gone(self) -> bool:
        """Whether there is nothing under that address."""
        return self.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}

    @property
    def is_json(self) -> bool:
        """Whether it is JSON, and whole."""
        return self.read is not None or self.body.strip() == b"null"

    @property
    def read(self) -> Any:
        """The JSON in it; None where there is none."""
        return read_json(self.body)

    @property
    def said(self) -> dict[str, Any]:
        """The JSON object in it; empty where there is none."""
        read = self.read
        return read if isinstance(read, dict) else {}

    @property
    def sentence(self) -> str:
        """What it says to people, as far as that is worth repeating."""
        for name in ("detail", "error", "message"):
            if isinstance(text := self.said.get(name), str) and text:
                return text[:_MAX_SAID]
        return "it gave no reason"

    @property
    def error_type(self) -> str:
        """The word for what went wrong, where the queue says one."""
        return str(self.said.get("error_type") or self.headers.get("X-Fal-Error-Type") or "")

    @property
    def is_too_early(self) -> bool:
        """Whether it was asked for a result that is not there yet; there is no other word for that."""
        return self.status == HTTPStatus.BAD_REQUEST and "in progress" in str(self.said.get("detail")).lower()

    @property
    def is_verdict(self) -> bool:
        """Whether it speaks of the job: what redirects or fails on the way knows no job, and has words of its own."""
        if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return bool(self.error_type) or "detail" in self.said
        is_asked_again = self.status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
        return self.is_good or (self.status >= HTTPStatus.BAD_REQUEST and not is_asked_again)
