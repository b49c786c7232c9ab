"""One plain value into the type of its field: nothing is coerced, and no sentence holds the value."""

from __future__ import annotations

import math
import tomllib
from enum import Enum
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from safelight.checks import one_of
from safelight.fields import Naming
from safelight.redaction import Secret


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


class Mistyped(Unfit):
    """A value of another type than the field's."""

    def __init__(self, wanted: type, value: Any) -> None:
        super().__init__("mistyped")
        self.wanted = wanted
        self.got = str if isinstance(value, str) else type(value)

    def sentence(self, naming: Naming) -> str:
        """Return both types, in the words of the input."""
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


def untexted(value: Any, wanted: type) -> Any:
    """Return what a `Text` says where something other than text is wanted."""
    if not isinstance(value, Text):
        return value
    try:
        return toml_value(value.lower() if wanted is bool else value)
    except ValueError:
        raise Mistyped(wanted, value) from None


def read_int(value: Any) -> int:
    """Read an integer; a boolean is none."""
    number = untexted(value, int)
    if type(number) is not int:
        raise Mistyped(int, number)
    return number


def read_float(value: Any) -> float:
    """Read a finite number; an integer is one."""
    number = untexted(value, float)
    if type(number) not in {int, float}:
        raise Mistyped(float, number)
    try:
        number = float(number)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Unfit("must be a finite number")
    return number


def read_bool(value: Any) -> bool:
    """Read true or false."""
    flag = untexted(value, bool)
    if type(flag) is not bool:
        raise Mistyped(bool, flag)
    return flag


def read_str(value: Any) -> str:
    """Read a string, or what a secret holds."""
    if isinstance(value, Secret):
        return value.reveal()
    if not isinstance(value, str):
        raise Mistyped(str, value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Unfit("holds half a character (a lone surrogate)") from None
    return str(value)


def read_secret(value: Any) -> Secret:
    """Read a secret, or a string as one."""
    return value if isinstance(value, Secret) else Secret(read_str(value))


def read_any(value: Any) -> Any:
    """Take what comes; a `Text` that is no TOML value stands for itself."""
    if not isinstance(value, Text):
        return value
    try:
        return toml_value(value)
    except ValueError:
        return str(value)


def choose(value: Any, kind: Any) -> Any:
    """Read one of the values of a `Literal` or an enum."""
    options = get_args(kind) if get_origin(kind) is Literal else tuple(kind)
    choices = {_typed(option): option for option in options}
    said = read_str(value) if isinstance(value, Secret | Text) else value
    for reading in (said, read_any(value)):
        if isinstance(reading, str | int | NoneType) and _typed(reading) in choices:
            return choices[_typed(reading)]
    raise Unfit(one_of(options, said))


def _typed(option: Any) -> tuple[type, Any]:
    """Tell 1 from true, which are equal to Python."""
    bare = option.value if isinstance(option, Enum) else option
    return type(bare), bare
