import asyncio
import io
import time
from typing import get_args

import pytest
from PIL import Image

from safelight.providers import (
    Canceled,
    Charged,
    Failed,
    Logged,
    Noted,
    Previewed,
    Produced,
    Progressed,
    ProviderRateLimited,
    Queued,
    Started,
    Succeeded,
)
from safelight_simulator import words
from safelight_simulator.acts import CODES, GRAMMAR, Act, Do
from safelight_simulator.options import Options

pytestmark = pytest.mark.looptime


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ({"do": "queued", "position": 2, "size": 5}, Queued(2, size=5)),
        ({"do": "queued"}, Queued()),
        ({"do": "started", "text": "Off"}, Started("Off")),
        ({"do": "progress", "fraction": 0.5, "text": "Half"}, Progressed(0.5, message="Half")),
        ({"do": "progress", "step": 3, "steps": 9}, Progressed(steps=words.Steps(3, 9, "step", "Sampling"))),
        ({"do": "eta", "seconds": 4}, Progressed(eta=words.Eta(p50=4, p90=6.0))),
        ({"do": "note", "text": "Look"}, Noted("Look")),
        ({"do": "log", "text": "line", "level": "error"}, Logged("line", level="error")),
        ({"do": "unknown"}, words.Shimmered()),
        ({"do": "garbage"}, {"status": "garbage"}),
        (
            {"do": "succeed", "cost": 0.5, "charged": "yes"},
            Succeeded(cost=words.Cost(amount=0.5, currency="USD"), charged=Charged.YES),
        ),
        (
            {"do": "fail", "text": "No", "code": "content_policy", "retryable": True, "charged": "no"},
            Failed("No", code="content_policy", retryable=True, charged=Charged.NO),
        ),
        ({"do": "canceled", "charged": "unknown"}, Canceled(charged=Charged.UNKNOWN)),
        ({"do": "output", "url": "https://example.test/x.png", "type": "image/png"}, None),
    ],
)
async def test_an_act_says_its_update(open_simulator, ask, heard, act, said):
    async with open_simulator() as provider:
        [(at, update)] = await heard(provider, ask.local([act], params={"seed": 7}))
    assert at == 0
    assert update == (said or Produced("https://example.test/x.png", type="image/png", seed=7))


async def test_a_wait_that_nothing_follows_is_waited_too(open_simulator, ask, heard):
    async with open_simulator() as provider:
        before = asyncio.get_running_loop().time()
        assert await heard(provider, ask.local([{"do": "started"}, {"do": "wait", "seconds": 5}])) == [(0, Started())]
        assert asyncio.get_running_loop().time() - before == 5


async def test_waits_add_up_on_the_loops_clock(open_simulator, ask, heard):
    script = [{"do": "wait", "seconds": 2}, {"do": "started"}, {"do": "wait", "seconds": 3.5}, {"do": "succeed"}]
    async with open_simulator() as provider:
        assert [at for at, _ in await heard(provider, ask.local(script))] == [2, 5.5]


async def test_progress_may_fall_and_updates_may_come_after_the_end(open_simulator, ask, heard):
    script = [
        {"do": "progress", "fraction": 0.9},
        {"do": "progress", "fraction": 0.1},
        {"do": "succeed"},
        {"do": "wait", "seconds": 1},
        {"do": "fail"},
    ]
    async with open_simulator() as provider:
        said = [update for _, update in await heard(provider, ask.local(script))]
    assert [type(update) for update in said] == [Progressed, Progressed, Succeeded, Failed]
    assert [update.fraction for update in said[:2]] == [0.9, 0.1]


async def test_repeat_says_the_last_thing_again_to_the_byte(open_simulator, ask, heard):
    async with open_simulator() as provider:
        script = [{"do": "output"}, {"do": "wait", "seconds": 1}, {"do": "repeat", "times": 2}]
        said = await heard(provider, ask.local(script, params={"width": 32, "height": 32}))
    assert [at for at, _ in said] == [0, 1, 1]
    assert len({update.content for _, update in said}) == 1


