"""The suite itself: a law that does not apply is no test, one that is waived must be broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from safelight.errors import SafelightError
from safelight.providers import Capabilities, Provider
from safelight.testing.conformance.applying import PREFIX, Law, laws_of
from safelight.testing.conformance.being import BeingLaws
from safelight.testing.conformance.remote import RemoteLaws
from safelight.testing.conformance.stage import CannotHappen, Stage
from safelight.testing.conformance.steering import SteeringLaws
from safelight.testing.conformance.telling import TellingLaws

_BROKEN = (AssertionError, SafelightError, TimeoutError, CannotHappen)


class ProviderLaws(BeingLaws, TellingLaws, SteeringLaws, RemoteLaws):
    """
    The laws of a provider, as the test methods of a class whose name begins with `Test`.

    A subclass says which `provider`, and gives a pytest fixture `stage` that yields a `Stage`. Tests are coroutines: run
    them with pytest-asyncio in its automatic mode. A provider that cannot keep a law says so in its own `waivers`, each
    with a reason, where `safelight plugins` shows it to operators. No subclass may have a law's test in its own words.

    Attributes:
        provider: Whose laws these are.
        capabilities: What the instance on the stage can do, where that is not what its class says.
    """

    provider: ClassVar[type[Provider]]
    capabilities: ClassVar[Capabilities | None] = None
    _waived: ClassVar[tuple[Law, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not hasattr(cls, "provider"):
            return  # the common base of several suites
        known, name, waivers = {law.name: law for law in laws_of(ProviderLaws)}, cls.provider.__name__, cls.provider.waivers
        if unknown := sorted(set(waivers) - set(known)):
            raise ValueError(f"{name} waives laws that there are not: {', '.join(unknown)}")
        if silent := sorted(law for law, reason in waivers.items() if not reason.strip()):
            raise ValueError(f"{name} waives laws without a reason: {', '.join(silent)}")
        if changed := sorted(law for law in known if PREFIX + law in vars(cls)):
            raise ValueError(f"{cls.__name__} changes laws, which {name} may only waive: {', '.join(changed)}")
        can = cls.capabilities or cls.provider.capabilities
        if not isinstance(can, Capabilities):
            raise TypeError(
                f"the capabilities of {name} are its instances' own: say in {cls.__name__} what the one on the stage can do"
            )
        cls._waived = tuple(known[law] for law in waivers)
        for law in known.values():
            holds = law.name not in waivers and law.whom.includes(cls.provider, can)
            setattr(cls, PREFIX + law.name, law.test if holds else None)  # pytest takes what can be called: None is no test

    async def test_no_waiver_is_stale(self, stage: Stage, tmp_path: Path) -> None:
        """A law that is kept needs no waiver."""
        for law in self._waived:
            try:
                await law.test(self, stage, tmp_path / law.name)
            except _BROKEN:
                continue
            raise AssertionError(f"'{law.name}' is waived and kept: {self.provider.__name__}.waivers can do without it")
