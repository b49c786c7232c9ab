"""Nothing secret leaves: what must never be shown is masked by value and by key, wherever text goes out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote

import attrs

MASK = "[redacted]"
_MIN_LENGTH = 6
_SHORT = 5
"""What has so few characters is masked where it stands as a word of its own, for else it would garble all text."""
_MAX_DEPTH = 8
_MAX_BITS = 4096
_SHORT_KEY = _SHORT_TEXT = 64
"""Keys and texts up to here are few, as a rule, and come again: what became of one is remembered."""
_PLAIN = frozenset({type(None), bool, int, float})
_WORD_EDGE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_KEYS = re.compile(
    r"(^|[\W_])(authorization|cookie|token|secret|password|passwd|passphrase|credentials?|api_?key|key"
    r"|prompt|ticket|signature|query|query_string)$",
    re.IGNORECASE,
)
# Every repetition that can begin at many places of a text is bounded: the text is an upstream's, and may be made to hurt.
# Beside each pattern: lower-case texts one of which stands in whatever it can match. Nearly all text has none of them.
_PATTERNS = (
    (
        re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,10000}(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?"),
        MASK,
        ("-----begin ",),
    ),
    (
        re.compile(r"(?i)\b(bearer|basic|key|token)\s{1,8}[A-Za-z0-9._~+/=:-]{8,}"),
        r"\1 " + MASK,
        ("bearer", "basic", "key", "token"),
    ),
    (
        re.compile(r"(?i)\b((?:api[_-]?key|access[_-]?token|token|secret|password|signature|sig)=)[^\s&\"']+"),
        r"\1" + MASK,
        ("key=", "token=", "secret=", "password=", "signature=", "sig="),
    ),
    (
        re.compile(r"(?i)(\"(?:api[_-]?key|access[_-]?token|token|secret|password)\"\s{0,8}:\s{0,8}\")[^\"]+"),
        r"\1" + MASK,
        ('"',),
    ),
    (
        re.compile(
            r"(?i)\b((?:x-api-key|api-key|authorization|cookie)\s{0,8}:\s{0,8})(?!(?:bearer|basic|key|token)\s)[^\s\"',]+"
        ),
        r"\1" + MASK,
        ("api-key", "authorization", "cookie"),
    ),
    (re.compile(r"\b(?:sk|pk|r8|hf|sl|fw|xai|ghp|whsec)[-_][A-Za-z0-9_-]{12,}"), MASK, ("-", "_")),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"), MASK, ("eyj",)),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://)[^/\s:@]{0,256}:[^/\s@]{1,256}@"), r"\1" + MASK + "@", ("@",)),
    (re.compile(r"(/v1/webhooks/[^/\s]{1,64}/)[0-9A-Fa-f]{16,}"), r"\1" + MASK, ("/v1/webhooks/",)),
    (re.compile(r"(?i)\b((?:https?|wss?)://[^\s?#\"'<>]{1,2048})\?[^\s\"'<>]+"), r"\1?" + MASK, ("?",)),
    (re.compile(r"((?:^|(?<=[\s\"'(]))/[^\s?#\"'<>]{0,2048})\?[^\s\"'<>=]{1,256}=[^\s\"'<>]*"), r"\1?" + MASK, ("?",)),
)


class Secret:
    """A value that shows itself only when asked by name. It is no attrs class: nothing that walks those finds the value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself: for the one header it is meant for."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__


def secrets_within(settings: Any) -> Iterator[Secret]:
    """Give every secret that an attrs instance holds, however deep."""
    if isinstance(settings, Secret):
        yield settings
    elif isinstance(settings, Mapping):
        yield from secrets_within(list(settings.values()))
    elif isinstance(settings, list | tuple):
        for item in settings:
            yield from secrets_within(item)
    elif attrs.has(type(settings)):
        yield from secrets_within([getattr(settings, field.name) for field in attrs.fields(type(settings))])


