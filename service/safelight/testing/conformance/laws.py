"""The suite itself: a law that does not apply is no test, one that is waived must be broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from safelight.providers import Capabilities, Provider
from safelight.testing.conformance.applying import PREFIX, laws_of
from safelight.testing.conformance.everybody import EverybodysLaws
from safelight.testing.conformance.remote import RemoteLaws
from safelight.testing.conformance.stage import Stage
from safelight.testing.conformance.steering import SteeringLaws


class ProviderLaws(EverybodysLaws, SteeringLaws, RemoteLaws):
    """
    The laws of a provider, as the test methods of a class whose name begins with `Test`.

    A subclass says which `provider`, and gives a pytest fixture `stage` that yields a `Stage`. Tests are coroutines: run
    them with pytest-asyncio in its automatic mode. A provider that cannot keep a law says so in its own `waivers`, each
    with a reason, where `safelight plugins` shows it to operators.

    Attributes:
        provider: Whose laws these are.
        capabilities: What the instance on the stage can do, where that is not what its class says.
    """

    provider: ClassVar[type[Provider]]
    capabilities: ClassVar[Capabilities | None] = None
    _waived: ClassVar[dict[str, Callable[..., Any]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        known = {name: (applies, method) for name, applies, method in laws_of(ProviderLaws)}
        waivers = cls.provider.waivers
        if unknown := sorted(set(waivers) - set(known)):
            raise ValueError(f"{cls.provider.__name__} waives laws that there are not: {', '.join(unknown)}")
        if silent := sorted(name for name, reason in waivers.items() if not reason.strip()):
            raise ValueError(f"{cls.provider.__name__} waives laws without a reason: {', '.join(silent)}")
        can = cls.capabilities or cls.provider.capabilities
        cls._waived = {name: known[name][1] for name in waivers}
        for name, (applies, _) in known.items():
            if name in waivers or not applies(cls.provider, can):
                setattr(cls, PREFIX + name, None)  # pytest collects what can be called, so this is no test at all

    async def test_no_waiver_is_stale(self, stage: Stage, tmp_path: Path) -> None:
        """A law that is kept needs no waiver."""
        for name, method in self._waived.items():
            try:
                await method(self, stage, tmp_path / name)
            except Exception:  # noqa: BLE001, S112 - whatever breaks it: it is broken, as the provider says
                continue
            raise AssertionError(f"'{name}' is waived and kept: {self.provider.__name__}.waivers can do without it")
