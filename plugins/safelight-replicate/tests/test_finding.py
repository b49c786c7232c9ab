"""A submission whose answer was lost: it is found where it can only be the one, and never made again."""

import os
import shutil
import time
from datetime import timedelta

import pytest

from safelight.providers import InvalidParams, NotSent, OutcomeUnknown, ProviderUnavailable
from safelight.testing import Answers, Resets, Weather
from safelight_replicate import provider as provider_module
from safelight_replicate.receipts import digest

KEY, OTHER = "0123456789abcdef0123456789abcdef", "f" * 32
CREATE = "POST *"


class Blocking(Weather):
    """Answers, once nothing more can be written into a folder."""

    def __init__(self, folder):
        self._folder = folder

    async def befall(self, request, act):
        shutil.rmtree(self._folder)
        self._folder.write_text("in the way", encoding="utf-8")
        return await act()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(provider_module, "_LOOKS", (0.0, 0.01))


async def lose(fake, replicate, ask, key=KEY, *, is_done=True, **asked):
    fake.weather(Resets(is_done=is_done), on=CREATE, times=1)
    with pytest.raises(OutcomeUnknown):
        await replicate.submit(ask(replicate, **asked), key)


async def test_a_lost_answer_is_found_in_the_list(fake, open_replicate, ask):
    async with open_replicate() as replicate:
        await replicate.submit(ask(replicate, prompt="another"), OTHER)
        await lose(fake, replicate, ask, params={"guidance": 4.0})
    async with open_replicate() as replicate:
        job = await replicate.find(KEY)
        assert job.id == fake.last()["id"]
        assert job.id == (await replicate.find(KEY)).id
    assert len(fake.predictions) == 2
    assert len(fake.calls("GET /v1/predictions")) == 1, "what was found once is written down"


async def test_an_answer_that_came_is_known_though_nobody_journalled_it(fake, open_replicate, ask):
    async with open_replicate() as replicate:
        job = await replicate.submit(ask(replicate), KEY)
    async with open_replicate() as replicate:
        assert (await replicate.find(KEY)).id == job.id
    assert not fake.calls("GET /v1/predictions")


async def test_what_is_not_listed_may_come_late(fake, open_replicate, ask):
    async with open_replicate() as replicate:
        await lose(fake, replicate, ask, is_done=False)
        with pytest.raises(OutcomeUnknown, match="lists no such"):
            await replicate.find(KEY)
        assert len(fake.calls("GET /v1/predictions")) == 2
        with pytest.raises(OutcomeUnknown, match="Nothing is written down"):
            await replicate.find("0" * 32)


async def test_the_same_input_of_another_submission_is_not_taken_for_ours(fake, open_replicate, ask):
    async with open_replicate() as replicate:
        await replicate.submit(ask(replicate), OTHER)
        await lose(fake, replicate, ask, is_done=False)
        with pytest.raises(OutcomeUnknown, match="lists no such"):
            await replicate.find(KEY)


async def test_of_two_that_are_alike_none_is_taken(fake, open_replicate, ask):
    async with open_replicate() as replicate:
        await lose(fake, replicate, ask, OTHER)
        await lose(fake, replicate, ask)
        with pytest.raises(OutcomeUnknown, match="several"):
            await replicate.find(KEY)
    assert len(fake.predictions) == 2


async def test_one_that_may_be_either_is_neithers(fake, open_replicate, ask):
    async with open_replicate() as replicate:
        await lose(fake, replicate, ask, OTHER)
        await lose(fake, replicate, ask, is_done=False)
        for key in (KEY, OTHER):
            with pytest.raises(OutcomeUnknown, match="may be that of another"):
                await replicate.find(key)
    assert len(fake.predictions) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"input": {"prompt": "another"}},
        {"input": None},
        {"created_at": "2020-01-01T00:00:00Z"},
        {"created_at": None},
        {"id": "../7"},
    ],
)
async def test_what_does_not_fit_is_not_taken(fake, open_replicate, ask, change):
    async with open_replicate() as replicate:
        await lose(fake, replicate, ask)
        fake.weather(Answers(200, {"next": None, "results": [{**fake.last(), **change}, "garbage"]}), on="GET /v1/predictions")
        with pytest.raises(OutcomeUnknown, match="lists no such"):
            await replicate.find(KEY)


