import copy
import json
import math
import pickle
import time
from collections import UserDict
from datetime import UTC, datetime
from enum import Enum

import attrs
import cattrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.redaction import _PATTERNS, MASK, Redactor, Secret


@pytest.fixture
def redactor():
    return Redactor()


@attrs.frozen
class Settings:
    url: str
    token: Secret
    more: tuple[Secret, ...] = ()
    table: dict = attrs.field(factory=dict)


def test_a_secret_shows_itself_only_when_asked_by_name():
    secret = Secret("hunter2-hunter2")
    assert secret.reveal() == "hunter2-hunter2"
    assert "hunter2" not in f"{secret} {secret!r} {secret!s} {Settings('u', secret)} {[secret]}"
    assert secret == Secret("hunter2-hunter2") != Secret("other")
    assert len({secret, Secret("hunter2-hunter2")}) == 1
    assert copy.deepcopy(secret) == pickle.loads(pickle.dumps(secret)) == secret


def test_nothing_that_walks_attrs_classes_finds_a_secrets_value():
    settings = Settings("u", Secret("hunter2-hunter2"))
    assert "hunter2" not in str(attrs.asdict(settings))
    assert "hunter2" not in str(cattrs.unstructure(settings))
    with pytest.raises(TypeError):
        msgspec.json.encode(settings)


def test_a_registered_value_is_masked_as_itself_in_urls_and_in_json(redactor):
    value = 'päss/"word"&more'
    redactor.register(Secret(value))
    for text in (value, json.dumps({"x": value}), "https://h/p%C3%A4ss%2F%22word%22%26more/x", "p%C3%A4ss/%22word%22%26more"):
        shown = redactor.text(f"before {text} after")
        assert MASK in shown
        assert "word" not in shown


def test_the_longest_registered_value_wins(redactor):
    redactor.register(Secret("abcdef"))
    redactor.register(Secret("abcdefghij"))
    assert redactor.text("abcdefghij abcdef") == f"{MASK} {MASK}"


def test_what_was_shown_before_a_secret_was_known_is_masked_from_then_on(redactor):
    assert redactor.text("hunter2-hunter2") == "hunter2-hunter2"
    assert redactor.value({"hunter2-hunter2": 1}) == {"hunter2-hunter2": 1}
    redactor.register(Secret("hunter2-hunter2"))
    assert redactor.text("hunter2-hunter2") == MASK
    assert redactor.value({"hunter2-hunter2": 1}) == {MASK: 1}


def test_very_short_values_are_left_alone(redactor):
    redactor.register(Secret("cat"))
    redactor.register(Secret("redacted"))
    assert redactor.text("a cat was redacted") == "a cat was redacted"


def test_every_secret_within_settings_is_registered(redactor):
    redactor.register_within(Settings("u", Secret("first-one"), (Secret("second-one"),), {"a": [{"b": Secret("third-one")}]}))
    assert redactor.text("first-one second-one third-one u") == f"{MASK} {MASK} {MASK} u"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdefgh12345", f"Authorization: Bearer {MASK}"),
        ("authorization: Key abcd-1234:efgh5678", f"authorization: Key {MASK}"),
        ("X-Api-Key: abc123", f"X-Api-Key: {MASK}"),
        ("api_key=abc&x=1", f"api_key={MASK}&x=1"),
        ("apiKey=abc access-token=abc Token=abc", f"apiKey={MASK} access-token={MASK} Token={MASK}"),
        ("secret=abc password=abc", f"secret={MASK} password={MASK}"),
        ("signature=abc", f"signature={MASK}"),
        ("sig=abc", f"sig={MASK}"),
        ("step=12 t=4.5", "step=12 t=4.5"),
        ('{"api_key": "abc", "x": 1}', f'{{"api_key": "{MASK}", "x": 1}}'),
        ("key r8_abcdefghijklmnop leaked", f"key {MASK} leaked"),
        ("sk-proj-abcdefghijklmnop", MASK),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", MASK),
        ("redis://user:pass@host/0", f"redis://{MASK}@host/0"),
        ("redis://:pass@host/0", f"redis://{MASK}@host/0"),
        ("GET https://h.example/a/b?x=1&y=2 failed", f"GET https://h.example/a/b?{MASK} failed"),
        ("wss://h/ws?clientId=7", f"wss://h/ws?{MASK}"),
        ('"GET /api/generation?sessionId=77 HTTP/1.1"', f'"GET /api/generation?{MASK} HTTP/1.1"'),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", MASK),
        ("what? why not", "what? why not"),
        ("https://h.example/a/b", "https://h.example/a/b"),
        ("the basic idea is a token of love", "the basic idea is a token of love"),
        ("a \ud800 lone \0 surrogate", "a ? lone  surrogate"),
    ],
)
def test_text_that_looks_like_a_credential_is_masked_and_the_rest_is_not(redactor, text, shown):
    assert redactor.text(text) == shown