class Redactor:
    """Masks registered values, and what looks like a credential, in text and in structures."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._registered: re.Pattern[str] | None = None
        self._forget()

    def register(self, secret: Secret) -> None:
        """
        Mask this value from now on, also as it stands in a URL or in JSON.

        Very short ones are left alone, since masking them would garble all text.
        """
        value = secret.reveal()
        if len(value) < _MIN_LENGTH or value in MASK:
            return
        escaped = json.dumps(value)[1:-1]
        self._values |= {_writable(form) for form in (value, escaped, quote(_writable(value)), quote(_writable(value), safe=""))}
        longest_first = sorted(self._values, key=len, reverse=True)
        self._registered = re.compile("|".join(map(re.escape, longest_first)))
        self._forget()

    def register_within(self, settings: Any) -> None:
        """Register every secret that an attrs instance holds, however deep."""
        for secret in secrets_within(settings):
            self.register(secret)

    def text(self, text: str) -> str:
        """Return `text` with secrets masked and with what no encoder can write replaced (lone surrogates, NUL)."""
        return self._text_known(text) if len(text) <= _SHORT_TEXT else self._text(text)

    def _forget(self) -> None:
        """Remember nothing from before: in new tables, for a thread that looks by the old rules may yet write into the old ones."""
        self._key_known = lru_cache(maxsize=1024)(self._key)
        self._text_known = lru_cache(maxsize=1024)(self._text)

    def _text(self, text: str) -> str:
        clean = text if text.isascii() and "\0" not in text else _writable(text)
        if self._registered is not None:
            clean = self._registered.sub(MASK, clean)
        if not clean.isascii():  # there, more letters than one count as a "k" or an "s"
            for pattern, replacement, _ in _PATTERNS:
                clean = pattern.sub(replacement, clean)
        elif not clean.isalnum():
            low = clean.lower()
            for pattern, replacement, signs in _PATTERNS:
                for sign in signs:
                    if sign in low:
                        clean = pattern.sub(replacement, clean)
                        break
        return clean

    def value(self, value: Any, key: str = "") -> Any:
        """
        Return a structure of plain JSON values with secrets masked; keys that name a secret lose their value whatever it is.

        It never raises: what cannot be shown is named by its type.
        """
        try:
            return MASK if value is not None and _names_secret(key) else self._shown(value, _MAX_DEPTH)
        except BaseException:  # noqa: BLE001 - a plugin's object may raise anything from anywhere; a log line must not fail on it
            return _type_name(value)

    def _shown(self, value: Any, depth: int) -> Any:
        if type(value) is str:
            return self.text(value)
        if isinstance(value, Mapping):
            return self._table(value, depth) if depth else "…"
        if isinstance(value, list | tuple | set | frozenset):
            return [self._branch(item, depth) for item in value] if depth else "…"
        return self._leaf(value.value if isinstance(value, Enum) else value)

    def _table(self, table: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for key, item in table.items():
            name, is_hidden = self._key_known(key) if type(key) is str and len(key) <= _SHORT_KEY else self._key(key)
            if item is None:
                shown[name] = None
            elif is_hidden:
                shown[name] = MASK
            elif type(item) is str:  # nearly all is one of these: a step, not five
                shown[name] = self.text(item)
            else:
                shown[name] = self._branch(item, depth)
        return shown

    def _leaf(self, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            return int(value) if value.bit_length() <= _MAX_BITS else f"<integer of {value.bit_length()} bits>"
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else str(value)
        if isinstance(value, bytes | bytearray | memoryview):
            return f"<{len(value)} bytes>"
        if isinstance(value, BaseException):
            return self.text(f"{type(value).__name__}: {value}")
        return MASK if isinstance(value, Secret) else self.text(str(value))

    def _branch(self, value: Any, depth: int) -> Any:
        try:
            return self._leaf(value) if type(value) in _PLAIN else self._shown(value, depth - 1)
        except BaseException:  # noqa: BLE001 - as in `value`, and its neighbours are shown
            return _type_name(value)

    def _key(self, key: Any) -> tuple[str, bool]:
        """Return how a key is shown, and whether it hides what it stands before."""
        name = self.text(key) if isinstance(key, str) else str(self.value(key))
        return name, _names_secret(name)


def _names_secret(key: str) -> bool:
    return _KEYS.search(_WORD_EDGE.sub("_", key)) is not None


def _writable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _type_name(value: object) -> str:
    return f"<{type(value).__name__}>"


class Quoted:
    """
    Something private that others may quote, such as a prompt.

    It is masked as it stands, and as Python and JSON write it.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _forms(self) -> Sequence[str]:
        text = self._text
        written = repr(text), json.dumps(text), json.dumps(text, ensure_ascii=False)
        return sorted({text, *(form[1:-1] for form in written)} - {""}, key=len, reverse=True)

    def masked(self, text: str) -> str:
        """Return a text without it; before any cut, which would leave half of it that nothing finds."""
        for form in self._forms:
            is_word = len(form) <= _SHORT
            text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", MASK, text) if is_word else text.replace(form, MASK)
        return text


redactor = Redactor()
"""The process's one redactor: config registers secrets with it, logs and the provider boundary read it."""
