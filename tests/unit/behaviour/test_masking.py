"""The prompt is the caller's: whatever a plugin quotes of it, the log has a mask instead."""

import json

import pytest
from structlog.testing import capture_logs

from safelight.boundary import Boundary
from safelight.providers import Logged, Noted, Progressed, ProviderUnavailable, Secret, Steps
from safelight.providers.failures import ProviderCrashed
from safelight.redaction import MASK, redactor

PROMPTS = {
    "plain": "a lighthouse by Anna Ancher",
    "with marks": 'Anna\'s "café"\tat dusk, 100 % \\ of it',
    "of many lines": "a lighthouse\n  at dusk\n\nby the sea",
    "with a url": "like https://example.org/p?style=9&seed=1 but in oil",
    "longer than what is kept": "a very long walk along the pier, " * 600,
}


@pytest.fixture(params=PROMPTS.values(), ids=PROMPTS)
def prompt(request):
    return request.param


@pytest.fixture
def border(prompt):
    return Boundary("lighthouse", "safelight-lighthouse", hidden=prompt)


def pieces(prompt):
    """Every run of a few characters: if none is there, nothing of the prompt is."""
    words = json.dumps(prompt, ensure_ascii=False)[1:-1]
    return {words[at : at + 12] for at in range(0, len(words) - 11, 3)} | {prompt[at : at + 12] for at in range(len(prompt) - 11)}


def says_nothing_of(prompt, text):
    return not [piece for piece in pieces(prompt) if piece in text]


async def heard_of(border, *updates):
    heard = []

    async def generate():
        for update in updates:
            yield update

    async def take(update):
        heard.append(update)

    assert await border.listen(generate, take) is None
    return heard


@pytest.mark.parametrize("write", [str, repr, json.dumps, lambda text: json.dumps(text, ensure_ascii=False)], ids=range(4))
async def test_a_crash_that_quotes_the_prompt_leaves_a_trace_without_it(border, prompt, write):
    async def work():
        raise RuntimeError(f"cannot paint {write(prompt)}, sorry") from KeyError(prompt)

    with capture_logs() as logs, pytest.raises(ProviderCrashed) as caught:
        await border.call("submit", work, seconds=1)
    (line,) = logs
    assert says_nothing_of(prompt, str(line) + str(caught.value))
    assert MASK in line["exception"]
    assert "RuntimeError: cannot paint" in line["exception"]
    assert "sorry" in line["exception"]


@pytest.mark.parametrize("write", [str, repr, json.dumps], ids=range(3))
async def test_a_line_of_the_upstreams_log_that_quotes_the_prompt_is_heard_without_it(border, prompt, write):
    (line,) = await heard_of(border, Logged(f"painting {write(prompt)} now", level="warning"))
    assert says_nothing_of(prompt, line.line)
    assert (line.level, border.masked(line.line)) == ("warning", line.line)
    assert line.line.replace('"', "").replace("'", "") == f"painting {MASK} now"


async def test_what_is_said_to_the_caller_may_quote_the_callers_own_prompt():
    border = Boundary("lighthouse", "safelight-lighthouse", hidden=PROMPTS["plain"])
    said = [Noted(f"painting {PROMPTS['plain']}"), Progressed(0.5, steps=Steps(1, 2, label=PROMPTS["plain"]))]
    assert await heard_of(border, *said) == said

    async def work():
        raise ProviderUnavailable(PROMPTS["plain"])

    with capture_logs() as logs, pytest.raises(ProviderUnavailable, match=PROMPTS["plain"]):
        await border.call("submit", work, seconds=1)
    assert logs == []


def test_what_stands_across_the_cut_is_masked_whole():
    redactor.register(Secret("a-very-private-value"))
    border = Boundary("lighthouse", "safelight-lighthouse", hidden=PROMPTS["plain"])
    for hidden in (PROMPTS["plain"], "a-very-private-value"):
        for shift in range(len(hidden) + 2):
            assert says_nothing_of(hidden, border.masked(hidden + "x" * shift, keep=len(hidden)))


def test_a_prompt_of_a_few_letters_does_not_garble_the_log():
    border = Boundary("lighthouse", "safelight-lighthouse", hidden="a")
    assert border.masked("Traceback: cannot paint 'a', but a lamp") == f"Traceback: cannot paint '{MASK}', but {MASK} lamp"


def test_a_border_that_hides_nothing_changes_nothing():
    assert Boundary("lighthouse", "safelight-lighthouse").masked("all is well") == "all is well"