@pytest.mark.parametrize(("kind", "claimed"), [("png", "image/png"), ("jpeg", "image/jpeg")])
async def test_an_output_is_a_real_picture_of_the_size_asked_for(open_simulator, ask, heard, kind, claimed):
    async with open_simulator() as provider:
        [(_, output)] = await heard(provider, ask.local([{"do": "output", "format": kind}], params={"width": 80, "height": 48}))
    image = Image.open(io.BytesIO(output.content))
    image.load()
    assert (image.size, image.format, output.type) == ((80, 48), kind.upper(), claimed)


async def test_a_preview_keeps_the_shape_and_stays_small(open_simulator, ask, heard):
    async with open_simulator() as provider:
        [(_, preview)] = await heard(provider, ask.local([{"do": "preview"}], params={"width": 1024, "height": 512}))
    assert isinstance(preview, Previewed)
    assert Image.open(io.BytesIO(preview.content)).size == (256, 128)


async def test_an_output_may_lie_about_its_type_and_may_be_empty(open_simulator, ask, heard):
    script = [{"do": "output", "data": "<svg/>", "type": "image/png"}, {"do": "output", "data": ""}]
    async with open_simulator() as provider:
        said = [update for _, update in await heard(provider, ask.local(script))]
    assert [(update.content, update.type) for update in said] == [(b"<svg/>", "image/png"), (b"", None)]


async def test_a_long_output_comes_in_chunks_that_begin_with_a_picture(open_simulator, ask, heard):
    async with open_simulator() as provider:
        [(_, output)] = await heard(provider, ask.local([{"do": "output", "length": 1_000_000}], params={"width": 16}))
        chunks = [chunk async for chunk in output.content]
    assert sum(map(len, chunks)) == 1_000_000
    assert max(map(len, chunks)) <= 65536
    assert Image.open(io.BytesIO(b"".join(chunks))).format == "PNG"


@pytest.mark.parametrize("spice", sorted(words.SPICES))
async def test_text_can_be_spiced(open_simulator, ask, heard, spice):
    async with open_simulator() as provider:
        [(_, note)] = await heard(provider, ask.local([{"do": "note", "text": "see", "spice": spice}]))
    assert note.message == f"see {words.SPICES[spice]}"


async def test_text_can_be_stretched_and_cut(open_simulator, ask, heard):
    script = [{"do": "log", "text": "abc", "length": 10_001}, {"do": "log", "text": "abc", "length": 0}]
    async with open_simulator() as provider:
        said = [update.line for _, update in await heard(provider, ask.local(script))]
    assert (len(said[0]), said[0][:6], said[1]) == (10_001, "abcabc", "")


@pytest.mark.parametrize("name", sorted(words.ERRORS))
async def test_raise_raises_the_error_by_its_name(open_simulator, ask, heard, name):
    async with open_simulator() as provider:
        with pytest.raises(words.ERRORS[name]) as caught:
            await heard(provider, ask.local([{"do": "raise", "error": name, "seconds": 7, "charged": "yes", "text": "Oh"}]))
    assert type(caught.value) is words.ERRORS[name]
    assert (str(caught.value), caught.value.retry_after_seconds, caught.value.charged) == ("Oh", 7, Charged.YES)


async def test_raise_can_be_a_plain_crash(open_simulator, ask, heard):
    async with open_simulator() as provider:
        with pytest.raises(RuntimeError):
            await heard(provider, ask.local([{"do": "raise", "error": "RuntimeError"}]))


async def test_a_fault_with_times_strikes_so_often_and_is_then_passed_over(open_simulator, ask, heard):
    request = ask.local([{"do": "raise", "error": "ProviderRateLimited", "times": 2}, {"do": "succeed"}])
    async with open_simulator() as provider:
        for _ in range(2):
            with pytest.raises(ProviderRateLimited):
                await heard(provider, request)
        assert [update for _, update in await heard(provider, request)] == [Succeeded()]


async def test_hangup_ends_the_stream_without_an_end(open_simulator, ask, heard):
    async with open_simulator() as provider:
        said = await heard(provider, ask.local([{"do": "started"}, {"do": "hangup"}, {"do": "succeed"}]))
    assert [update for _, update in said] == [Started()]


