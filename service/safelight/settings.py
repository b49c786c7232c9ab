"""The `[providers.<name>]` tables against what their plugins take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from safelight.config.model import Instance
from safelight.errors import Fault, InvalidInput
from safelight.plugins import NAME, Discovery, Offer
from safelight.redaction import redactor
from safelight.structuring import structure


def check_instances(instances: Mapping[str, Instance], discovery: Discovery) -> tuple[Fault, ...]:
    """
    Return every fault of every `[providers.<name>]` table.

    While an installed plugin is broken, an unknown one may be its: then it is no fault of the config, and the instance
    is unavailable instead of stopping the service.
    """
    faults: list[Fault] = []
    for name, instance in instances.items():
        path = f"providers.{name}"
        if not NAME.fullmatch(name):
            faults.append(Fault(path, "a provider's name is 1 to 64 letters, digits, '_', '-' or '.'"))
        if offer := discovery.providers.get(instance.plugin):
            try:
                settings_of(name, instance, offer)
            except InvalidInput as error:
                faults.extend(error.faults)
        elif not discovery.faults:
            faults.append(Fault(f"{path}.plugin", discovery.reason(instance.plugin)))
    return tuple(faults)


def settings_of(name: str, instance: Instance, offer: Offer) -> Any:
    """
    Return what a table says as the plugin's own `Settings`.

    Raises:
        InvalidInput: Every fault of it, with its path.
    """
    path = f"providers.{name}"
    try:
        settings: Any = structure(instance.settings, offer.cls.Settings, path=path)
    except (InvalidInput, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - validators are the plugin's code; its words may hold a secret
        raise InvalidInput(Fault(path, f"{offer.plugin} ({offer.distribution}) raised {type(error).__name__}")) from None
    redactor.register_within(settings)  # a secret may stand in the file as it is
    return settings
