"""Which providers the installed plugins offer; a broken plugin is a named fault, never a broken service."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import attrs
import pluggy

from safelight import hookspecs
from safelight.checks import did_you_mean
from safelight.config.model import Instance
from safelight.errors import one_sentence
from safelight.fields import named_fields
from safelight.providers import COMMON_PARAMS, Capabilities, LocalProvider, Provider, RemoteProvider
from safelight.redaction import redactor
from safelight.schemas import json_schema

T = TypeVar("T")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
"""What providers and instances of them may be called: it stands in logs, URLs and folder names."""


class FaultKind(StrEnum):
    """At which step a plugin went wrong."""

    IMPORT = "import"
    DUPLICATE = "duplicate"
    HOOK = "hook"
    PROVIDER = "provider"


@attrs.frozen(kw_only=True)
class PluginFault:
    """
    One thing wrong with an installed plugin; the rest of it, and every other plugin, stays in use.

    Attributes:
        plugin: Name of its entry point.
        distribution: Who ships it.
        kind: At which step it went wrong.
        sentence: What to mend, for people, scrubbed.
    """

    plugin: str
    distribution: str
    kind: FaultKind
    sentence: str


@attrs.frozen(kw_only=True)
class Offer:
    """A provider class that can be configured, and who offers it: `plugin` of `distribution` in `version`."""

    cls: type[Provider]
    plugin: str
    distribution: str
    version: str


@attrs.frozen(kw_only=True)
class Discovery:
    """
    What the installed plugins offer.

    Attributes:
        providers: By the name that `plugin = "…"` says in the config.
        faults: Everything that is wrong with a plugin.
        owners: The folder, or the single file, of each plugin's code -> `plugin (distribution)`.
    """

    providers: Mapping[str, Offer]
    faults: tuple[PluginFault, ...] = ()
    owners: Mapping[Path, str] = attrs.field(factory=dict)

    def reason(self, plugin: str) -> str:
        """Return why no provider of that name is offered."""
        named = [fault for fault in self.faults if fault.plugin == plugin]  # of any other it may be a provider
        broken = [f"{fault.plugin} ({fault.distribution}): {fault.sentence}" for fault in named or self.faults]
        sentence = f"unknown plugin '{plugin}'{did_you_mean(plugin, self.providers)}"
        return "; ".join([sentence, *broken])


class _Refused(Exception):
    """A plugin, or one of its providers, cannot be used."""

    def __init__(self, kind: FaultKind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


def discover(entries: Iterable[EntryPoint] | None = None) -> Discovery:
    """
    Load every plugin and ask it for its providers.

    Of two plugins, or two providers, of one name the first by distribution name stays, so that the order of
    installation changes nothing; those called `safelight-…` come before strangers, who cannot take a built-in's place.

    Args:
        entries: The entry points to look at; those of all installed distributions unless given.
    """
    found = entry_points(group=hookspecs.GROUP) if entries is None else entries
    offers: dict[str, Offer] = {}
    faults: list[PluginFault] = []
    owners: dict[Path, str] = {}
    names: dict[str, str] = {}
    for entry in sorted(found, key=_precedence):
        distribution = _distribution(entry)
        if entry.name in names:
            sentence = f"plugin '{entry.name}' of {distribution} is refused: {names[entry.name]} ships one of that name"
            faults.append(_fault(entry, FaultKind.DUPLICATE, sentence))
            continue
        names[entry.name] = distribution
        owners.update(dict.fromkeys(_homes(entry), f"{entry.name} ({distribution})"))
        for offer in _load(entry, faults):
            if first := offers.get(offer.cls.name):
                sentence = (
                    f"provider '{offer.cls.name}' of {entry.name} ({distribution}) is refused: "
                    f"{first.plugin} ({first.distribution}) offers one of that name"
                )
                faults.append(_fault(entry, FaultKind.DUPLICATE, sentence))
            else:
                offers[offer.cls.name] = offer
    return Discovery(providers=offers, faults=tuple(faults), owners=owners)


def _precedence(entry: EntryPoint) -> tuple[bool, str, str, str]:
    distribution = _distribution(entry).lower()
    return not distribution.startswith("safelight-"), distribution, entry.name, entry.value


def describe(error: BaseException) -> str:
    """Return type and message of what a plugin raised, scrubbed; its `__str__` is the plugin's code too."""
    try:
        message = str(error)
    except BaseException:  # noqa: BLE001 - the type says enough, and it may raise SystemExit as well
        message = ""
    name = type(error).__name__
    return one_sentence(redactor.text(f"{name}: {message}" if message else name))


def _load(entry: EntryPoint, faults: list[PluginFault]) -> Iterator[Offer]:
    """Yield what one plugin offers; what is wrong with it goes to `faults`."""
    try:
        plugin = _guarded(FaultKind.IMPORT, entry, entry.load)
        manager = _guarded(FaultKind.HOOK, entry, partial(_register, plugin))
        unknown = _unknown_hooks(manager, plugin)
        faults.extend(_fault(entry, FaultKind.HOOK, sentence) for sentence in unknown)
        if not manager.hook.safelight_providers.get_hookimpls():
            if not unknown:
                faults.append(_fault(entry, FaultKind.HOOK, _guarded(FaultKind.HOOK, entry, partial(_no_hook, plugin))))
            return
        for cls in _guarded(FaultKind.PROVIDER, entry, partial(_answers, manager)):
            try:
                sentences = _guarded(FaultKind.PROVIDER, entry, partial(list, _provider_faults(cls)))
            except _Refused as refused:
                sentences = [str(refused)]
            faults.extend(_fault(entry, FaultKind.PROVIDER, f"{_called(cls)}: {sentence}") for sentence in sentences)
            if not sentences:
                version = entry.dist.version if entry.dist else "unknown"
                yield Offer(cls=cls, plugin=entry.name, distribution=_distribution(entry), version=version)
    except _Refused as refused:
        faults.append(_fault(entry, refused.kind, str(refused)))