async def test_stall_says_nothing_for_ever_and_can_be_canceled(open_simulator, ask, heard):
    async with open_simulator() as provider:
        task = asyncio.create_task(heard(provider, ask.local([{"do": "stall"}, {"do": "succeed"}])))
        done, _ = await asyncio.wait({task}, timeout=1_000_000)
        assert not done
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_deaf_goes_on_after_a_cancel_and_ends_when_its_time_is_over(open_simulator, ask, heard):
    script = [{"do": "deaf", "seconds": 5}]
    script += [{"do": "wait", "seconds": 1}, {"do": "progress", "fraction": 0.1}] * 9
    said = []
    loop = asyncio.get_running_loop()
    async with open_simulator() as provider:
        start = loop.time()
        task = asyncio.create_task(heard(provider, ask.local(script), said))
        await asyncio.sleep(1.5)
        task.cancel()
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert loop.time() - start == pytest.approx(5)
    assert [at for at, _ in said] == [1, 2, 3, 4]


async def test_deaf_for_a_while_hears_a_cancel_that_comes_later(open_simulator, ask, heard):
    loop = asyncio.get_running_loop()
    async with open_simulator() as provider:
        start = loop.time()
        task = asyncio.create_task(heard(provider, ask.local([{"do": "deaf", "seconds": 2}, {"do": "stall"}])))
        await asyncio.sleep(3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert loop.time() - start == pytest.approx(3)


async def test_the_same_seed_gives_the_same_run_and_another_does_not(open_simulator, ask, heard):
    async def play(seed, prompt):
        return await heard(provider, ask.local(params={"seed": seed, "width": 64, "height": 64}, prompt=prompt, jitter=0.5))

    async with open_simulator() as provider:
        first, again, other = [await play(seed, "a") for seed in (1, 1, 2)]
        by_prompt, same_prompt, other_prompt = [await play(None, prompt) for prompt in ("a", "a", "b")]
    assert first == again != other
    assert by_prompt == same_prompt != other_prompt


async def test_a_paused_run_stands_still(open_simulator, ask, run, heard):
    gate = asyncio.Event()
    run.checkpoint = gate.wait
    run._is_held = True
    said = []
    script = [{"do": "wait", "seconds": 1}, {"do": "started"}, {"do": "wait", "seconds": 2}, {"do": "succeed"}]
    async with open_simulator() as provider:
        task = asyncio.create_task(heard(provider, ask.local(script), said))
        await asyncio.sleep(50)
        assert said == []
        run._is_held = False
        gate.set()
        await task
    assert said == [(50, Started()), (52, Succeeded())]


@pytest.mark.parametrize(
    ("act", "words_of_it"),
    [
        ({"do": "wait"}, "needs 'seconds'"),
        ({"do": "queued", "fraction": 0.5}, "has no 'fraction' (it takes: position, size)"),
        ({"do": "stall", "text": "x"}, "has no 'text' (it takes nothing)"),
        ({"do": "output", "url": "https://example.test/", "data": "x"}, "from one place"),
        ({"do": "progress", "step": 3, "steps": 2}, "step 3 of 2"),
        ({"do": "dance"}, "no act is called 'dance'"),
        ({"do": "progress", "fraction": 1.5}, "fraction"),
        ({"do": "raise", "error": "SystemExit"}, "error"),
    ],
)
async def test_a_fault_in_an_act_names_what_is_wrong(act, words_of_it):
    with pytest.raises(ValueError, match=r".+") as caught:
        Act(**act)
    assert words_of_it in str(caught.value)


async def test_all_faults_of_an_act_are_named_at_once():
    with pytest.raises(ValueError, match=r"needs 'error'.*has no 'position'"):
        Act(do="raise", position=1)


async def test_a_script_and_a_scenario_exclude_each_other_and_repeat_needs_something_before_it():
    with pytest.raises(ValueError, match="not both"):
        Options(script=(Act(do="stall"),), scenario="queue")
    with pytest.raises(ValueError, match="act 1 has nothing"):
        Options(script=(Act(do="wait", seconds=1), Act(do="repeat")))


async def test_every_act_has_its_grammar_and_every_code_is_one_core_takes():
    assert set(GRAMMAR) == set(get_args(Do))
    assert [Failed("x", code=code).code for code in CODES] == list(CODES)


async def test_a_big_picture_is_painted_beside_the_event_loop(open_simulator, ask, heard):
    async with open_simulator() as provider:
        before = time.thread_time()
        await heard(provider, ask.local([{"do": "output"}], params={"width": 2048, "height": 2048}))
        in_the_loop = time.thread_time() - before
    assert in_the_loop < 0.04  # painting it takes 70 ms
