"""Nothing secret leaves: what must never be shown is masked by value and by key, wherever text goes out."""

from __future__ import annotations

import re
from typing import Any

import attrs

MASK = "[redacted]"
_MIN_LENGTH = 6
_KEYS = re.compile(
    r"(^|[_.-])(authorization|proxy_authorization|cookie|set_cookie|token|secret|password|passwd|api_?key|key|prompt|ticket|signature)$",
    re.IGNORECASE,
)
_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic|key|token)\s+[A-Za-z0-9._~+/=:-]{8,}"), r"\1 " + MASK),
    (re.compile(r"(?i)\b((?:api[_-]?key|access[_-]?token|token|secret|password|signature|sig)=)[^\s&\"']+"), r"\1" + MASK),
    (re.compile(r"\b(?:sk|pk|r8|hf|sl|fw|xai|ghp)[-_][A-Za-z0-9_-]{12,}"), MASK),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s:@]+:[^/\s@]+@"), r"\1" + MASK + "@"),
    (re.compile(r"(?i)\b(https?://[^\s?#\"'<>]+)\?[^\s\"'<>]+"), r"\1?" + MASK),
)


@attrs.frozen(repr=False)
class Secret:
    """A value that shows itself only when asked by name."""

    _value: str

    def reveal(self) -> str:
        """Return the value itself: for the one header it is meant for."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__


class Redactor:
    """Masks registered values, and what looks like a credential, in text and in structures."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def register(self, secret: Secret) -> None:
        """Mask this value from now on; very short ones are left alone, since masking them would garble all text."""
        if len(secret.reveal()) >= _MIN_LENGTH:
            self._values.add(secret.reveal())

    def text(self, text: str) -> str:
        """Return `text` with secrets masked and with what no encoder can write replaced (lone surrogates, NUL)."""
        clean = text.encode("utf-8", "replace").decode().replace("\0", "")
        for value in sorted(self._values, key=len, reverse=True):
            clean = clean.replace(value, MASK)
        for pattern, replacement in _PATTERNS:
            clean = pattern.sub(replacement, clean)
        return clean

    def value(self, value: Any, key: str = "") -> Any:
        """Return a loggable structure with secrets masked; keys that name a secret lose their value whatever it is."""
        if key and value is not None and _KEYS.search(key):
            return MASK
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Secret):
            return MASK
        if isinstance(value, dict):
            return {k: self.value(v, str(k)) for k, v in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        return value


redactor = Redactor()
"""The process's one redactor: config registers secrets with it, logs and the provider boundary read it."""
