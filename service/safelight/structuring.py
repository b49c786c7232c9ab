"""Plain JSON or TOML data into frozen attrs classes: strictly, and with every fault at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from enum import Enum
from functools import cache, partial
from typing import Any, Literal, TypeVar, get_args, get_origin

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, override
from cattrs.v import transform_error

from safelight.codec import camel
from safelight.errors import Fault, InvalidInput
from safelight.redaction import Secret

T = TypeVar("T")
Naming = Literal["snake", "camel"]


class Text(str):
    """A value from the environment or the command line: what it is, is decided by the field it is for."""

    __slots__ = ()


class Unfit(ValueError):
    """A value that does not fit; its sentence never holds the value, which may be a secret."""


def structure(data: Any, cls: type[T], *, path: str = "", naming: Naming = "snake") -> T:
    """
    Return `data` as a `cls`.

    Args:
        path: Where the data stands, put before the path of each fault.
        naming: Whether the keys are ours (`max_bytes`) or the wire's (`maxBytes`).

    Raises:
        InvalidInput: Every fault, with its path in the words of the input.
    """
    try:
        return _converter(naming).structure(data, cls)
    except Exception as error:  # noqa: BLE001 - cattrs and validators raise what they like; each becomes a fault
        raise InvalidInput(*_faults(error, path, naming)) from None


def did_you_mean(word: str, known: Mapping[str, Any] | list[str] | set[str]) -> str:
    """Return ` (did you mean 'port'?)` for a near miss, else nothing."""
    near = get_close_matches(word, list(known), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


class _Unknown(Unfit):
    """Keys nobody knows; one fault for each."""

    def __init__(self, keys: list[str], known: list[str]) -> None:
        super().__init__("unknown key")
        self.keys = keys
        self.known = known


def _faults(error: BaseException, path: str, naming: Naming) -> list[Fault]:
    unknown: list[tuple[str, _Unknown]] = []

    def sentence(problem: BaseException, _: Any) -> str:
        if isinstance(problem, _Unknown):
            unknown.append(("", problem))
        return _sentence(problem)

    faults: list[Fault] = []
    for line in transform_error(error, "$", sentence):
        text, _, where = line.rpartition(" @ ")
        place = _place(path, where, naming)
        if unknown and text == "unknown key":
            _, problem = unknown.pop(0)
            prefix = f"{place}." if place else ""
            faults.extend(
                Fault(f"{prefix}{key[:100]}", f"unknown key '{key[:100]}'{did_you_mean(key, problem.known)}") for key in problem.keys
            )
        else:
            faults.append(Fault(place, text))
    return faults


def _place(path: str, where: str, naming: Naming) -> str:
    inner = where.removeprefix("$").lstrip(".").replace("['", ".").replace("']", "")
    if naming == "camel":
        inner = ".".join(camel(part) for part in inner.split("."))
    return ".".join(part for part in (path, inner.lstrip(".")) if part)


def _sentence(problem: BaseException) -> str:
    if isinstance(problem, Unfit):
        return str(problem)
    if isinstance(problem, KeyError):
        return "required"
    if isinstance(problem, ValueError) and problem.args:
        return _validator_sentence(str(problem.args[0]))
    return "does not fit"


def _validator_sentence(text: str) -> str:
    """Attrs' validators say `'port' must be >= 0: -1`; the value after the colon is not shown."""
    head = text.split(": ")[0] if text.startswith("'") else text
    if head.startswith("'") and " must be " in head:
        head = "must be " + head.split(" must be ", 1)[1]
    return head.split(" (got ")[0]


def _kind(value: Any) -> str:
    names = {bool: "a boolean", int: "an integer", float: "a number", dict: "an object", list: "a list", type(None): "nothing"}
    return "a string" if isinstance(value, str) else names.get(type(value), "something else")


def _typed(value: Text, wanted: str, read: Callable[[str], T]) -> T:
    try:
        return read(value)
    except ValueError:
        raise Unfit(f"expected {wanted}") from None


def _int(value: Any, _: Any) -> int:
    if isinstance(value, Text):
        return _typed(value, "an integer", int)
    if type(value) is not int:
        raise Unfit(f"expected an integer, got {_kind(value)}")
    return value


def _float(value: Any, _: Any) -> float:
    number = _typed(value, "a number", float) if isinstance(value, Text) else value
    if type(number) not in {int, float}:
        raise Unfit(f"expected a number, got {_kind(value)}")
    try:
        number = float(number)
    except OverflowError:
        raise Unfit("expected a finite number") from None
    if not math.isfinite(number):
        raise Unfit("expected a finite number")
    return number


def _str(value: Any, _: Any) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    if not isinstance(value, str):
        raise Unfit(f"expected a string, got {_kind(value)}")
    return str(value)


