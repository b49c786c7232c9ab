import math
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from attrs.validators import deep_iterable, deep_mapping, ge, gt, in_, le, lt, matches_re, max_len, min_len, optional
from hypothesis import given
from hypothesis import strategies as st

from safelight.errors import InvalidInput
from safelight.redaction import Secret
from safelight.scalars import Text
from safelight.structuring import structure


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen(kw_only=True)
class Frame:
    size: int = attrs.field(default=64, validator=[ge(64), le(512)])


@attrs.frozen(kw_only=True)
class Everything:
    max_bytes: int
    ratio: float = 1.0
    is_open: bool = False
    color: Color = Color.RED
    mode: Literal["fast", "good", 1] = "fast"
    limit: int | None = attrs.field(default=None, validator=optional(ge(3)))
    hosts: tuple[str, ...] = attrs.field(default=(), validator=deep_iterable(min_len(2)))
    names: list[str] = attrs.field(factory=list)
    frame: Frame = attrs.field(factory=Frame)
    frames: tuple[Frame, ...] = ()
    weights: dict[str, float] = attrs.field(factory=dict)
    extra: dict[str, Any] = attrs.field(factory=dict)
    anything: Any = None
    password: Secret | None = None


def faults(data, cls=Everything, **how):
    with pytest.raises(InvalidInput) as caught:
        structure(data, cls, **how)
    return {fault.path: fault.message for fault in caught.value.faults}


def one(data, cls=Everything, **how):
    [item] = faults(data, cls, **how).items()
    return item


def test_plain_data_becomes_the_class():
    made = structure(
        {
            "max_bytes": 3,
            "ratio": 2,
            "color": "blue",
            "mode": 1,
            "limit": None,
            "hosts": ["aa", "bb"],
            "frames": [{"size": 65}, {}],
            "weights": {"a": 1},
            "extra": {"deep": [{"x": None}]},
            "password": "hush-hush",
        },
        Everything,
    )
    assert made == Everything(
        max_bytes=3,
        ratio=2.0,
        color=Color.BLUE,
        mode=1,
        hosts=("aa", "bb"),
        frames=(Frame(size=65), Frame()),
        weights={"a": 1.0},
        extra={"deep": [{"x": None}]},
        password=Secret("hush-hush"),
    )
    assert type(made.ratio) is float
    assert made.color is Color.BLUE


def test_every_fault_is_named_at_once_in_the_words_of_the_input():
    assert faults(
        {
            "ratio": "1",
            "color": "rde",
            "limit": 2,
            "hosts": ["aa", "b", 3],
            "frame": {"size": 1, "sze": 2},
            "frames": [{}, {"size": 513}, 4],
            "weights": {"a": "b"},
            "maxbytes": 1,
        },
        path="server",
    ) == {
        "server.maxbytes": "unknown key 'maxbytes' (did you mean 'max_bytes'?)",
        "server.max_bytes": "required",
        "server.ratio": "expected a number, got a string",
        "server.color": "must be one of 'red', 'blue' (did you mean 'red'?)",
        "server.limit": "must be >= 3",
        "server.hosts[2]": "expected a string, got an integer",
        "server.frame.sze": "unknown key 'sze' (did you mean 'size'?)",
        "server.frame.size": "must be >= 64",
        "server.frames[1].size": "must be <= 512",
        "server.frames[2]": "expected a table, got an integer",
        "server.weights.a": "expected a number, got a string",
    }


def test_faults_inside_a_list_that_fits_carry_their_index():
    assert one({"max_bytes": 1, "hosts": ["aa", "b"]}) == ("hosts[1]", "must have at least 2 characters, not 1")


