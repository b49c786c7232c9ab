"""The laws that every provider keeps, as tests: subclass `ProviderLaws`, give a `stage`, and those that apply appear."""

from safelight.testing.conformance.laws import ProviderLaws
from safelight.testing.conformance.stage import CannotHappen, Situation, Stage

__all__ = ["CannotHappen", "ProviderLaws", "Situation", "Stage"]
