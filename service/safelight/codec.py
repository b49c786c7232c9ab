"""Between our words and JSON: the snapshot as it goes over the wire, and everything the journal writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from operator import attrgetter
from typing import Any

import attrs
import cattrs
import msgspec
from cattrs.gen import make_dict_structure_fn, override

from safelight.generation import Generation
from safelight.records import AttemptRecord, LateRecord, Record, StatusRecord
from safelight.status import Status
from safelight.versions import Version

_RENAMED = {"generation": "sessionId", "provider": "providerId", "state": "status"}
_SPECIAL = frozenset({"version", "progress_floor", "outputs"})
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def camel(name: str) -> str:
    """`negative_prompt` -> `negativePrompt`."""
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


@lru_cache(maxsize=4096)
def instant(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds; remembered, since each snapshot of a generation says when it began."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def whole_millisecond(at: datetime) -> datetime:
    """Return what the wire tells of a moment."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


STATUS_WORDS = tuple(
    (field.name, _RENAMED.get(field.name, camel(field.name))) for field in attrs.fields(Status) if field.name not in _SPECIAL
)
"""The fields of a status that are one word of the wire each, and that word; version and outputs are two."""
_WORDS = tuple(word for _, word in STATUS_WORDS)
_status_values = attrgetter(*(name for name, _ in STATUS_WORDS))
_MOMENTS = tuple((name, word) for name, word in STATUS_WORDS if name.endswith("_at"))
_moments = attrgetter(*(name for name, _ in _MOMENTS))


def status_to_wire(status: Status) -> dict[str, Any]:
    """Return the snapshot as the wire shows it; unset fields are left out."""
    wire: dict[str, Any] = {"status": status.state._value_}
    for word, value in zip(_WORDS, _status_values(status), strict=True):
        if not value and (value is None or value == ()):
            continue
        shape = _SHAPES[type(value)]
        wire[word] = value if shape is _itself else shape(value)
    wire["epoch"], wire["seq"] = status.version.epoch, status.version.seq
    if status.outputs:
        wire["output"] = [output.url for output in status.outputs]
        wire["outputs"] = [plain(output) for output in status.outputs]
    return wire


def encode_status(status: Status) -> bytes:
    """Return the snapshot as one line of UTF-8 JSON: what the journal keeps, and what every stream shows."""
    return _encode(status_to_wire(status))


def encode(value: object) -> bytes:
    """Return plain data as one line of UTF-8 JSON."""
    return _encode(value)


def plain(value: Any) -> Any:
    """Return one of our words as plain JSON in the names of the wire; unset fields are left out."""
    return _SHAPES[type(value)](value)


def _itself(value: Any) -> Any:
    return value


def _items(values: Iterable[Any]) -> list[Any]:
    return [plain(value) for value in values]


def _table(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: plain(item) for key, item in value.items()}


_PLAIN: dict[type, Callable[[Any], Any]] = {
    **dict.fromkeys((type(None), str, int, float, bool), _itself),
    datetime: instant,
    tuple: _items,
    list: _items,
    dict: _table,
}


class _Shapes(dict[type, Callable[[Any], Any]]):
    """How the values of each class are written; what is found out of a class is remembered."""

    def __missing__(self, cls: type) -> Callable[[Any], Any]:
        shape = self[cls] = _shape_of(cls)
        return shape


def _shape_of(cls: type[Any]) -> Callable[[Any], Any]:
    if issubclass(cls, Enum):
        return attrgetter("_value_")  # what `value` says, by no detour
    for kind, shape in _PLAIN.items():
        if issubclass(cls, kind):
            return shape
    words = tuple((field.name, camel(field.name)) for field in attrs.fields(cls))

    def table(value: Any) -> dict[str, Any]:
        said = {}
        for name, word in words:
            if (item := getattr(value, name)) is not None:
                shape = _SHAPES[type(item)]
                said[word] = item if shape is _itself else shape(item)
        return said

    return table


_SHAPES = _Shapes(_PLAIN)


_EXACT, _FLOOR = "exact", "progressFloor"
"""What a row says of a status beside its snapshot: moments finer than a millisecond, and a floor that is not the progress shown."""
_MADE = override(struct_hook=lambda version, _: version)


def _journal_converter() -> cattrs.Converter:
    """Attempts and generations are kept under our own names; a status is kept as the wire shows it."""
    converter = cattrs.Converter(omit_if_default=True, detailed_validation=False)
    converter.register_unstructure_hook(datetime, lambda at: at.astimezone(UTC).isoformat())
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    words: dict[str, Any] = {name: override(rename=word) for name, word in (*STATUS_WORDS, ("progress_floor", _FLOOR))}
    converter.register_structure_hook(Status, make_dict_structure_fn(Status, converter, version=_MADE, **words))
    return converter


_journal = _journal_converter()
_KINDS: dict[str, type[Record]] = {"status": StatusRecord, "attempt": AttemptRecord, "late": LateRecord}
_KIND_OF = {cls: kind for kind, cls in _KINDS.items()}


def kind_of(record: Record) -> str:
    """Return the journal's word for a record: status, attempt or late."""
    return _KIND_OF[type(record)]


def encode_record(record: Record) -> bytes:
    """Return a journal record as JSON, without its kind; a status begins with its snapshot, byte for byte."""
    if not isinstance(record, StatusRecord):
        return _encode(_journal.unstructure(record))
    status = record.status
    snapshot = record.snapshot or encode_status(status)
    unshown = _unshown(status)
    return snapshot[:-1] + b"," + _encode(unshown)[1:] if unshown else snapshot


def _unshown(status: Status) -> dict[str, Any]:
    """Return what the wire does not say of a status: nothing, as a rule."""
    unshown: dict[str, Any] = {}
    if status.progress_floor != (status.progress or 0):
        unshown[_FLOOR] = status.progress_floor
    for (_, word), at in zip(_MOMENTS, _moments(status), strict=True):
        if at is not None and at.microsecond % 1000:
            unshown.setdefault(_EXACT, {})[word] = at.astimezone(UTC).isoformat()
    return unshown


def decode_record(kind: str, body: bytes) -> Record:
    """Read what `encode_record` wrote."""
    if kind == "status":
        return StatusRecord(status=decode_status(body))
    return _journal.structure(_decode(body), _KINDS[kind])


def decode_status(body: bytes) -> Status:
    """Read the row of a status."""
    said = _decode(body)
    said.update(said.pop(_EXACT, {}))
    said.setdefault(_FLOOR, said.get("progress", 0))
    said["version"] = Version(said["epoch"], said["seq"])
    return _journal.structure(said, Status)


def encode_generation(generation: Generation) -> bytes:
    """Return a generation as JSON for the journal."""
    return _encode(_journal.unstructure(generation))


def decode_generation(body: bytes) -> Generation:
    """Read what `encode_generation` wrote."""
    return _journal.structure(_decode(body), Generation)
