"""The endpoint as its document, or its operator, describes it: read at the start, and again from time to time."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import aiohttp

from safelight.providers import Nothing, ProviderError, ProviderUnavailable, Terms, network_error
from safelight.providers.toolbox import Form, Kept, Unreadable, read_body, read_json
from safelight_fal.form import form_of_document, form_of_settings
from safelight_fal.settings import Settings

_MAX_DOCUMENT = 16 * 2**20
_ANSWER = aiohttp.ClientTimeout(total=8.0, sock_connect=5.0)
"""Shorter than an instance may take to open."""
_NOT_YET = 5.0
"""How long to wait before a document is asked for again that could not be had."""
_SILENT = "The document at schema_url has not been read yet."


class Endpoint:
    """
    What is known of the endpoint.

    Attributes:
        form: What it takes; None while nobody knows.
        terms: The same, for core.
    """

    def __init__(self, session: aiohttp.ClientSession, settings: Settings, folder: Path) -> None:
        self.form: Form | None = None
        self.terms = _refusing(_SILENT)
        self._session = session
        self._settings = settings
        self._url = settings.schema_url.replace("{endpoint}", quote(settings.endpoint, safe=""))
        self._kept = Kept(folder / "endpoint.json")

    @property
    def is_read(self) -> bool:
        """Whether it is described by a document, which may change."""
        return bool(self._url)

    @property
    def next_seconds(self) -> float:
        """When to ask again."""
        return _NOT_YET if self.form is None else self._settings.refresh_seconds

    async def open(self) -> None:
        """
        Learn what the endpoint takes; if the document is out of reach, go by what it said last.

        Raises:
            ProviderUnavailable: The settings contradict each other.
        """
        if not self.is_read:
            try:
                self._adopt(form_of_settings(self._settings))
            except Unreadable as error:
                raise ProviderUnavailable(str(error)) from error
            return
        await self.refresh()
        if self.form is None and (kept := await self._kept.read()) is not None:
            self._take(kept)

    async def refresh(self) -> None:
        """Read the document again; while it is out of reach, what it said last stands."""
        try:
            document = await self._document()
        except ProviderError as error:
            if self.form is None:
                self.terms = _refusing(str(error))
            return
        if self._take(document):
            await self._kept.write(document)

    async def _document(self) -> object:
        """Fetch the document, which anybody may: our key is not sent along."""
        try:
            async with self._session.get(self._url, timeout=_ANSWER) as response:
                body = await read_body(response, _MAX_DOCUMENT)
                if response.status != 200 or (document := read_json(body)) is None:
                    raise ProviderUnavailable(f"schema_url answered {response.status}, and no document.")
                return document
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProviderUnavailable(str(network_error(error, "schema_url"))) from error

    def _take(self, document: object) -> bool:
        try:
            self._adopt(form_of_document(document, self._settings))
        except Unreadable as error:
            self.form, self.terms = None, _refusing(str(error))
            return False
        return True

    def _adopt(self, form: Form) -> None:
        self.form, self.terms = form, Terms(params=form.params, options=form.options, models=(self._settings.endpoint,))


def _refusing(reason: str) -> Terms:
    return Terms(params=Nothing, options=Nothing, fault=reason)
