"""Who may work on a generation: the provider asked for, or a route's, and whoever is to take over after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from safelight.config.model import RouteSettings
from safelight.errors import InstanceUnavailable, InvalidInput, ProviderUnknown
from safelight.fields import named_fields
from safelight.generation import RawRequest
from safelight.instances import Instances, ProviderInstance, UnavailableInstance
from safelight.intake import admit
from safelight.runner import Candidate, Route


def names_of(asked: str, fallback: Sequence[str], routes: Mapping[str, RouteSettings], instances: Instances) -> tuple[str, ...]:
    """
    Return the instances to be tried, the first choice first, each once.

    Raises:
        ProviderUnknown: No such provider or route; every unknown name is told, with its path.
    """
    faults = [
        attrs.evolve(instances.unknown(name, routes), path=path)
        for path, name in (("providerId", asked), *((f"fallback[{index}]", name) for index, name in enumerate(fallback)))
        if name not in instances and name not in routes
    ]
    if faults:
        raise ProviderUnknown(*faults)
    names = (name for one in (asked, *fallback) for name in (routes[one].providers if one in routes else (one,)))
    return tuple(dict.fromkeys(names))


def make_route(names: Sequence[str], request: RawRequest, instances: Instances) -> Route:
    """
    Return the candidates that can take the request, in order.

    The first that is available must take it as it is. Those after it go without the parameters they do not know, which
    each names, and without options, which are the first one's own.

    Raises:
        InstanceUnavailable: None of them is open.
        InvalidInput: The first cannot take it.
    """
    ready = [instance for instance in _open(names, instances) if not instance.terms.fault]
    if not ready:
        first = instances.get(names[0])
        fault = _fault(first) if first is not None else "it is no longer configured"
        raise InstanceUnavailable(f"The provider '{names[0]}' is not available: {fault}", retry_after_seconds=30)
    first_ready, *rest = ready
    whole = Candidate(instance=first_ready, request=admit(request, first_ready.terms))
    return [whole, *filter(None, (_candidate(instance, request, is_whole=False) for instance in rest))]


def remade_route(names: Sequence[str], request: RawRequest, instances: Instances, *, whole: str, working: str) -> Route:
    """
    Return the candidates again after a restart, as far as they are still open.

    Args:
        whole: Who was the first, and takes the request as it is.
        working: Who may have a job; it stays even if it takes the request no longer, to be watched.
    """
    route = []
    for instance in _open(names, instances):
        candidate = _candidate(instance, request, is_whole=instance.name == whole)
        if candidate is not None:
            route.append(candidate)
        elif instance.name == working:
            route.append(Candidate(instance=instance, request=request, is_watched_only=True))
    return route


def _open(names: Sequence[str], instances: Instances) -> list[ProviderInstance]:
    return [one for name in names if isinstance(one := instances.get(name), ProviderInstance)]


def _candidate(instance: ProviderInstance, request: RawRequest, *, is_whole: bool) -> Candidate | None:
    """Return a candidate; None for one that does not take a value the first takes, since it could not help."""
    fitted, dropped = (request, ()) if is_whole else _fitted(request, instance)
    try:
        return Candidate(instance=instance, request=admit(fitted, instance.terms), dropped=dropped)
    except InvalidInput:
        return None


def _fault(instance: ProviderInstance | UnavailableInstance) -> str | None:
    return instance.terms.fault if isinstance(instance, ProviderInstance) else instance.fault


def _fitted(request: RawRequest, instance: ProviderInstance) -> tuple[RawRequest, tuple[str, ...]]:
    known = named_fields(instance.terms.params, "camel")
    params = {name: value for name, value in request.params.items() if name in known}
    dropped = [f"params.{name}" for name in request.params if name not in known]
    dropped += [f"options.{name}" for name in request.options]
    model = () if request.model is None else ("model",)
    return attrs.evolve(request, params=params, options={}, model=None), (*dropped, *model)
