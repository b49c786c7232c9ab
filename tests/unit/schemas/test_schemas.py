import re
from enum import StrEnum
from typing import Any, Literal

import attrs
import pytest
from attrs.validators import and_, deep_iterable, deep_mapping, ge, gt, in_, le, lt, matches_re, max_len, min_len, not_, optional
from hypothesis import given
from hypothesis import strategies as st

from safelight.config.model import Config
from safelight.errors import InvalidInput
from safelight.redaction import Secret
from safelight.schemas import json_schema
from safelight.structuring import structure


class Sampler(StrEnum):
    EULER = "euler"
    DDIM = "ddim"


@attrs.frozen(kw_only=True)
class Size:
    """
    Pixels.

    A second paragraph nobody needs in a form.
    """

    width: int = attrs.field(default=512, validator=[ge(64), le(4096)])
    height: int = attrs.field(validator=and_(gt(63), lt(4097)))


@attrs.frozen(kw_only=True)
class Options:
    """What the studio takes."""

    size: Size
    negative_prompt: str = attrs.field(default="", validator=max_len(20), metadata={"description": "What not to paint."})
    guidance: float = attrs.field(default=7.5, validator=[ge(0), lt(30)])
    is_raw: bool = False
    sampler: Sampler = Sampler.EULER
    mode: Literal["fast", "good", 3] = "fast"
    seed: int | None = attrs.field(default=None, validator=optional(ge(0)))
    quality: str = attrs.field(default="low", validator=in_(("low", "high")))
    preset: str | None = attrs.field(default=None, validator=optional(in_(("a", "b"))))
    style: str = attrs.field(default="x-1", validator=matches_re(r"[a-z]-[0-9]"))
    tags: tuple[str, ...] = attrs.field(default=(), validator=[max_len(3), deep_iterable(min_len(1))])
    weights: dict[str, float] = attrs.field(factory=dict, validator=[max_len(2), deep_mapping(value_validator=ge(0))])
    extra: dict[str, Any] = attrs.field(factory=dict)
    token: Secret = attrs.field(factory=lambda: Secret("hush-hush"))


def test_an_empty_class_takes_nothing():
    @attrs.frozen
    class Nothing:
        pass

    assert json_schema(Nothing) == {"type": "object", "properties": {}, "additionalProperties": False}


def test_everything_the_class_says_is_in_the_schema():
    assert json_schema(Options) == {
        "type": "object",
        "description": "What the studio takes.",
        "properties": {
            "size": {
                "type": "object",
                "description": "Pixels.",
                "properties": {
                    "width": {"type": "integer", "minimum": 64, "maximum": 4096, "default": 512},
                    "height": {"type": "integer", "exclusiveMinimum": 63, "exclusiveMaximum": 4097},
                },
                "required": ["height"],
                "additionalProperties": False,
            },
            "negativePrompt": {"type": "string", "maxLength": 20, "description": "What not to paint.", "default": ""},
            "guidance": {"type": "number", "minimum": 0, "exclusiveMaximum": 30, "default": 7.5},
            "isRaw": {"type": "boolean", "default": False},
            "sampler": {"type": "string", "enum": ["euler", "ddim"], "default": "euler"},
            "mode": {"enum": ["fast", "good", 3], "default": "fast"},
            "seed": {"type": ["integer", "null"], "minimum": 0, "default": None},
            "quality": {"type": "string", "enum": ["low", "high"], "default": "low"},
            "preset": {"type": ["string", "null"], "enum": ["a", "b", None], "default": None},
            "style": {"type": "string", "pattern": "^(?:[a-z]-[0-9])$", "default": "x-1"},
            "tags": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 3, "default": []},
            "weights": {
                "type": "object",
                "additionalProperties": {"type": "number", "minimum": 0},
                "maxProperties": 2,
                "default": {},
            },
            "extra": {"type": "object", "additionalProperties": {}, "default": {}},
            "token": {"type": "string", "writeOnly": True},
        },
        "required": ["size"],
        "additionalProperties": False,
    }


def test_names_are_those_of_the_input_meant():
    assert "negative_prompt" in json_schema(Options, naming="snake")["properties"]
    assert json_schema(Config, naming="snake")["properties"]["server"]["default"]["body_bytes"] == 65536


def test_a_secret_default_is_not_told_however_deep():
    @attrs.frozen
    class Holder:
        inner: Options = attrs.field(factory=lambda: Options(size=Size(height=64)))
        other: Secret | None = None

    assert "hush" not in str(json_schema(Holder))


def test_null_is_offered_only_where_it_is_accepted():
    @attrs.frozen(kw_only=True)
    class Picky:
        never: int | None = attrs.field(validator=ge(1))
        maybe: int | None = attrs.field(validator=optional(ge(1)))

    properties = json_schema(Picky)["properties"]
    assert properties["never"] == {"type": "integer", "minimum": 1}
    assert properties["maybe"] == {"type": ["integer", "null"], "minimum": 1}


