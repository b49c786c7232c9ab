"""Parts from which plugins for HTTP upstreams are made; nothing here is needed to write one."""

from safelight.providers.toolbox.bars import Lines, told
from safelight.providers.toolbox.bodies import read_body, read_json
from safelight.providers.toolbox.forms import FORMABLE, Form, Unreadable, read_form
from safelight.providers.toolbox.kept import Kept
from safelight.providers.toolbox.predictions import (
    USUAL,
    Described,
    failure_of,
    files_of,
    items_of,
    read_document,
    texts_of,
)
from safelight.providers.toolbox.properties import Schema, field_of, resolved
from safelight.providers.toolbox.settings import is_address, is_credential, names_ours
from safelight.providers.toolbox.sse import Event, read_events

__all__ = [
    "FORMABLE",
    "USUAL",
    "Described",
    "Event",
    "Form",
    "Kept",
    "Lines",
    "Schema",
    "Unreadable",
    "failure_of",
    "field_of",
    "files_of",
    "is_address",
    "is_credential",
    "items_of",
    "names_ours",
    "read_body",
    "read_document",
    "read_events",
    "read_form",
    "read_json",
    "resolved",
    "texts_of",
    "told",
]
