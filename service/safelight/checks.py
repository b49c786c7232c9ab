"""What is wrong with a value, in sentences that never hold it: it could be a secret."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from enum import Enum
from itertools import islice
from typing import Any

import attrs

from safelight.errors import one_sentence
from safelight.fields import EACH, EACH_ITEM, IN, MATCHES, MAX_LEN, MIN_LEN, NUMBER, OPTIONAL, default_of, flattened
from safelight.redaction import Secret

_SHOWN_CHOICES = 20
_SHOWN_KEY = 64
_SCRUBBED_LEAVES = 200


def refusals(cls: type, made: Mapping[str, Any], failed: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    """
    Ask every validator of a class: the class itself stops at the first, and is not made at all while a field is missing.

    Yields the field's name, where inside its value (`[2]`, `.name`, mostly nothing), and a sentence.

    Args:
        made: The values that are there, by field.
        failed: The fields that are not, because their value did not fit or is missing.
    """
    draft: Any = object.__new__(cls)
    there: list[tuple[attrs.Attribute[Any], Any]] = []
    for field in attrs.fields(cls):
        if field.name in failed:
            continue
        try:
            value = _converted(field, draft, made[field.name] if field.name in made else default_of(field, draft))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - converters are the plugin's code and raise what they like
            yield field.name, "", said_without(error, made.get(field.name))
            continue
        if value is not attrs.NOTHING:
            object.__setattr__(draft, field.name, value)
            there.append((field, value))
    for field, value in there:
        for at, sentence in complaints(field.validator, draft, field, value, is_whole=not failed):
            yield field.name, at, sentence


def _converted(field: attrs.Attribute[Any], draft: Any, value: Any) -> Any:
    convert: Any = field.converter
    if convert is None:
        return value
    return convert(value, draft, field) if hasattr(convert, "takes_field") else convert(value)


def complaints(
    validator: Any, owner: Any, field: attrs.Attribute[Any], value: Any, *, is_whole: bool = True
) -> Iterator[tuple[str, str]]:
    """
    Yield what a validator has against a value: where inside it, and a sentence.

    The sentence never holds the value, which may be a secret; bounds and lengths it may.

    Args:
        owner: The instance, for validators that look at other fields.
        is_whole: Whether it has all its fields; else a check that stumbles over a missing one has nothing to say.
    """
    for part in flattened(validator):
        if isinstance(part, OPTIONAL):
            if value is not None:
                yield from complaints(part.validator, owner, field, value, is_whole=is_whole)
        elif isinstance(part, EACH) and isinstance(value, Collection):
            yield from complaints(part.iterable_validator, owner, field, value)
            for index, item in enumerate(value):
                yield from ((f"[{index}]{at}", said) for at, said in complaints(part.member_validator, owner, field, item))
        elif isinstance(part, EACH_ITEM) and isinstance(value, Mapping):
            yield from complaints(part.mapping_validator, owner, field, value)
            for key, item in value.items():
                for inner, subject in ((part.key_validator, key), (part.value_validator, item)):
                    yield from ((f".{shown(key)}{at}", said) for at, said in complaints(inner, owner, field, subject))
        else:
            yield from _asked(part, owner, field, value, is_whole=is_whole)


def _asked(validator: Any, owner: Any, field: attrs.Attribute[Any], value: Any, *, is_whole: bool) -> Iterator[tuple[str, str]]:
    try:
        validator(owner, field, value)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's check may raise anything; it means no
        if is_whole or not isinstance(error, AttributeError):
            yield "", _wording(validator, value) or said_without(error, value)


def _wording(validator: Any, value: Any) -> str | None:
    if isinstance(validator, NUMBER):
        return f"must be {validator.compare_op} {validator.bound}"
    if isinstance(validator, IN) and not isinstance(validator.options, str):
        return one_of(validator.options, value)
    if isinstance(validator, MATCHES):
        return f"must match {validator.pattern.pattern}"
    if isinstance(validator, MIN_LEN):
        return "must not be empty" if validator.min_length == 1 else f"must have at least {_counted(validator.min_length, value)}"
    if isinstance(validator, MAX_LEN):
        return f"must have at most {_counted(validator.max_length, value)}"
    return None


def _counted(bound: int, value: Any) -> str:
    unit = "character" if isinstance(value, str) else "item"
    return f"{bound} {unit}{'' if bound == 1 else 's'}" + (f", not {len(value)}" if hasattr(value, "__len__") else "")


def shown(key: Any) -> str:
    """Return a key of the input as it may be repeated: short, in characters that can be written."""
    text = str(key)
    clean = "".join(character if character.isprintable() else "?" for character in text[:_SHOWN_KEY])
    return clean + "…" if len(text) > _SHOWN_KEY else clean


def one_of(options: Collection[Any], value: Any) -> str:
    """Return `must be one of 'a', 'b'`, and which of them was probably meant."""
    plain = [option.value if isinstance(option, Enum) else option for option in options]
    more = ", …" if len(plain) > _SHOWN_CHOICES else ""
    hint = did_you_mean(value, [option for option in plain if isinstance(option, str)]) if isinstance(value, str) else ""
    return f"must be one of {', '.join(map(repr, plain[:_SHOWN_CHOICES]))}{more}{hint}"


def did_you_mean(word: str, known: Collection[str], *, prefix: str = "") -> str:
    """
    Return ` (did you mean 'port'?)` for a near miss or a name without its section, else nothing.

    Args:
        prefix: What every known word begins with when it is shown.
    """
    if len(word) > _SHOWN_KEY:
        return ""  # no near miss, and costly to compare
    near = get_close_matches(word, known, n=1) or [one for one in known if one.endswith((f".{word}", f"__{word}"))]
    return f" (did you mean '{prefix}{near[0]}'?)" if near else ""


def said_without(error: BaseException, value: Any) -> str:
    """Return what a check said, in one sentence, with the value it refused cut out."""
    if not isinstance(error, ValueError | TypeError) or not error.args:
        return f"was refused by its check ({type(error).__name__})"
    try:
        sentence = str(error.args[0])
        forms = sorted(set(islice(_forms(value), _SCRUBBED_LEAVES + 1)), key=len, reverse=True)
    except Exception:  # noqa: BLE001 - words that cannot be read are as good as none
        return "was refused by its check"
    if len(forms) > _SCRUBBED_LEAVES:
        return "was refused by its check"
    for form in forms:
        edges = ("", "") if len(form) > 3 and not form.isdigit() else (r"(?<![\w.])", r"(?![\w.]*\w)")
        sentence = re.sub(edges[0] + re.escape(form) + edges[1], "…", sentence)
    return one_sentence(sentence) or "was refused by its check"


def _forms(value: Any) -> Iterator[str]:
    """Yield every way in which a message may quote the value or a part of it."""
    if isinstance(value, Secret):
        yield from _forms(value.reveal())
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _forms(key)
            yield from _forms(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _forms(item)
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from _forms(getattr(value, field.name))
    elif isinstance(value, str):
        yield from (form for form in (value, repr(value)[1:-1]) if form)
    elif value is not None and not isinstance(value, bool):
        yield from {str(value), repr(value)}
