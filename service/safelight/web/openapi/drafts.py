"""The body of a create: what any provider takes, and for each that is configured what it takes besides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from safelight.core import Safelight
from safelight.generation import Draft
from safelight.plugins import Offer
from safelight.schemas import Schema, json_schema
from safelight.web.openapi.components import Components

PROMPT = "a lighthouse at dusk, long shadows"


def draft_body(core: Safelight, components: Components) -> dict[str, Any]:
    """Return the request body of a create, with an example for each provider that a plugin offers, and for each route."""
    default = core.config.default_provider
    offers = dict(sorted(_offers(core), key=lambda named: (named[0] != default, named[0])))  # people try the first example first
    kinds = [
        components.put(f"Draft-{name}", _draft_for(name, offer, is_default=name == default)) for name, offer in offers.items()
    ]
    content: dict[str, Any] = {
        "schema": {"oneOf": kinds} if kinds else components.put("Draft", json_schema(Draft)),
        "examples": {name: example for name, offer in offers.items() for example in _examples(name, offer)},
    }
    return {
        "required": True,
        "description": "JSON, whether it is called `application/json` or, as browsers do unasked, `text/plain`.",
        "content": {"application/json": content},
    }


def _offers(core: Safelight) -> Iterator[tuple[str, Offer]]:
    """Give whoever can be asked for; a route takes what its first provider takes, and says the rest by itself."""
    offers = {name: instance.offer for name, instance in core.instances.items() if instance.offer is not None}
    yield from offers.items()
    for name, route in core.config.routes.items():
        if (first := next((offers[provider] for provider in route.providers if provider in offers), None)) is not None:
            yield name, first


def _draft_for(name: str, offer: Offer, *, is_default: bool) -> Schema:
    draft = json_schema(Draft)
    properties = draft["properties"]
    properties["prompt"] |= {"pattern": r"\S"}  # `Draft` checks it by a rule of its own, which no schema can read
    who: Schema = {"type": ["string", "null"], "enum": [name, None]} if is_default else {"const": name}
    properties["providerId"] = who | {"description": properties["providerId"]["description"]}
    for part, cls in (("params", offer.cls.Params), ("options", offer.cls.Options)):
        schema = json_schema(cls)
        if "required" in schema:
            draft["required"].append(part)
        else:
            schema["default"] = {}
        properties[part] = schema
    if (models := offer.cls.models) is not None:
        properties["model"] |= {"enum": [*models, None]}
    if not is_default:
        draft["required"].append("providerId")
    return draft | {"title": name, "description": f"For `{name}`{', which is asked unless said' * is_default}."}


def _examples(name: str, offer: Offer) -> Iterator[dict[str, Any]]:
    """Give the provider's own defaults as an example; none where something has to be said that only a person knows."""
    params, options = json_schema(offer.cls.Params), json_schema(offer.cls.Options)
    if "required" not in params and "required" not in options:
        said = {key: schema["default"] for key, schema in params["properties"].items() if schema.get("default") is not None}
        value = {"prompt": PROMPT, "providerId": name} | ({"params": said} if said else {})
        yield {"summary": f"By {name}, with its defaults", "value": value}
