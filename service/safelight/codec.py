"""Between our words and JSON: the snapshot as it goes over the wire, and everything the journal writes."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import Any

import attrs
import cattrs
import msgspec

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


def instant(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


STATUS_WORDS = tuple(
    (field.name, _RENAMED.get(field.name, camel(field.name))) for field in attrs.fields(Status) if field.name not in _SPECIAL
)
"""The fields of a status that are one word of the wire each, and that word; version and outputs are two."""


def status_to_wire(status: Status) -> dict[str, Any]:
    """Return the snapshot as the wire shows it; unset fields are left out."""
    wire: dict[str, Any] = {"status": status.state.value}
    for name, word in STATUS_WORDS:
        value = getattr(status, name)
        if value is None or value == ():
            continue
        wire[word] = plain(value)
    wire["epoch"], wire["seq"] = status.version.epoch, status.version.seq
    if status.outputs:
        wire["output"] = [output.url for output in status.outputs]
        wire["outputs"] = [plain(output) for output in status.outputs]
    return wire


def encode_status(status: Status) -> bytes:
    """Return the snapshot as one line of UTF-8 JSON."""
    return _encode(status_to_wire(status))


def encode(value: object) -> bytes:
    """Return plain data as one line of UTF-8 JSON."""
    return _encode(value)


def plain(value: Any) -> Any:
    """Return one of our words as plain JSON in the names of the wire; unset fields are left out."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return {camel(f.name): plain(v) for f in attrs.fields(type(value)) if (v := getattr(value, f.name)) is not None}


def _journal_converter() -> cattrs.Converter:
    """Journal rows keep our own names: what is on the wire may gain words without touching what is stored."""
    converter = cattrs.Converter(omit_if_default=True, detailed_validation=False)
    converter.register_unstructure_hook(datetime, lambda at: at.astimezone(UTC).isoformat())
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    converter.register_unstructure_hook(Version, str)
    converter.register_structure_hook(Version, lambda text, _: Version.parse(text))
    return converter


_journal = _journal_converter()
_KINDS: dict[str, type[Record]] = {"status": StatusRecord, "attempt": AttemptRecord, "late": LateRecord}
_KIND_OF = {cls: kind for kind, cls in _KINDS.items()}


def kind_of(record: Record) -> str:
    """Return the journal's word for a record: status, attempt or late."""
    return _KIND_OF[type(record)]


def encode_record(record: Record) -> bytes:
    """Return a journal record as JSON, without its kind."""
    body = record.status if isinstance(record, StatusRecord) else record
    return _encode(_journal.unstructure(body))


def decode_record(kind: str, body: bytes) -> Record:
    """Read what `encode_record` wrote."""
    if kind == "status":
        return StatusRecord(status=_journal.structure(_decode(body), Status))
    return _journal.structure(_decode(body), _KINDS[kind])


def encode_generation(generation: Generation) -> bytes:
    """Return a generation as JSON for the journal."""
    return _encode(_journal.unstructure(generation))


def decode_generation(body: bytes) -> Generation:
    """Read what `encode_generation` wrote."""
    return _journal.structure(_decode(body), Generation)