_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def _bool(value: Any, _: Any) -> bool:
    if isinstance(value, Text):
        if value.lower() not in _BOOLEANS:
            raise Unfit("expected true or false")
        return _BOOLEANS[value.lower()]
    if type(value) is not bool:
        raise Unfit(f"expected true or false, got {_kind(value)}")
    return value


def _secret(value: Any, _: Any) -> Secret:
    return value if isinstance(value, Secret) else Secret(_str(value, str))


def _choice(value: Any, cls: Any) -> Any:
    choices = get_args(cls) if get_origin(cls) is Literal else [member.value for member in cls]
    plain = str(value) if isinstance(value, Text) else value
    if not any(type(plain) is type(choice) and plain == choice for choice in choices):
        hint = did_you_mean(plain, [c for c in choices if isinstance(c, str)]) if isinstance(plain, str) else ""
        raise Unfit(f"must be one of {', '.join(map(str, choices))}{hint}")
    return plain if get_origin(cls) is Literal else cls(plain)


@cache
def _converter(naming: Naming) -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    for cls, hook in ((int, _int), (float, _float), (str, _str), (bool, _bool), (Secret, _secret)):
        converter.register_structure_hook(cls, hook)
    converter.register_structure_hook_func(lambda cls: get_origin(cls) is Literal, _choice)
    converter.register_structure_hook_func(lambda cls: isinstance(cls, type) and issubclass(cls, Enum), _choice)
    converter.register_structure_hook_factory(attrs.has, partial(_object_hook, converter, naming))
    converter.register_structure_hook_factory(lambda cls: get_origin(cls) in {tuple, list}, partial(_list_hook, converter))
    converter.register_structure_hook_factory(lambda cls: cls is dict or get_origin(cls) is dict, partial(_dict_hook, converter))
    return converter


def _object_hook(converter: cattrs.Converter, naming: Naming, cls: Any) -> Callable[[Any, Any], Any]:
    attrs.resolve_types(cls)
    names = {field.name: camel(field.name) if naming == "camel" else field.name for field in attrs.fields(cls)}
    inner = make_dict_structure_fn(
        cls,
        converter,
        _cattrs_forbid_extra_keys=False,
        **{field: override(rename=name) for field, name in names.items()},  # type: ignore[arg-type]
    )
    known = list(names.values())

    def hook(value: Any, kind: Any) -> Any:
        if not isinstance(value, Mapping):
            raise Unfit(f"expected an object, got {_kind(value)}")
        strangers = [str(key) for key in value if key not in known]
        problems: list[Exception] = [_Unknown(strangers, known)] if strangers else []
        try:
            made = inner(value, kind)
        except cattrs.ClassValidationError as error:
            problems.extend(error.exceptions)
        if problems:
            raise cattrs.ClassValidationError("While structuring", problems, cls)
        return made

    return hook


def _list_hook(converter: cattrs.Converter, cls: Any) -> Callable[[Any, Any], Any]:
    origin, item = get_origin(cls), get_args(cls)[0]

    def hook(value: Any, kind: Any) -> Any:
        items = _from_toml(value, "a list")
        if not isinstance(items, list | tuple):
            raise Unfit(f"expected a list, got {_kind(value)}")
        made, problems = [], []
        for index, one in enumerate(items):
            try:
                made.append(converter.structure(one, item))
            except Exception as error:  # noqa: BLE001, PERF203 - collected, each with its index
                error.__notes__ = [cattrs.IterableValidationNote(f"item {index}", index, item)]
                problems.append(error)
        if problems:
            raise cattrs.IterableValidationError("While structuring", problems, kind)
        return origin(made)

    return hook


def _dict_hook(converter: cattrs.Converter, cls: Any) -> Callable[[Any, Any], Any]:
    item = get_args(cls)[1] if get_args(cls) else Any

    def hook(value: Any, kind: Any) -> Any:
        table = _from_toml(value, "an object")
        if not isinstance(table, Mapping):
            raise Unfit(f"expected an object, got {_kind(value)}")
        made, problems = {}, []
        for key, one in table.items():
            try:
                made[str(key)] = one if item is Any else converter.structure(one, item)
            except Exception as error:  # noqa: BLE001, PERF203 - collected, each with its key
                error.__notes__ = [cattrs.IterableValidationNote(f"key {key}", str(key), item)]
                problems.append(error)
        if problems:
            raise cattrs.IterableValidationError("While structuring", problems, kind)
        return made

    return hook


def _from_toml(value: Any, wanted: str) -> Any:
    if not isinstance(value, Text):
        return value
    import tomllib

    try:
        return tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        raise Unfit(f"expected {wanted}") from None
