"""Plain JSON or TOML data into frozen attrs classes: strictly, and with every fault at once."""

from __future__ import annotations

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

from safelight.checks import did_you_mean, refusals, said_without, shown
from safelight.errors import Fault, InvalidInput
from safelight.fields import Naming, named_fields
from safelight.redaction import Secret
from safelight.scalars import (
    Mistyped,
    Text,
    Unfit,
    choose,
    read_any,
    read_bool,
    read_float,
    read_int,
    read_secret,
    read_str,
    untexted,
)

__all__ = ["Naming", "Text", "structure"]

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]
_MAX_FAULTS = 100
"""A hostile body may hold thousands of faults; naming each would make the answer the attack."""
_MAX_UNKNOWN = 20


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


@cache
def _converter(naming: Naming) -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_structure_hook_factory(lambda _: True, _unsupported)
    for cls, read in ((int, read_int), (float, read_float), (str, read_str), (bool, read_bool), (Secret, read_secret)):
        converter.register_structure_hook(cls, partial(_scalar, cls, read))
    for scalar in (bytes, Path):
        converter.register_structure_hook(scalar, lambda _, kind: _unsupported(kind))
    converter.register_structure_hook_func(_is_any, lambda value, _: read_any(value))
    converter.register_structure_hook_func(_is_choice, choose)
    converter.register_structure_hook_factory(_is_optional, partial(_optional, converter))
    converter.register_structure_hook_factory(_is_tuple, partial(_shaped, converter, homogenous_tuple_structure_factory, list))
    converter.register_structure_hook_factory(_is_list, partial(_shaped, converter, list_structure_factory, list))
    converter.register_structure_hook_factory(_is_table, partial(_shaped, converter, mapping_structure_factory, dict))
    converter.register_structure_hook_factory(attrs.has, partial(_object, converter, naming))
    return converter


def _is_any(kind: Any) -> bool:
    return kind is Any


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _is_choice(kind: Any) -> bool:
    return get_origin(kind) is Literal or _is_enum(kind)


def _is_list(kind: Any) -> bool:
    return kind is list or get_origin(kind) is list


def _is_table(kind: Any) -> bool:
    return kind is dict or (get_origin(kind) is dict and get_args(kind)[0] is str)


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
    return choose(value, kind) if _is_enum(kind) else _unsupported(kind)


def _optional(converter: cattrs.Converter, kind: Any) -> Hook:
    inner = next(arg for arg in get_args(kind) if arg is not NoneType)
    hook = converter.get_structure_hook(inner)
    return lambda value, _: None if value is None else hook(value, inner)


def _shaped(converter: cattrs.Converter, make: Callable[[Any, cattrs.Converter], Hook], shape: type, kind: Any) -> Hook:
    """Cattrs' own hooks iterate whatever they get, strings too."""
    inner = make(kind, converter)

    def hook(value: Any, _: Any) -> Any:
        items = untexted(value, shape)
        if not isinstance(items, shape):
            raise Mistyped(shape, items)
        return inner(items, kind)

    return hook


def _object(converter: cattrs.Converter, naming: Naming, cls: type) -> Hook:
    fields = named_fields(cls, naming)
    names = {field.name: name for name, field in fields.items()}
    # asked for when it is needed: a class may hold others of its own
    hook_of = cache(lambda name: converter.get_structure_hook(fields[name].type))

    def hook(value: Any, _: Any) -> Any:
        data = untexted(value, dict)
        if not isinstance(data, dict):
            raise Mistyped(dict, data)
        problems: list[Exception] = list(_unknown(data, fields))
        made: dict[str, Any] = {}
        failed: set[str] = set()
        for name, field in fields.items():
            try:
                if name in data:
                    made[field.name] = hook_of(name)(data[name], field.type)
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