async def test_it_is_found_on_a_later_page(fake, open_replicate, ask):
    fake.page_size = 1
    async with open_replicate() as replicate:
        await lose(fake, replicate, ask)
        ours = fake.last()["id"]
        await replicate.submit(ask(replicate, prompt="another"), OTHER)
        await replicate.submit(ask(replicate, prompt="a third"), "1" * 32)
        assert (await replicate.find(KEY)).id == ours
    assert len(fake.calls("GET /v1/predictions")) == 3


async def test_a_page_that_lies_elsewhere_is_not_asked_for(fake, open_replicate, ask):
    async with open_replicate() as replicate:
        await lose(fake, replicate, ask)
        fake.weather(Answers(200, {"next": "https://evil.example/page", "results": [fake.last()]}), on="GET /v1/predictions")
        assert (await replicate.find(KEY)).id == fake.last()["id"]


@pytest.mark.parametrize("skew", [timedelta(days=1), timedelta(days=-1)])
async def test_clocks_that_are_a_day_apart_do_no_harm(fake, open_replicate, ask, skew):
    fake.skew_seconds = skew.total_seconds()
    async with open_replicate() as replicate:
        await lose(fake, replicate, ask)
        assert (await replicate.find(KEY)).id == fake.last()["id"]


async def test_a_list_that_cannot_be_had_leaves_it_unknown(fake, open_replicate, ask):
    async with open_replicate() as replicate:
        await lose(fake, replicate, ask)
        async with fake.refusing():
            with pytest.raises(ProviderUnavailable):
                await replicate.find(KEY)


async def test_a_definite_refusal_leaves_nothing_to_look_for(fake, open_replicate, ask, tmp_path):
    fake.weather(Answers(413), on=CREATE, times=1)
    async with open_replicate() as replicate:
        with pytest.raises(InvalidParams):
            await replicate.submit(ask(replicate), KEY)
    assert list((tmp_path / "submissions").iterdir()) == []


async def test_what_cannot_be_written_down_is_not_sent(fake, open_replicate, ask, tmp_path):
    (tmp_path / "submissions").write_text("in the way", encoding="utf-8")
    async with open_replicate() as replicate:
        with pytest.raises(NotSent, match="written down"):
            await replicate.submit(ask(replicate), KEY)
    assert not fake.calls(CREATE)


async def test_an_answer_that_cannot_be_written_down_is_no_loss(fake, open_replicate, ask, tmp_path, caplog):
    async with open_replicate() as replicate:
        fake.weather(Blocking(tmp_path / "submissions"), on=CREATE)
        assert (await replicate.submit(ask(replicate), KEY)).id == fake.last()["id"]
    assert "replicate_receipt_not_completed" in caplog.text


async def test_receipts_are_kept_for_a_day(open_replicate, ask, tmp_path):
    async with open_replicate() as replicate:
        for key in (KEY, OTHER):
            await replicate.submit(ask(replicate), key)
        yesterday = time.time() - 90_000
        os.utime(tmp_path / "submissions" / f"{KEY}.json", (yesterday, yesterday))
        await replicate._receipts.sweep()
    assert [file.stem for file in (tmp_path / "submissions").iterdir()] == [OTHER]


async def test_a_receipt_holds_neither_the_prompt_nor_the_token(fake, open_replicate, ask, tmp_path):
    async with open_replicate() as replicate:
        await replicate.submit(ask(replicate, prompt="a private matter"), KEY)
    [file] = (tmp_path / "submissions").iterdir()
    text = file.read_text(encoding="utf-8")
    assert "private" not in text
    assert "r8_" not in text


def test_an_input_is_the_same_however_it_comes_back():
    assert digest({"a": 1.0, "b": [2.0, {"c": True}]}) == digest({"b": [2, {"c": True}], "a": 1})
    assert digest({"a": 1.5}) != digest({"a": 1})
    assert digest({"a": True}) != digest({"a": 1})