def test_the_wire_speaks_camel_case_and_nothing_else():
    assert structure({"maxBytes": 1, "isOpen": True}, Everything, naming="camel") == Everything(max_bytes=1, is_open=True)
    assert faults({"max_bytes": 1}, naming="camel", path="params") == {
        "params.max_bytes": "unknown key 'max_bytes' (did you mean 'maxBytes'?)",
        "params.maxBytes": "required",
    }
    assert one([], naming="camel", path="params") == ("params", "expected an object, got a list")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("max_bytes", True, "expected an integer, got true or false"),
        ("max_bytes", "1", "expected an integer, got a string"),
        ("max_bytes", 1.0, "expected an integer, got a number"),
        ("max_bytes", None, "expected an integer, got nothing"),
        ("ratio", True, "expected a number, got true or false"),
        ("ratio", math.nan, "must be a finite number"),
        ("ratio", -math.inf, "must be a finite number"),
        ("ratio", 10**400, "must be a finite number"),
        ("is_open", 1, "expected true or false, got an integer"),
        ("is_open", "true", "expected true or false, got a string"),
        ("color", 3, "must be one of 'red', 'blue'"),
        ("mode", True, "must be one of 'fast', 'good', 1"),
        ("mode", ["fast"], "must be one of 'fast', 'good', 1"),
        ("hosts", "aa", "expected a list, got a string"),
        ("names", {"a": 1}, "expected a list, got a table"),
        ("weights", [1], "expected a table, got a list"),
        ("frame", None, "expected a table, got nothing"),
        ("password", 5, "expected a string, got an integer"),
    ],
)
def test_nothing_is_coerced(field, value, sentence):
    assert one({"max_bytes": 1, field: value}) == (field, sentence)


def test_half_a_character_is_refused_before_an_encoder_stumbles_over_it():
    assert one({"max_bytes": 1, "names": ["\ud800"]}) == ("names[0]", "holds half a character (a lone surrogate)")


def test_text_from_outside_takes_the_type_of_its_field():
    made = structure(
        {
            "max_bytes": Text("8080"),
            "ratio": Text("3"),
            "is_open": Text("TRUE"),
            "color": Text("blue"),
            "mode": Text("1"),
            "limit": Text("5"),
            "hosts": Text('["12", "34"]'),
            "names": [Text("5")],
            "frame": Text("{ size = 70 }"),
            "weights": {"a": Text("0.5")},
            "extra": {"a": Text("[1]"), "b": Text("a = b")},
            "anything": Text("plain words"),
            "password": Text("12345678"),
        },
        Everything,
    )
    assert made == Everything(
        max_bytes=8080,
        ratio=3.0,
        is_open=True,
        color=Color.BLUE,
        mode=1,
        limit=5,
        hosts=("12", "34"),
        names=["5"],
        frame=Frame(size=70),
        weights={"a": 0.5},
        extra={"a": [1], "b": "a = b"},
        anything="plain words",
        password=Secret("12345678"),
    )
    assert type(made.names[0]) is str


@pytest.mark.parametrize(
    ("field", "text"), [("max_bytes", "many"), ("max_bytes", "1\nx = 2"), ("is_open", "1"), ("hosts", "a,b"), ("ratio", "inf")]
)
def test_text_that_does_not_read_as_the_fields_type_is_refused(field, text):
    path, sentence = one({"max_bytes": 1, field: Text(text)})
    assert path == field
    assert text not in sentence


def test_a_secret_fits_a_string_and_nothing_else():
    @attrs.frozen(kw_only=True)
    class Settings:
        token: str
        port: int = 1

    assert structure({"token": Secret("hush-hush")}, Settings).token == "hush-hush"
    assert one({"token": "x", "port": Secret("12345678")}, Settings) == ("port", "expected an integer, got a secret")


@attrs.frozen(kw_only=True)
class Checked:
    size: int = attrs.field(default=8, validator=[gt(0), lt(100)])
    code: str = attrs.field(default="abc", validator=[matches_re("[a-z]+"), max_len(5)])
    kind: str = attrs.field(default="a", validator=in_(("a", "b")))
    tags: dict[str, int] = attrs.field(factory=dict, validator=deep_mapping(min_len(2), ge(1)))
    low: int = 1
    high: int = attrs.field(default=9)

    @high.validator
    def _is_above(self, attribute, value):
        if value < self.low:
            raise ValueError(f"{value} is below low")

    @code.validator
    def _is_known(self, attribute, value):
        if value == "xyzzy":
            raise KeyError(value)


def test_every_validator_is_asked_and_answers_in_a_clear_sentence():
    assert faults({"size": 100, "code": "TOOLONG", "kind": "zz", "tags": {"a": 1, "bb": 0}, "low": 5, "high": 3}, Checked) == {
        "size": "must be < 100",
        "code": "must have at most 5 characters, not 7",
        "kind": "must be one of 'a', 'b'",
        "tags.a": "must have at least 2 characters, not 1",
        "tags.bb": "must be >= 1",
        "high": "… is below low",
    }