def _guarded(kind: FaultKind, entry: EntryPoint, work: Callable[[], T]) -> T:
    """Run a plugin's code; only the operator's Ctrl-C gets through."""
    try:
        return work()
    except (_Refused, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit at import is no reason to leave
        raise _Refused(kind, f"{describe(error)}{_place(error, entry)}") from None


def _register(plugin: object) -> pluggy.PluginManager:
    """Give the plugin a manager of its own, so that it can neither wrap nor block another one's hooks."""
    manager = pluggy.PluginManager(hookspecs.hookspec.project_name)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    return manager


def _unknown_hooks(manager: pluggy.PluginManager, plugin: object) -> list[str]:
    callers = manager.get_hookcallers(plugin) or []
    known = [name for name, _ in inspect.getmembers(hookspecs, inspect.isfunction)]
    return [f"unknown hook '{caller.name}'{did_you_mean(caller.name, known)}" for caller in callers if not caller.has_spec()]


def _no_hook(plugin: object) -> str:
    if callable(getattr(plugin, "safelight_providers", None)):
        return "safelight_providers is not marked with @hookimpl"
    return "no hook; a plugin has a function safelight_providers marked with @hookimpl"


def _answers(manager: pluggy.PluginManager) -> list[Any]:
    (answer,) = manager.hook.safelight_providers() or [None]  # pluggy leaves None out
    if inspect.iscoroutine(answer):
        answer.close()
    if not isinstance(answer, list | tuple):
        raise _Refused(FaultKind.PROVIDER, f"safelight_providers returned {type(answer).__name__}, not a list of classes")
    if not answer:
        raise _Refused(FaultKind.PROVIDER, "safelight_providers returned no class")
    return list(answer)


def _provider_faults(cls: Any) -> Iterator[str]:
    if not isinstance(cls, type) or not issubclass(cls, LocalProvider | RemoteProvider):
        yield "not a subclass of LocalProvider or RemoteProvider"
        return
    if inspect.isabstract(cls):
        yield f"does not define {', '.join(sorted(cls.__abstractmethods__))}"
    if issubclass(cls, RemoteProvider) and cls.watch is RemoteProvider.watch and cls.poll is RemoteProvider.poll:
        yield "defines neither watch nor poll"
    if not isinstance(cls.name, str) or not NAME.fullmatch(cls.name):
        yield "name is not 1 to 64 letters, digits, '_', '-' or '.'"
    if not isinstance(cls.capabilities, Capabilities) and not hasattr(cls.capabilities, "__get__"):
        yield "capabilities is not a Capabilities"
    if not isinstance(cls.waivers, Mapping) or not all(isinstance(word, str) for pair in cls.waivers.items() for word in pair):
        yield "waivers is not a mapping of laws to reasons"
    yield from models_faults(cls.models)
    for role in ("Settings", "Params", "Options"):
        yield from class_faults(role, getattr(cls, role))


def models_faults(models: Any) -> Iterator[str]:
    """Yield what is wrong with the models that a request may name."""
    if models is not None and not (isinstance(models, tuple) and all(isinstance(name, str) for name in models)):
        yield "models is neither a tuple of names nor None"


def class_faults(role: str, described: Any) -> Iterator[str]:
    """Yield what is wrong with a class that stands for `Settings`, `Params` or `Options`."""
    if not isinstance(described, type) or not attrs.has(described):
        yield f"{role} is not an attrs class"
        return
    try:
        json_schema(described)
    except Exception as error:  # noqa: BLE001 - whatever stops it, no form can be built from the class
        yield f"{role} cannot be described: {describe(error)}"
        return
    if role == "Settings":
        own = {field.name for field in attrs.fields(Instance)} - {"settings"}
        for name in sorted(own & named_fields(described, "snake").keys()):
            yield f"'{name}' in Settings is a key of the service's own, which never reaches a plugin"
    if role == "Params":
        for field in attrs.fields(described):
            if field.name not in COMMON_PARAMS:
                yield f"'{field.name}' is no common parameter{did_you_mean(field.name, COMMON_PARAMS)}: it belongs in Options"


def _called(cls: Any) -> str:
    return cls.__name__ if issubclass(type(cls), type) else type(cls).__name__  # isinstance would ask the plugin


def _fault(entry: EntryPoint, kind: FaultKind, sentence: str) -> PluginFault:
    scrubbed = one_sentence(redactor.text(sentence))
    return PluginFault(plugin=entry.name, distribution=_distribution(entry), kind=kind, sentence=scrubbed)


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "unknown"


def _homes(entry: EntryPoint) -> list[Path]:
    """Return where a plugin's code lies, without importing it: folders of a package, the file of a lone module."""
    try:
        spec = find_spec(entry.module.partition(".")[0])
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    places = spec.submodule_search_locations or ([spec.origin] if spec.has_location and spec.origin else [])
    return [Path(place).resolve() for place in places]


def _place(error: BaseException, entry: EntryPoint) -> str:
    """Return ` (file:line)` of the innermost line of the plugin's own that led to the error, or nothing."""
    lines = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        lines.append((error.filename or "", error.lineno))
    homes = _homes(entry)
    for filename, line in reversed(lines):
        path = Path(filename).resolve()
        for home in homes:
            if path.is_relative_to(home):
                return f" ({path.relative_to(home.parent)}:{line})"
    return ""
