"""A caller's draft against what one provider takes: every fault at once, with its path."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from safelight.checks import did_you_mean
from safelight.errors import Fault, InvalidInput
from safelight.generation import RawRequest, Request
from safelight.providers import Terms
from safelight.structuring import structure

_SHOWN = 5


def admit(draft: RawRequest, terms: Terms) -> Request[Any, Any]:
    """
    Return the request in the provider's own classes.

    Raises:
        InvalidInput: Every fault in `model`, `params` and `options`.
    """
    faults = list(_model_faults(draft.model, terms.models))
    parts: dict[str, Any] = {}
    for part, cls in (("params", terms.params), ("options", terms.options)):
        try:
            parts[part] = structure(getattr(draft, part), cls, path=part, naming="camel")
        except InvalidInput as error:
            faults.extend(error.faults)
    if faults:
        raise InvalidInput(*faults)
    return Request(prompt=draft.prompt, model=draft.model, params=parts["params"], options=parts["options"])


def _model_faults(model: str | None, known: Collection[str] | None) -> Iterator[Fault]:
    if model is None or known is None or model in known:
        return
    if not known:
        yield Fault("model", "this provider has no models to choose from")
    else:
        named = ", ".join(f"'{name}'" for name in islice(known, _SHOWN))
        yield Fault("model", f"unknown model{did_you_mean(model, known)}; it takes {named}{' …' * (len(known) > _SHOWN)}")
