"""A caller's draft against what one provider takes: every fault at once, with its path."""

from __future__ import annotations

from typing import Any

from safelight.errors import Fault, InvalidInput
from safelight.generation import RawRequest, Request
from safelight.providers import Terms
from safelight.structuring import structure


def admit(draft: RawRequest, terms: Terms) -> Request[Any, Any]:
    """
    Return the request in the provider's own classes.

    Raises:
        InvalidInput: Every fault in `params` and `options`.
    """
    faults: list[Fault] = []
    parts: dict[str, Any] = {}
    for part, cls in (("params", terms.params), ("options", terms.options)):
        try:
            parts[part] = structure(getattr(draft, part), cls, path=part, naming="camel")
        except InvalidInput as error:
            faults.extend(error.faults)
    if faults:
        raise InvalidInput(*faults)
    return Request(prompt=draft.prompt, model=draft.model, params=parts["params"], options=parts["options"])
