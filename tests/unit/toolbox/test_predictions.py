"""What a prediction holds: files, texts, and the words it failed with."""

import pytest

from safelight.providers import Failed
from safelight.providers.toolbox import failure_of, files_of, items_of, texts_of

URL, DATA = "https://a/0.png", "data:image/png;base64,AA=="


@pytest.mark.parametrize(
    ("output", "items"), [(None, []), (URL, [URL]), ([URL, "x"], [URL, "x"]), ([], []), ({"a": URL}, [{"a": URL}])]
)
def test_an_output_is_one_or_many(output, items):
    assert items_of(output) == items


def test_files_are_found_wherever_they_stand():
    assert list(files_of({"image": URL, "more": [{"mask": DATA}, "HTTP://b/1"], "seed": 7, "text": "see https://a"})) == [
        URL,
        DATA,
        "HTTP://b/1",
    ]


def test_what_is_no_file_is_text():
    assert texts_of([URL, "a ", {"seed": 7}], is_concatenated=False) == ["a ", '{"seed": 7}']
    assert texts_of(["a ", "lamp"], is_concatenated=True) == ["a lamp"]
    assert texts_of([URL], is_concatenated=True) == []


@pytest.mark.parametrize("is_concatenated", [False, True])
@pytest.mark.parametrize("output", [None, "", [None, URL], ["", URL], [None, ""]])
def test_what_says_nothing_is_no_text(output, is_concatenated):
    assert texts_of(output, is_concatenated=is_concatenated) == []


def test_a_value_that_means_no_is_text_all_the_same():
    assert texts_of([0, False], is_concatenated=False) == ["0", "false"]


@pytest.mark.parametrize(
    ("error", "failed"),
    [
        ("Prediction failed: Prediction failed: ValueError: no", Failed("ValueError: no")),
        (
            "NSFW content detected. Try another prompt.",
            Failed("NSFW content detected. Try another prompt.", code="content_policy"),
        ),
        (
            "The input was flagged as sensitive. (E005)",
            Failed("The input was flagged as sensitive. (E005)", code="content_policy"),
        ),
        (None, Failed("The model failed without a reason.")),
    ],
)
def test_a_model_fails_in_its_own_words(error, failed):
    assert failure_of(error) == failed
