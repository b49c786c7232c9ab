import attrs
import pytest

from safelight import updates
from safelight.errors import MAX_SENTENCE, one_sentence
from safelight.fold import _RULES
from safelight.updates import CoreUpdate, Failed, Logged, Noted, Produced, Progressed, Queued, Succeeded, Update

KINDS = [
    kind
    for kind in vars(updates).values()
    if isinstance(kind, type) and issubclass(kind, Update) and kind not in {Update, CoreUpdate}
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_rule_except_the_log_which_never_enters_the_snapshot(kind):
    assert (_RULES[kind] is _RULES[Update]) == (kind is Logged)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_frozen_and_says_what_it_is_for(kind):
    assert kind.__setattr__ is not object.__setattr__
    assert kind.__doc__


def test_the_main_field_comes_first_and_the_rest_by_keyword():
    assert Progressed(0.5, message="Soon.") == Progressed(fraction=0.5, message="Soon.")
    with pytest.raises(TypeError):
        Produced(b"png", "image/png")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Progressed(0.5).fraction = 0.6


@pytest.mark.parametrize(
    "said",
    [
        lambda: Progressed(1.01),
        lambda: Progressed(-0.1),
        lambda: Progressed("50%"),
        lambda: Progressed(steps=3),
        lambda: Queued(-1),
        lambda: Queued(0.5),
        lambda: Noted(None),
        lambda: Logged("x", level="loud"),
        lambda: Produced(b"", seed="7"),
        lambda: Failed("x", code="made_up"),
        lambda: Failed("x", code="stalled"),
        lambda: Failed(ValueError("x")),
        lambda: Succeeded(charged="lots"),
        lambda: Succeeded(cost=0.5),
    ],
)
def test_nonsense_is_refused_where_it_is_said(said):
    with pytest.raises((ValueError, TypeError)):
        said()


def test_a_sentence_is_one_line_and_cut_with_a_sign_of_it():
    assert one_sentence("It \n\t rained.\u2028") == "It rained."
    assert one_sentence("x" * MAX_SENTENCE) == "x" * MAX_SENTENCE
    assert one_sentence("x" * 501) == "x" * 499 + "…"


def test_a_sentence_turns_the_direction_of_nothing_behind_it():
    turning = [chr(point) for point in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
    assert one_sentence(f"The upstream said: {'evil'.join(turning)} (503)") == f"The upstream said: {'evil' * 8} (503)"
    arabic = "فشل\u200f (503)\u200e می\u200cرود 👩\u200d🎨"  # marks that scripts and emoji need
    assert one_sentence(arabic) == arabic
