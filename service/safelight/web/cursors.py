"""The cursor of a list as callers hold it: opaque, made for one list, and refused when it was touched."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import attrs

from safelight.codec import encode
from safelight.ports import Place
from safelight.status import State

_FORM = struct.Struct(">Bq16s")
_FORMAT = 1
_SEAL = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@attrs.frozen(kw_only=True)
class List:
    """
    Whose list a cursor is for, and what is on it.

    Whoever forges a cursor reaches nothing but another place of their own list: it is sealed so that a mistake is
    noticed, and not to keep a secret.
    """

    owner: str
    states: Collection[State]
    ref: str | None

    def cursor(self, place: Place) -> str:
        """Return a place as text; `place_of` reads it."""
        micros = (place.created_at - _EPOCH) // _MICROSECOND
        return self._sealed(_FORM.pack(_FORMAT, micros, bytes.fromhex(place.id)))

    def place_of(self, cursor: str) -> Place | None:
        """Return the place a cursor names; None for anything that is no cursor of this very list."""
        try:
            said = base64.urlsafe_b64decode(cursor.encode("ascii"))[: _FORM.size]
            form, micros, id_ = _FORM.unpack(said)
            place = Place(_EPOCH + micros * _MICROSECOND, id_.hex())
        except (ValueError, binascii.Error, struct.error, OverflowError):
            return None
        return place if form == _FORMAT and self._sealed(said) == cursor else None

    def _sealed(self, said: bytes) -> str:
        about = encode([self.owner, sorted(self.states), self.ref])
        return base64.urlsafe_b64encode(said + hashlib.sha256(said + about).digest()[:_SEAL]).decode()
