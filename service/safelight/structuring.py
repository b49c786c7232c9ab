"""Plain JSON or TOML data into frozen attrs classes: strictly, and with every fault at once."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import cache, partial
from itertools import islice
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import attrs
import cattrs
from cattrs.cols import homogenous_tuple_structure_factory, list_structure_factory
from cattrs.gen import mapping_structure_factory

from safelight.checks import did_you_mean, one_of, refusals, said_without, shown
from safelight.errors import Fault, InvalidInput
from safelight.fields import Naming, named_fields
from safelight.redaction import Secret

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]
_MAX_FAULTS = 100
"""A hostile body may hold thousands of faults; naming each would make the answer the attack."""
_MAX_UNKNOWN = 20


class Text(str):
    """A value from the environment or the command line: what it is, is decided by the field it is for."""

    __slots__ = ()


class Unfit(ValueError):
    """A value that does not fit; `at` says where inside it. The sentence never holds the value, which may be a secret."""

    def __init__(self, sentence: str, *, at: str = "") -> None:
        super().__init__(sentence)
        self.at = at

    def sentence(self, naming: Naming) -> str:  # noqa: ARG002 - for those whose words depend on it
        """Return what is wrong, in the words of the input."""
        return str(self)


class _Mistyped(Unfit):
    """A value of another type than the field's."""

    def __init__(self, wanted: type, value: Any) -> None:
        super().__init__("mistyped")
        self.wanted = wanted
        self.got = str if isinstance(value, str) else type(value)

    def sentence(self, naming: Naming) -> str:
        names = {
            int: "an integer",
            float: "a number",
            str: "a string",
            bool: "true or false",
            list: "a list",
            dict: "a table" if naming == "snake" else "an object",
            Secret: "a secret",
            NoneType: "nothing",
        }
        return f"expected {names[self.wanted]}, got {names.get(self.got, f'a {self.got.__name__}')}"


def structure(data: Any, cls: type[T], *, path: str = "", naming: Naming = "snake") -> T:
    """
    Return `data` as a `cls`.

    Nothing is coerced: "1" is no integer, a boolean neither; an integer is a number. Only `Text` takes the type of its field.

    Args:
        path: Where the data stands, put before the path of each fault.
        naming: Whether the keys are ours (`max_bytes`) or the wire's (`maxBytes`).

    Raises:
        InvalidInput: Every fault, with its path in the words of the input.
        TypeError: The class has a field of a type that data cannot be structured into.
    """
    try:
        return _converter(naming).structure(data, cls)
    except (Unfit, cattrs.BaseValidationError) as error:
        faults = _faults(error, path, naming)
        first = tuple(islice(faults, _MAX_FAULTS))
        if more := sum(1 for _ in faults):
            first += (Fault(path, f"and {more} more faults"),)
        raise InvalidInput(*first) from None


def _faults(error: BaseException, path: str, naming: Naming) -> Iterator[Fault]:
    if isinstance(error, Unfit):
        yield Fault(f"{path}{error.at}".lstrip("."), error.sentence(naming))
    elif isinstance(error, cattrs.BaseValidationError):
        for part in error.exceptions:
            yield from _faults(part, path + _step(part), naming)
    else:
        raise error


def _step(error: BaseException) -> str:
    """Return the last step down to a part of the input, from the note that was left on its error."""
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, cattrs.AttributeValidationNote):
            return f".{note.name}"
        if isinstance(note, cattrs.IterableValidationNote):
            return f"[{note.index}]" if isinstance(note.index, int) else f".{shown(note.index)}"
    return ""


def toml_value(text: str) -> Any:
    """
    Read one TOML value.

    Raises:
        ValueError: It is none, or more than one.
    """
    read = tomllib.loads(f"value = {text}")
    if len(read) != 1:
        raise ValueError("more than one value")
    return read["value"]


def _plain(value: Any, wanted: type) -> Any:
    """Return what a `Text` says where something other than text is wanted."""
    if not isinstance(value, Text):
        return value
    try:
        return toml_value(value.lower() if wanted is bool else value)
    except ValueError:
        raise _Mistyped(wanted, value) from None


def _int(value: Any) -> int:
    number = _plain(value, int)
    if type(number) is not int:
        raise _Mistyped(int, number)
    return number


def _float(value: Any) -> float:
    number = _plain(value, float)
    if type(number) not in {int, float}:
        raise _Mistyped(float, number)
    try:
        number = float(number)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Unfit("must be a finite number")
    return number


def _bool(value: Any) -> bool:
    flag = _plain(value, bool)
    if type(flag) is not bool:
        raise _Mistyped(bool, flag)
    return flag