def test_validators_are_asked_even_where_another_field_is_of_the_wrong_type():
    assert faults({"size": 0, "low": "x", "high": 3}, Checked) == {
        "size": "must be > 0",
        "low": "expected an integer, got a string",
    }


def test_whatever_a_plugins_check_raises_is_a_fault_of_its_field():
    assert one({"code": "xyzzy"}, Checked) == ("code", "was refused by its check (KeyError)")


def test_a_check_of_the_whole_that_leaves_the_process_is_a_fault_of_the_whole():
    @attrs.frozen
    class Leaving:
        x: int = 1

        def __attrs_post_init__(self):
            raise SystemExit(3)

    assert one({}, Leaving, path="providers.box") == ("providers.box", "was refused by its check (SystemExit)")


def test_a_converter_runs_before_the_validator_and_its_error_names_the_field():
    def halved(value):
        if value % 2:
            raise ValueError(f"{value} is odd")
        return value // 2

    @attrs.frozen
    class Converted:
        x: int = attrs.field(default=2, converter=halved, validator=le(10))

    assert structure({"x": 20}, Converted).x == 10
    assert one({"x": 22}, Converted) == ("x", "must be <= 10")
    assert one({"x": 21}, Converted) == ("x", "… is odd")


@given(st.text(min_size=4) | st.integers() | st.lists(st.text(min_size=4, max_size=20), max_size=3))
def test_no_sentence_holds_the_value_it_refuses(value):
    @attrs.frozen
    class Telling:
        x: Any = attrs.field()

        @x.validator
        def _refuse(self, attribute, value):
            raise ValueError(f"<{value}> and <{value!r}> are nothing for {attribute.name}")

    _, sentence = one({"x": value}, Telling)
    assert sentence.startswith("<…> and <") or isinstance(value, list)
    for leaf in value if isinstance(value, list) else [value]:
        shown = str(leaf)
        assert shown not in sentence or shown in "<…> and <…> are nothing for x"


def test_a_hostile_body_is_answered_with_a_bounded_number_of_bounded_faults():
    @attrs.frozen
    class Small:
        x: int = 1
        many: tuple[int, ...] = ()

    with pytest.raises(InvalidInput) as caught:
        structure({"many": ["x"] * 5000, **{f"k{n}": 1 for n in range(5000)}, "z" * 60_000: 1}, Small)
    assert len(caught.value.faults) <= 101
    assert "more faults" in caught.value.faults[-1].message
    assert all(len(fault.path) < 200 and len(fault.message) < 300 for fault in caught.value.faults)
    assert any("and 4981 more unknown keys" in fault.message for fault in caught.value.faults)


def test_a_key_is_repeated_only_in_characters_that_can_be_written():
    path, sentence = one({"max_bytes": 1, "a\ud800\n\x1b[31m": 1})
    assert path == "a???[31m"
    assert sentence.encode().isascii()


@pytest.mark.parametrize("kind", [Path, bytes, set[str], tuple[int, int], int | str, dict[int, str], complex])
def test_a_type_that_data_cannot_have_is_the_authors_error_not_the_callers(kind):
    cls = attrs.make_class("Odd", {"x": attrs.field(type=kind)}, frozen=True)
    with pytest.raises(TypeError):
        structure({"x": "a"}, cls)


def test_private_and_renamed_fields_are_called_as_their_constructor_calls_them():
    @attrs.frozen
    class Private:
        _token: str = "x"
        fixed: int = attrs.field(default=1, init=False)

    assert structure({"token": "y"}, Private) == Private("y")
    assert faults({"fixed": 2, "_token": "y"}, Private).keys() == {"fixed", "_token"}


def test_a_class_may_hold_itself():
    @attrs.frozen
    class Tree:
        leaves: "tuple[Tree, ...]" = ()

    attrs.resolve_types(Tree, localns={"Tree": Tree})
    assert structure({"leaves": [{}, {"leaves": [{}]}]}, Tree) == Tree((Tree(), Tree((Tree(),))))
    assert one({"leaves": [{"leaves": [1]}]}, Tree) == ("leaves[0].leaves[0]", "expected a table, got an integer")