def test_what_a_schema_cannot_say_is_left_out_never_said_wrongly():
    def is_even(instance, attribute, value):
        if value % 2:
            raise ValueError("must be even")

    @attrs.frozen
    class Odd:
        even: int = attrs.field(default=2, validator=[is_even, ge(0)])
        no_zero: int = attrs.field(default=1, validator=not_(in_((0,))))
        word: str = attrs.field(default="a", validator=matches_re(r"(?P<name>a)|\Z"))
        loud: str = attrs.field(default="a", validator=matches_re("A", re.IGNORECASE))
        begins: str = attrs.field(default="a", validator=matches_re("a", func=re.match))
        contains: str = attrs.field(default="a", validator=matches_re("a", func=re.search))
        part: str = attrs.field(default="a", validator=in_("abc"))

    properties = json_schema(Odd)["properties"]
    assert properties["even"] == {"type": "integer", "minimum": 0, "default": 2}
    assert properties["noZero"] == {"type": "integer", "default": 1}
    assert "pattern" not in properties["word"]
    assert "pattern" not in properties["loud"]
    assert properties["begins"]["pattern"] == "^(?:a)"
    assert properties["contains"]["pattern"] == "a"
    assert "enum" not in properties["part"]


@pytest.mark.parametrize("kind", [complex, set[int], tuple[int, int], dict[int, str], int | str, list[bytes]])
def test_a_type_no_data_can_have_is_refused_by_the_name_of_its_field(kind):
    cls = attrs.make_class("Odd", {"strange": attrs.field(type=kind)})
    with pytest.raises(TypeError, match="strange"):
        json_schema(cls)


def test_a_class_that_holds_itself_is_refused():
    @attrs.frozen
    class Tree:
        leaves: "tuple[Tree, ...]" = ()

    attrs.resolve_types(Tree, localns={"Tree": Tree})
    with pytest.raises(TypeError, match="Tree holds itself"):
        json_schema(Tree)


# What it says agrees with what is accepted: values drawn from the schema alone fit, and one step outside they do not.


def within(schema):  # noqa: C901, PLR0911 - one line per kind of schema
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if isinstance(kind, list):
        return st.none() | within({**schema, "type": kind[0]})
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    match kind:
        case "integer":
            return st.integers(low if above is None else above + 1, high if below is None else below - 1)
        case "number":
            bounds = {"exclude_min": above is not None, "exclude_max": below is not None}
            least, most = (low if above is None else above), (high if below is None else below)
            return st.floats(least, most, allow_nan=False, allow_infinity=False, **bounds)
        case "string" if "pattern" in schema:
            return st.from_regex(schema["pattern"].replace("$", r"\Z"), fullmatch=True)
        case "string":
            return st.text(st.characters(codec="utf-8"), min_size=schema.get("minLength", 0), max_size=schema.get("maxLength"))
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(within(schema["items"]), max_size=schema.get("maxItems", 5))
        case "object" if "properties" in schema:
            named = {name: within(part) for name, part in schema["properties"].items()}
            required = schema.get("required", [])
            return st.fixed_dictionaries(
                {name: named[name] for name in required},
                optional={name: part for name, part in named.items() if name not in required},
            )
        case "object":
            keys = st.text(st.characters(codec="utf-8"), max_size=5)
            return st.dictionaries(keys, within(schema["additionalProperties"]), max_size=schema.get("maxProperties", 3))
    return st.none() | st.integers()


def outside(schema):
    """Values the schema excludes, each by exactly one of its words."""
    kinds = schema["type"] if isinstance(schema.get("type"), list) else [schema.get("type")]
    wrong = [[], "no"] if kinds[0] in {"integer", "number", "boolean", "object"} else []
    wrong += [schema["minimum"] - 1] if "minimum" in schema else []
    wrong += [schema["maximum"] + 1] if "maximum" in schema else []
    wrong += [schema["exclusiveMinimum"]] if "exclusiveMinimum" in schema else []
    wrong += [schema["exclusiveMaximum"]] if "exclusiveMaximum" in schema else []
    wrong += ["x" * (schema["maxLength"] + 1)] if "maxLength" in schema else []
    wrong += [["x"] * (schema["maxItems"] + 1)] if "maxItems" in schema else []
    wrong += [dict.fromkeys(map(str, range(schema["maxProperties"] + 1)), 1.0)] if "maxProperties" in schema else []
    wrong += ["nothing of it", 4711, None] if "enum" in schema and None not in schema["enum"] else []
    wrong += ["no such form"] if "pattern" in schema else []
    wrong += [None] if kinds != [None] and "null" not in kinds else []
    return wrong


SCHEMA = json_schema(Options)


@given(within(SCHEMA))
def test_what_the_schema_allows_is_accepted(data):
    structure(data, Options, naming="camel")


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, schema in SCHEMA["properties"].items() for value in outside(schema)],
)
def test_what_the_schema_excludes_is_refused(name, value):
    data = {"size": {"height": 64}, name: value}
    with pytest.raises(InvalidInput) as caught:
        structure(data, Options, naming="camel")
    assert {fault.path.partition(".")[0].partition("[")[0] for fault in caught.value.faults} == {name}


@pytest.mark.parametrize(
    "section", [field.name for field in attrs.fields(Config) if field.name not in {"providers", "routes", "default_provider"}]
)
def test_the_defaults_of_every_section_of_the_config_lie_within_its_schema(section):
    schema = json_schema(Config, naming="snake")["properties"][section]
    cls = attrs.fields_dict(Config)[section].type
    assert structure(schema["default"], cls) == cls()
    for name, part in schema["properties"].items():
        for value in outside(part):
            with pytest.raises(InvalidInput):
                structure({name: value}, cls)