@given(st.text(max_size=200))
def test_redacted_text_can_be_encoded_and_stays_as_it_is(text):
    redactor = Redactor()
    once = redactor.text(text)
    once.encode()
    assert redactor.text(once) == once


@pytest.mark.parametrize(
    "evil", ["a-", "http://", "token=", "bearer ", "/", '"', "a:", "-----BEGIN ", "/a?b", "eyJaaaaaaaa.", "sk-"]
)
def test_no_text_makes_redaction_slow(redactor, evil):
    redactor.register(Secret("hunter2-hunter2"))
    began = time.process_time()
    redactor.text(evil * (60_000 // len(evil)))
    assert time.process_time() - began < 5  # each takes milliseconds; a quadratic pattern takes minutes


@pytest.mark.parametrize(
    "key",
    [
        "prompt",
        "negative_prompt",
        "negativePrompt",
        "token",
        "accessToken",
        "X-Api-Key",
        "api_key",
        "Authorization",
        "set-cookie",
        "query",
        "query_string",
        "queryString",
        "client_secret",
        "password",
        "ticket",
        "signature",
        "credentials",
    ],
)
def test_keys_that_name_a_secret_lose_their_value_whatever_it_is(redactor, key):
    assert redactor.value({key: {"deep": ["x"]}}) == {key: MASK}


@pytest.mark.parametrize("key", ["monkey", "tokens", "author", "prompted", "keyboard", "event", "status", "provider", "seconds"])
def test_other_keys_keep_theirs(redactor, key):
    assert redactor.value({key: "x"}) == {key: "x"}


def test_a_key_without_a_value_says_so(redactor):
    assert redactor.value({"token": None}) == {"token": None}


class Rude:
    def __repr__(self):
        raise RuntimeError("no")


class RudeDict(UserDict):
    def items(self):
        raise RuntimeError("no")


class Size(Enum):
    BIG = "big"


def test_values_become_plain_json_and_nothing_makes_it_raise(redactor):
    loop = []
    loop.append(loop)
    shown = redactor.value(
        {
            "bytes": b"\xff\x00",
            "rude": Rude(),
            "rude_dict": RudeDict(a=1),
            "nan": math.nan,
            "huge": 10**5000,
            "loop": loop,
            "set": {1},
            "tuple": (Secret("x"), Size.BIG),
            "error": ValueError("api_key=abc"),
            "when": datetime(2026, 1, 1, tzinfo=UTC),
            "surrogate": "\ud800",
            3: True,
            (1, 2): None,
            Rude(): 1,
        }
    )
    assert shown | {"loop": None} == {
        "bytes": "<2 bytes>",
        "rude": "<Rude>",
        "rude_dict": "<RudeDict>",
        "nan": "nan",
        "huge": "<integer of 16610 bits>",
        "loop": None,
        "set": [1],
        "tuple": [MASK, "big"],
        "error": f"ValueError: api_key={MASK}",
        "when": "2026-01-01 00:00:00+00:00",
        "surrogate": "?",
        "3": True,
        "[1, 2]": None,
        "<Rude>": 1,
    }
    json.dumps(shown, allow_nan=False).encode()


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.binary() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_structure_can_be_written_as_json(value):
    json.dumps(Redactor().value(value), allow_nan=False, ensure_ascii=False).encode()


def test_what_holds_itself_is_cut_off_soon(redactor):
    loop = []
    loop.append(loop)
    assert redactor.value(loop) == [[[[[[[["…"]]]]]]]]


PIECES = [
    "bearer",
    "BA\u017fIC",
    "\u212aEY",
    "to\u212aen",
    "pa\u017f\u017fword",
    "api-key",
    "x_api_key=",
    "sig",
    "authorization:",
    "cookie",
    "sk-",
    "r8_",
    "eyJ",
    "http://u:p@",
    "wss://h/p?",
    "/a?b=c",
]


@given(
    st.lists(st.sampled_from([*PIECES, *"=:\"'. -_?@", "ba\u017fic abcdefghi", "abcdefghijklmn", "0123.4567"]), max_size=8).map(
        "".join
    )
)
def test_every_text_is_masked_as_if_each_pattern_were_tried(text):
    shown = text
    for pattern, replacement, _ in _PATTERNS:
        shown = pattern.sub(replacement, shown)
    assert Redactor().text(text) == shown


def test_a_key_that_was_shown_is_masked_once_it_is_a_secret(redactor):
    assert redactor.value({"hunter2-hunter2": 1}) == {"hunter2-hunter2": 1}
    redactor.register(Secret("hunter2-hunter2"))
    assert redactor.value({"hunter2-hunter2": 1}) == {MASK: 1}
