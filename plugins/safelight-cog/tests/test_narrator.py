import json

import pytest

from safelight.providers import Canceled, Failed, Logged, Noted, Produced, Progressed, ProviderProtocol, Started, Steps, Succeeded
from safelight.providers.toolbox import Event
from safelight_cog.narrator import Narrator


@pytest.fixture
def narrator():
    return Narrator(is_concatenated=False)


def said(name, data):
    return Event(name, json.dumps(data))


def events(text):
    for block in text.strip().split("\n\n"):
        name, data = block.split("\n")
        yield Event(name.removeprefix("event: "), data.removeprefix("data: "))


def told(narrator, text):
    return [update for event in events(text) for update in narrator.hear(event)]


def kinds(updates):
    return [type(update).__name__ for update in updates]


def test_a_recorded_success_is_told_in_order_and_each_picture_once(narrator, recorded):
    said = told(narrator, recorded("success"))
    assert kinds(said) == [
        "Started",
        *("Progressed", "Progressed"),
        *("Progressed", "Progressed", "Produced"),
        *("Progressed", "Progressed"),
        *("Progressed", "Progressed", "Produced"),
        "Logged",
        "Progressed",
        "Succeeded",
    ]
    assert [update.fraction for update in said if isinstance(update, Progressed)][:4] == [0.25, 0.25, None, 0.5]
    assert said[1].steps == Steps(1, 4)
    assert narrator.has_ended


def test_a_recorded_failure_keeps_the_models_own_words_and_what_was_made_before(narrator, recorded):
    said = told(narrator, recorded("failed"))
    assert sum(isinstance(update, Produced) for update in said) == 1
    assert said[-1].code == "content_policy"
    assert said[-1].error.startswith("Generator iteration error: ValueError: NSFW content detected")


def test_a_recorded_cancel_is_one(narrator, recorded):
    assert told(narrator, recorded("canceled"))[-1] == Canceled()


def test_a_story_told_again_from_the_beginning_tells_only_what_is_new(narrator, recorded):
    parts = list(events(recorded("success")))
    first = [update for event in parts[:7] for update in narrator.hear(event)]
    narrator.begin()
    again = [update for event in parts for update in narrator.hear(event)]
    assert sum(isinstance(update, Produced) for update in first + again) == 2
    bars = [update for update in first + again if isinstance(update, Progressed) and update.steps]
    assert [bar.steps.current for bar in bars] == [1, 2, 3, 4]


def test_what_a_cut_replay_left_out_comes_with_the_end(narrator):
    [logged] = narrator.hear(said("error", {"error": "replay truncated", "skipped": 9}))
    assert (logged.level, "replay truncated" in logged.line) == ("warning", True)
    list(narrator.hear(said("output", {"chunk": "data:b", "index": 1})))
    ended = list(narrator.end({"status": "succeeded", "output": ["data:a", "data:b"]}))
    assert ended == [Produced("data:a", name="0.0"), Succeeded()]


def test_a_snapshot_says_where_it_stands_and_the_next_only_what_is_new(narrator):
    bar = " 10%|#         | 1/10 [00:00<00:00, 5.00it/s]\n"
    first = {"status": "processing", "logs": f"hello\n{bar} 20%|##", "output": "https://a/1.png"}
    assert list(narrator.stand(first)) == [
        Started(),
        Logged("hello"),
        Progressed(0.1, steps=Steps(1, 10)),
        Produced("https://a/1.png", name="0.0"),
    ]
    second = first | {"logs": first["logs"] + "        | 2/10 [x]\n", "metrics": {"progress": 0.2}}
    assert list(narrator.stand(second)) == [Started(), Progressed(0.2, steps=Steps(2, 10)), Progressed(0.2)]


def test_words_nobody_knows_change_nothing_and_are_shown(narrator):
    [noted] = narrator.stand({"status": "aborting"})
    assert isinstance(noted, Noted)
    assert list(narrator.stand({"status": "starting"})) == []
    [logged] = narrator.hear(said("surprise", {"a": 1}))
    assert "surprise" in logged.line


@pytest.mark.parametrize("status", ["aborted", None, 7, "processing"])
def test_an_end_in_words_nobody_knows_is_no_end(narrator, status):
    with pytest.raises(ProviderProtocol):
        list(narrator.end({"status": status, "output": ["data:x"]}))
    assert not narrator.has_ended


@pytest.mark.parametrize("value", [2, -1, "0.5", True, None, float("nan")])
def test_a_progress_that_is_none_is_only_logged(narrator, value):
    [update] = narrator.hear(said("metric", {"name": "progress", "value": value, "mode": "replace"}))
    assert isinstance(update, Logged)


@pytest.mark.parametrize(
    ("error", "sentence", "code"),
    [
        ("Prediction failed: Prediction failed: TypeError: no", "TypeError: no", "provider_rejected"),
        ("NSFW content detected.", "NSFW content detected.", "content_policy"),
        ("blocked by the safety checker", "blocked by the safety checker", "content_policy"),
        (None, "The model failed without a reason.", "provider_rejected"),
    ],
)
def test_a_failure_says_why(narrator, error, sentence, code):
    assert list(narrator.end({"status": "failed", "error": error})) == [Failed(sentence, code=code)]


def test_a_success_without_output_is_left_to_core(narrator):
    assert list(narrator.end({"status": "succeeded", "output": None})) == [Succeeded()]


def test_files_are_found_inside_objects(narrator):
    output = {"image": "https://a/x.png", "masks": ["data:m", "none"], "score": 0.5}
    said = list(narrator.end({"status": "succeeded", "output": output}))
    assert said == [Produced("https://a/x.png", name="0.0"), Produced("data:m", name="0.1"), Succeeded()]


@pytest.mark.parametrize(
    ("is_concatenated", "output", "texts"),
    [
        (True, ["a ", "lamp"], [b"a lamp"]),
        (False, ["a cat", "a dog"], [b"a cat", b"a dog"]),
        (False, {"score": 0.5}, [b'{"score": 0.5}']),
        (True, [], []),
    ],
)
def test_an_output_that_is_no_file_is_text(is_concatenated, output, texts):
    *said, _ = Narrator(is_concatenated=is_concatenated).end({"status": "succeeded", "output": output})
    assert said == [Produced(text, type="text/plain") for text in texts]


def test_a_line_without_an_end_comes_with_the_end(narrator):
    list(narrator.hear(said("log", {"data": "half a"})))
    assert list(narrator.end({"status": "succeeded", "logs": "half a"})) == [Logged("half a"), Succeeded()]
