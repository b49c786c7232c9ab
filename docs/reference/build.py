"""The parts of the reference that the code knows itself: `python docs/reference/build.py` writes them anew, a test compares."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from enum import EnumType
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import attrs
import click

from safelight import hookspecs, providers, testing
from safelight.cli.main import main
from safelight.config.model import Config, Instance, RouteSettings
from safelight.config.reload import LIVE
from safelight.schemas import json_schema
from safelight.testing.conformance.applying import laws_of

HERE = Path(__file__).parent
_PART = re.compile(r"(<!-- made by build\.py: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_HELP_WIDTH = 100
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_SECTION = re.compile(r"(Args|Attributes|Raises|Returns):")
_ITEM = re.compile(r"    (\w+): (.*)")


def rebuilt(page: str) -> str:
    """Return a page with its made parts as they should be."""
    return _PART.sub(lambda part: f"{part[1]}\n{_MAKERS[part[2]]().strip()}\n\n{part[3]}", page)


def config() -> str:
    """Return a table of settings for each section of the configuration."""
    described = json_schema(Config, naming="snake")["properties"]
    described.pop("providers")
    described.pop("routes")
    top = {name: described.pop(name) for name in tuple(described) if "properties" not in described[name]}
    parts = ["\n".join(_settings("", top))]
    for section, schema in described.items():
        parts += [f"## `[{section}]`", schema["description"], "\n".join(_settings(f"{section}.", schema["properties"]))]
    instance = json_schema(Instance, naming="snake")["properties"]
    instance.pop("settings")
    parts += ["## `[providers.<name>]`", _PROVIDERS, "\n".join(_settings("providers.", instance))]
    route = json_schema(RouteSettings, naming="snake")["properties"]
    parts += ["## `[routes.<name>]`", _ROUTES, "\n".join(_settings("routes.", route))]
    return "\n\n".join(parts)


_ROUTES = """One table makes one route: a name that requests may say as `providerId`, for several instances."""
_PROVIDERS = """One table makes one instance of a provider; its name is what requests say as `providerId`. A file without any such table
has the instances `sketch` and `simulator`. All further keys are the plugin's own settings."""


def _settings(prefix: str, properties: dict[str, Any]) -> Iterator[str]:
    yield "| setting | default | at SIGHUP | what it is |"
    yield "|---|---|---|---|"
    for name, schema in properties.items():
        default = f"`{json.dumps(schema['default'])}`" if "default" in schema else ""
        when = "live" if prefix + name in LIVE else "restart"
        yield f"| `{name}` | {default} | {when} | {schema['description']}{_bounds(schema)} |"


def _bounds(schema: dict[str, Any]) -> str:
    bounds = [f"{sign} {schema[word]}" for word, sign in _BOUNDS.items() if word in schema]
    if "enum" in schema:
        bounds.append("one of " + ", ".join(schema["enum"]))
    return f" ({', '.join(bounds)})" if bounds else ""


def cli() -> str:
    """Return the help of every command, as it is printed."""
    return "\n\n".join(_help(main, None, "safelight"))


def _help(command: click.Command, above: click.Context | None, name: str) -> Iterator[str]:
    context = click.Context(command, parent=above, info_name=name, terminal_width=_HELP_WIDTH, **command.context_settings)
    printed = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    yield f"## `{context.command_path}`\n\n```text\n{printed}\n```"
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None and not found.hidden:
                yield from _help(found, context, inner)


def hooks() -> str:
    """Return every hook a plugin may implement."""
    found = [hook for hook in vars(hookspecs).values() if hasattr(hook, "safelight_spec")]
    return "\n\n".join(f"### `{hook.__name__}{_signature(hook)}`\n\n{_prose(hook)}" for hook in found)


def api() -> str:
    """Return everything `safelight.providers` exports, in groups."""
    return _grouped(providers, _GROUPS)


def kit() -> str:
    """Return everything `safelight.testing` exports, in groups."""
    return _grouped(testing, _KIT)


def laws() -> str:
    """Return a table of every law that providers keep, and whom it holds for."""
    rows = [
        f"| `{law.name}` | {law.whom.words} | {inspect.cleandoc(str(law.test.__doc__))} |"
        for law in laws_of(testing.ProviderLaws)
    ]
    return "\n".join(["| law | holds for | |", "|---|---|---|", *rows])


def _grouped(module: ModuleType, groups: _Groups) -> str:
    names = {name: getattr(module, name) for name in module.__all__}
    parts = []
    for title, belongs in groups:
        chosen = [name for name in names if belongs(names[name])]
        parts += [f"## {title}", *(_described(name, names.pop(name)) for name in chosen)]
    return "\n\n".join(parts)


