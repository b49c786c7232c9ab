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
    instances_open = [one for name in names if isinstance(one := instances.get(name), ProviderInstance) and not one.terms.fault]
    if not instances_open:
        first = instances.get(names[0])
        fault = _fault(first) if first is not None else "it is no longer configured"
        raise InstanceUnavailable(f"The provider '{names[0]}' is not available: {fault}", retry_after_seconds=30)
    first_open, *rest = instances_open
    route = [Candidate(instance=first_open, request=admit(request, first_open.terms))]
    for instance in rest:
        fitted, dropped = _fitted(request, instance)
        try:
            route.append(Candidate(instance=instance, request=admit(fitted, instance.terms), dropped=dropped))
        except InvalidInput:
            continue  # a value the first takes and this one does not: it could not help
    return route


def _fault(instance: ProviderInstance | UnavailableInstance) -> str | None:
    return instance.terms.fault if isinstance(instance, ProviderInstance) else instance.fault


def _fitted(request: RawRequest, instance: ProviderInstance) -> tuple[RawRequest, tuple[str, ...]]:
    known = named_fields(instance.terms.params, "camel")
    params = {name: value for name, value in request.params.items() if name in known}
    dropped = [f"params.{name}" for name in request.params if name not in known]
    dropped += [f"options.{name}" for name in request.options]
    model = () if request.model is None else ("model",)
    return attrs.evolve(request, params=params, options={}, model=None), (*dropped, *model)
