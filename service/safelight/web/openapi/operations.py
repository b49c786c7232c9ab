"""What is said of one call."""

from __future__ import annotations

from typing import Any

import attrs

from safelight.web.openapi.answers import Answers
from safelight.web.openapi.parameters import Parameter


@attrs.frozen(kw_only=True)
class Operation:
    """
    One call.

    Attributes:
        id: What generated clients call it.
        tag: The group it stands in.
        summary: A few words.
        description: What else there is to know, as CommonMark.
    """

    method: str
    path: str
    id: str
    tag: str
    summary: str
    description: str
    parameters: tuple[Parameter, ...] = ()
    body: dict[str, Any] | None = None
    answers: tuple[Answers, ...]

    def described(self) -> dict[str, Any]:
        """Return it as an Operation Object; of two answers with one status the later adds to what the earlier says."""
        answers: Answers = {}
        for more in self.answers:
            for status, answer in more.items():
                answers[status] = _merged(answers[status], answer) if status in answers else answer
        said = {
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.description,
            "parameters": list(self.parameters),
            "requestBody": self.body,
            "responses": dict(sorted(answers.items())),
        }
        return {key: value for key, value in said.items() if value}


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    merged = {**other, **one, "description": f"{one['description']} {other['description']}", "content": {**one["content"]}}
    for kind, media in other["content"].items():
        known = merged["content"].get(kind, media)
        merged["content"][kind] = {**known, "examples": {**known["examples"], **media["examples"]}}
    return merged