_Groups: TypeAlias = tuple[tuple[str, Callable[[Any], bool]], ...]
_KIT: _Groups = (
    ("A provider, opened", lambda it: inspect.isfunction(it) or it is testing.Service),
    (
        "The laws of providers, tried",
        lambda it: it in {testing.ProviderLaws, testing.Stage, testing.Situation, testing.CannotHappen},
    ),
    ("An upstream", lambda it: not issubclass(it, testing.Weather)),
    ("The base of all weather", lambda it: it is testing.Weather),
    ("Weather", inspect.isclass),
)
_GROUPS: _Groups = (
    ("Base classes", lambda it: inspect.isclass(it) and issubclass(it, providers.Provider)),
    ("Updates: what a provider says", lambda it: inspect.isclass(it) and issubclass(it, providers.Update)),
    ("Errors: what a provider raises", lambda it: inspect.isclass(it) and issubclass(it, providers.ProviderError)),
    ("Sets of words", lambda it: isinstance(it, EnumType)),
    ("What a provider is given, and what it gives", inspect.isclass),
    ("Helpers for plugins that speak HTTP", inspect.isfunction),
    ("Constants and marks", lambda _: True),
)


def _described(name: str, it: Any) -> str:
    if isinstance(it, EnumType):
        words = ", ".join(f"`{word}`" for word in map(str, it.__members__.values()))
        return f"### `{name}`\n\n{_prose(it)}\n\n{words}"
    if isinstance(it, frozenset):
        return f"- `{name}`: {', '.join(f'`{word}`' for word in sorted(it))}"
    if inspect.isfunction(it):
        return f"### `{name}{_signature(it)}`\n\n{_prose(it)}"
    if not inspect.isclass(it):
        return (
            f"- `{name}` = `{it}`" if isinstance(it, int) else f"- `{name}` marks a function as a hook: write `@{name}` above it"
        )
    parts = [f"### `{name}{_fields(it)}`", _prose(it)]
    if issubclass(it, providers.ProviderError):
        parts.append(f"`code` {it.code} · `retryable` {'yes' if it.retryable else 'no'}")
    parts += _methods(it)
    return "\n\n".join(parts)


def _fields(cls: type) -> str:
    if issubclass(cls, BaseException) and "__init__" in vars(cls):
        return re.sub(r" -> None$", "", _signature(cls))
    if not attrs.has(cls) or not attrs.fields(cls):
        return ""
    shown, is_marked = [], False
    for field in attrs.fields(cls):
        if field.kw_only and not is_marked:
            shown.append("*")
            is_marked = True
        shown.append(field.name + _default(field))
    return f"({', '.join(shown)})"


def _default(field: attrs.Attribute[Any]) -> str:
    if field.default is attrs.NOTHING:
        return ""
    if isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]  # a class, whatever its stub says
        return "=…"
    return f"={str(field.default)!r}" if isinstance(field.default, str) else f"={field.default!r}"


def _methods(cls: type) -> Iterator[str]:
    for name, member in vars(cls).items():
        function = member.fget if isinstance(member, property) else member
        if (name.startswith("_") and name not in {"__aenter__", "__aexit__"}) or not inspect.isfunction(function):
            continue
        if not function.__doc__ or any(name in vars(base) for base in cls.__mro__[1:]):
            continue  # said by the language, or by the class it is inherited from
        kind = "async " if inspect.iscoroutinefunction(function) else ""
        call = "" if isinstance(member, property) else _signature(function)
        yield f"**`{kind}{name}{call}`** {_prose(function)}"


def _signature(function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    shown = str(signature.replace(parameters=[it for name, it in signature.parameters.items() if name != "self"]))
    return re.sub(r"(: |-> )'((?:[^'\\]|\\.)*)'", r"\1\2", shown)  # annotations are text here, defaults are not


def _prose(it: Any) -> str:
    """Return a docstring as Markdown: its sections become lists."""
    lines: list[str] = []
    is_list = False
    for line in inspect.cleandoc(it.__doc__).splitlines():
        if _SECTION.fullmatch(line):
            is_list = True
            lines += [f"*{line}*", ""]
        elif is_list and (item := _ITEM.fullmatch(line)):
            lines.append(f"- `{item[1]}`: {item[2]}")
        elif is_list and line.startswith("        "):
            lines.append(f"  {line.strip()}")
        else:
            lines.append(line)
    return "\n".join(lines)


_MAKERS: dict[str, Callable[[], str]] = {"config": config, "cli": cli, "hooks": hooks, "api": api, "kit": kit, "laws": laws}


if __name__ == "__main__":
    for path in sorted(HERE.glob("*.md")):
        path.write_text(rebuilt(path.read_text(encoding="utf-8")), encoding="utf-8")
