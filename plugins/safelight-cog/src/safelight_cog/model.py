"""The model behind a Cog server, as the server describes it: read at the start, and again from time to time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safelight.providers import CancelKind, Capabilities, Durability, Nothing, ProgressKind, ProviderError, Terms
from safelight.providers.toolbox import Described, Kept, Unreadable, read_document
from safelight_cog.server import Server
from safelight_cog.settings import Settings

_NOT_YET = 2.0
"""How long to wait before a server is asked again that has not said what its model takes."""
_UNUSABLE = frozenset({"STARTING", "SETUP_FAILED", "DEFUNCT"})
"""In these states a server takes nothing, though it may say what its model takes."""
_SILENT = "The Cog server has not said yet what its model takes."


class Model:
    """
    What is known of the model.

    Attributes:
        described: What it takes; None while nobody knows, or while the server cannot be used.
        terms: The same, for core.
        born: What tells one life of the server from the next.
    """

    def __init__(self, server: Server, settings: Settings, folder: Path) -> None:
        self.described: Described | None = None
        self.terms = _refusing(_SILENT)
        self.born: str | None = None
        self._server = server
        self._settings = settings
        self._kept = Kept(folder / "openapi.json")

    @property
    def is_lasting(self) -> bool:
        """Whether jobs live in the server alone, not by our connection."""
        if self._settings.mode == "auto":
            return self.described is not None and self.described.is_streaming
        return self._settings.mode == "async"

    @property
    def capabilities(self) -> Capabilities:
        """What a job can do, as far as is known by now."""
        return Capabilities(
            durability=Durability.REMOTE if self.is_lasting else Durability.CONNECTION,
            progress=ProgressKind.PERCENT,
            cancel=CancelKind.REQUESTED,
            result_seconds=0.0,
        )

    @property
    def next_seconds(self) -> float:
        """When to ask again."""
        return _NOT_YET if self.described is None else self._settings.refresh_seconds

    async def open(self) -> None:
        """Ask the server; if it is out of reach, go by what it said last, so that its running jobs can be watched on."""
        await self.refresh()
        if self.described is None and self.terms.fault and self.born is None and (kept := await self._kept.read()) is not None:
            self._take(kept)

    async def refresh(self) -> None:
        """Ask the server again; while it is out of reach, what it said last stands."""
        try:
            health = await self._server.health()
            document = await self._server.document()
        except ProviderError as error:
            if self.described is None:
                self.terms = _refusing(str(error))
            return
        self.born = born(health)
        version = health.get("version")
        if document is None or health.get("status") in _UNUSABLE:
            self._refuse(_unready(health))
        elif not isinstance(version, dict) or "coglet" not in version:
            self._refuse("The server is no Cog server, or one older than 0.17, in which a job cannot be looked up.")
        else:
            self._take(document)
            await self._kept.write(document)

    def _take(self, document: Any) -> None:
        try:
            described = read_document(document, inputs=self._settings.inputs, fixed=self._settings.fixed)
        except Unreadable as error:
            self._refuse(str(error))
            return
        if self._settings.mode == "async" and not described.is_streaming:
            self._refuse("The model does not stream, so its jobs cannot be 'async'.")
            return
        self.described = described
        self.terms = Terms(params=described.input.params, options=described.input.options)

    def _refuse(self, reason: str) -> None:
        self.described = None
        self.terms = _refusing(reason)


def born(health: dict[str, Any]) -> str | None:
    """Return when the server began, by its own word."""
    setup = health.get("setup")
    return str(setup["started_at"]) if isinstance(setup, dict) and "started_at" in setup else None


def _refusing(reason: str) -> Terms:
    return Terms(params=Nothing, options=Nothing, fault=reason)


def _unready(health: dict[str, Any]) -> str:
    match health.get("status"):
        case "STARTING":
            return "The Cog server is starting."
        case "SETUP_FAILED" | "DEFUNCT" as word:
            return f"The Cog server cannot work ({word}); its own log says why."
        case _:
            return "The Cog server does not say what its model takes (no /openapi.json)."