def _str(value: Any) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    if not isinstance(value, str):
        raise _Mistyped(str, value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unfit("holds half a character (a lone surrogate)") from None
    return str(value)


def _secret(value: Any) -> Secret:
    return value if isinstance(value, Secret) else Secret(_str(value))


def _any(value: Any, _: Any) -> Any:
    if not isinstance(value, Text):
        return value
    try:
        return toml_value(value)
    except ValueError:
        return str(value)


def _choice(value: Any, kind: Any) -> Any:
    choices = {_typed(option): option for option in (get_args(kind) if get_origin(kind) is Literal else kind)}
    plain = _str(value) if isinstance(value, Secret | Text) else value
    readings = [plain, _any(value, kind)] if isinstance(value, Text) else [plain]
    for reading in readings:
        if isinstance(reading, str | int | bool | NoneType) and (key := _typed(reading)) in choices:
            return choices[key]
    raise Unfit(one_of([option for _, option in choices], plain))


def _typed(option: Any) -> tuple[type, Any]:
    """Tell 1 from true, which are equal to Python."""
    plain = option.value if isinstance(option, Enum) else option
    return type(plain), plain


@cache
def _converter(naming: Naming) -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook_factory(lambda _: True, _unsupported)
    for cls, read in ((int, _int), (float, _float), (str, _str), (bool, _bool), (Secret, _secret)):
        converter.register_structure_hook(cls, partial(_scalar, cls, read))
    for cls in (bytes, Path):
        converter.register_structure_hook(cls, lambda _, kind: _unsupported(kind))
    converter.register_structure_hook_func(lambda kind: kind is Any, _any)
    converter.register_structure_hook_func(lambda kind: get_origin(kind) is Literal or _is_enum(kind), _choice)
    converter.register_structure_hook_factory(_is_optional, partial(_optional, converter))
    converter.register_structure_hook_factory(_is_tuple, partial(_shaped, converter, homogenous_tuple_structure_factory, list))
    converter.register_structure_hook_factory(_is_a(list), partial(_shaped, converter, list_structure_factory, list))
    converter.register_structure_hook_factory(_is_a(dict), partial(_shaped, converter, mapping_structure_factory, dict))
    converter.register_structure_hook_factory(attrs.has, partial(_object, converter, naming))
    return converter


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _is_a(shape: type) -> Callable[[Any], bool]:
    return lambda kind: kind is shape or get_origin(kind) is shape


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple and get_args(kind)[1:] == (...,)


def _is_optional(kind: Any) -> bool:
    return get_origin(kind) in {Union, UnionType} and len(get_args(kind)) == 2 and NoneType in get_args(kind)


def _unsupported(kind: Any) -> Hook:
    raise TypeError(f"data cannot be structured into {getattr(kind, '__name__', kind)}")


def _scalar(cls: type, read: Callable[[Any], Any], value: Any, kind: Any) -> Any:
    """Cattrs also comes here with subclasses: of `str` and `int` some are enums."""
    if kind is cls:
        return read(value)
    return _choice(value, kind) if _is_enum(kind) else _unsupported(kind)


def _optional(converter: cattrs.Converter, kind: Any) -> Hook:
    inner = next(arg for arg in get_args(kind) if arg is not NoneType)
    hook = converter.get_structure_hook(inner)
    return lambda value, _: None if value is None else hook(value, inner)


def _shaped(converter: cattrs.Converter, make: Callable[[Any, cattrs.Converter], Hook], shape: type, kind: Any) -> Hook:
    """Cattrs' own hooks iterate whatever they get, strings too."""
    inner = make(kind, converter)

    def hook(value: Any, _: Any) -> Any:
        plain = _plain(value, shape)
        if not isinstance(plain, shape):
            raise _Mistyped(shape, plain)
        return inner(plain, kind)

    return hook


def _object(converter: cattrs.Converter, naming: Naming, cls: type) -> Hook:
    fields = named_fields(cls, naming)
    names = {field.name: name for name, field in fields.items()}

    def hook(value: Any, _: Any) -> Any:
        data = _plain(value, dict)
        if not isinstance(data, dict):
            raise _Mistyped(dict, data)
        problems: list[Exception] = list(_unknown(data, fields))
        made: dict[str, Any] = {}
        failed: set[str] = set()
        for name, field in fields.items():
            try:
                if name in data:
                    made[field.name] = converter.get_structure_hook(field.type)(data[name], field.type)
                elif field.default is attrs.NOTHING:
                    raise Unfit("required")  # noqa: TRY301 - it goes the way of every other fault of the field
            except (Unfit, cattrs.BaseValidationError) as error:
                error.add_note(cattrs.AttributeValidationNote("", name, field.type))
                problems.append(error)
                failed.add(field.name)
        if not problems:
            try:
                return cls(**{field.alias or field.name: made[field.name] for field in fields.values() if field.name in made})
            except (Exception, SystemExit) as error:  # noqa: BLE001 - validators are the plugin's code and raise what they like
                refused = Unfit(said_without(error, data))
        problems.extend(
            Unfit(sentence, at=f".{names.get(field, field)}{at}")
            for field, at, sentence in refusals(cls, made, frozenset(failed))
        )
        raise cattrs.ClassValidationError("While structuring", problems or [refused], cls)

    return hook


def _unknown(data: Mapping[Any, Any], fields: Mapping[str, Any]) -> Iterator[Unfit]:
    unknown = (key for key in data if key not in fields)
    for key in islice(unknown, _MAX_UNKNOWN):
        yield Unfit(f"unknown key '{shown(key)}'{did_you_mean(str(key), fields.keys())}", at=f".{shown(key)}")
    if more := sum(1 for _ in unknown):
        yield Unfit(f"and {more} more unknown keys")
