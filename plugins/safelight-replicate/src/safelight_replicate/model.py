"""The model as Replicate describes it: what it takes, and where predictions of it are created."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs

from safelight.providers import Nothing, ProviderError, Terms
from safelight.providers.toolbox import Described, Kept, Unreadable, read_document
from safelight_replicate.api import Api, NotThere
from safelight_replicate.reference import Reference
from safelight_replicate.settings import Settings

_NOT_YET = 5.0
"""How long to wait before it is asked again what has not been said."""
_SILENT = "Replicate has not said yet what the model takes."
_ANYTHING = "input"
"""The option that takes the place of all others where nobody says what the model takes."""


@attrs.frozen(kw_only=True)
class Seen:
    """
    What the API shows of a model.

    Attributes:
        path: Where predictions are created.
        version: What a create names besides the input, None where the path says it all.
        schema: Its OpenAPI document; None where it is shown to nobody.
        is_public: Whether anybody may run it, so that what never began is not charged.
    """

    path: str
    version: str | None = None
    schema: Any = None
    is_public: bool = False


_FIELDS = {field.name for field in attrs.fields(Seen)}
"""What was kept by another version of this plugin may have others."""


class Model:
    """
    What is known of the model.

    Attributes:
        seen: What the API showed; None while nobody knows, or while it cannot be used.
        described: What it takes, likewise.
        terms: The same, for core.
    """

    def __init__(self, api: Api, settings: Settings, folder: Path) -> None:
        self.seen: Seen | None = None
        self.described: Described | None = None
        self.terms = _refusing(_SILENT)
        self._api = api
        self._settings = settings
        self._reference = Reference.parse(settings.model)
        self._kept = Kept(folder / "model.json")

    @property
    def next_seconds(self) -> float:
        """When to ask again."""
        return _NOT_YET if self.seen is None else self._settings.refresh_seconds

    async def open(self) -> None:
        """Ask the API; if it is out of reach, go by what it said last."""
        await self.refresh()
        kept = None if self.seen else await self._kept.read()
        if isinstance(kept, dict) and kept.pop("model", None) == self._settings.model and kept.keys() == _FIELDS:
            self._take(Seen(**kept))

    async def refresh(self) -> None:
        """Ask the API again; while it is out of reach, what it said last stands."""
        try:
            seen = await self._look()
        except NotThere:
            self._refuse(f"Replicate knows no '{self._settings.model}', or does not show it to this token.")
        except ProviderError as error:
            if self.seen is None:
                self.terms = _refusing(str(error))
        else:
            self._take(seen)
            await self._kept.write({"model": self._settings.model, **attrs.asdict(seen)})

    async def _look(self) -> Seen:
        reference = self._reference
        shown = await self._api.read(reference.path)
        if reference.is_deployment:
            release = _table(shown.get("current_release"))
            schema = await self._schema(f"models/{release.get('model')}/versions/{release.get('version')}")
            return Seen(path=f"{reference.path}/predictions", schema=schema)
        is_public = shown.get("visibility") == "public"
        if reference.version:
            schema = await self._schema(f"{reference.path}/versions/{reference.version}")
            return Seen(path="predictions", version=reference.version, schema=schema, is_public=is_public)
        newest = _table(shown.get("latest_version"))
        if shown.get("is_official") is True or not isinstance(newest.get("id"), str):
            return Seen(path=f"{reference.path}/predictions", schema=newest.get("openapi_schema"), is_public=is_public)
        return Seen(path="predictions", version=newest["id"], schema=newest.get("openapi_schema"), is_public=is_public)

    async def _schema(self, path: str) -> Any:
        try:
            return (await self._api.read(path)).get("openapi_schema")
        except NotThere:
            return None

    def _take(self, seen: Seen) -> None:
        settings = self._settings
        document = _anything(settings) if seen.schema is None else seen.schema
        try:
            self.described = read_document(document, inputs=settings.inputs, fixed=settings.fixed)
        except Unreadable as error:
            self._refuse(str(error))
        else:
            self.seen = seen
            self.terms = Terms(params=self.described.input.params, options=self.described.input.options)

    def _refuse(self, reason: str) -> None:
        self.seen = self.described = None
        self.terms = _refusing(reason)


def unfold(filled: dict[str, Any], seen: Seen) -> dict[str, Any]:
    """Return an input as the model takes it: where nobody says what that is, callers write it out in one option."""
    if seen.schema is not None:
        return filled
    return (filled.pop(_ANYTHING, None) or {}) | filled


def _anything(settings: Settings) -> dict[str, Any]:
    """Return a document for a model without one: a prompt, what the operator has named, and anything else."""
    named: dict[str, Any] = {name: {} for name in (*settings.inputs.values(), *settings.fixed)}
    said = {"type": "object", "description": "The model's input, by its own names."}
    prompt = settings.inputs.get("prompt", "prompt")
    properties = {_ANYTHING: said, **named, prompt: {"type": "string"}}
    return {"components": {"schemas": {"Input": {"properties": properties, "required": [prompt]}}}}


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _refusing(reason: str) -> Terms:
    return Terms(params=Nothing, options=Nothing, fault=reason)
