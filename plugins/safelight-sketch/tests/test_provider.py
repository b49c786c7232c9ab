from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import threading
import time

import pytest
from PIL import Image

from safelight.providers import Logged, Previewed, Produced, Progressed, Queued, Started
from safelight_sketch import plugin
from safelight_sketch.canvas import Canvas
from safelight_sketch.painting import Painting
from safelight_sketch.plugin import Sketch


def decoded(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def test_the_hook_offers_the_sketcher():
    assert plugin.safelight_providers() == [Sketch]


def test_asking_for_the_plugin_does_not_import_numpy_or_pillow():
    code = "import sys, safelight_sketch.plugin; sys.exit(bool({'numpy', 'PIL'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_the_same_prompt_and_seed_give_the_same_bytes(start):
    (one,), (other,) = [(await run.finished())[-1:] for run in (start(seed=9), start(seed=9, steps=3))]
    assert one == other


async def test_the_largest_seed_paints_and_a_larger_one_is_refused(start):
    largest = 2**53 - 1
    run = start(seed=largest, count=2, steps=1, width=64, height=64)
    await run.finished()

    assert [produced.seed for produced in run.all(Produced)] == [largest, largest + 1]
    with pytest.raises(ValueError, match="seed"):
        Sketch.Params(seed=largest + 1)


@pytest.mark.parametrize(("form", "pillow"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
@pytest.mark.parametrize("size", [(64, 64), (64, 200), (300, 80)])
async def test_every_form_and_size_decodes(start, form, pillow, size):
    run = start(width=size[0], height=size[1], options={"format": form})
    await run.finished()
    (produced,) = run.all(Produced)
    assert decoded(produced.content).format == pillow
    assert decoded(produced.content).size == size
    assert produced.type == f"image/{form}"


@pytest.mark.parametrize(("steps", "count"), [(1, 1), (12, 1), (50, 1), (4, 3)])
async def test_progress_rises_by_single_steps_to_its_end(start, steps, count):
    run = start(steps=steps, count=count)
    await run.finished()
    said = run.all(Progressed)
    assert [(p.steps.current, p.steps.total, p.steps.unit) for p in said] == [
        (n + 1, steps * count, "step") for n in range(steps * count)
    ]
    assert [p.fraction for p in said] == [(n + 1) / (steps * count) for n in range(steps * count)]
    assert all(p.message for p in said)
    assert isinstance(run.updates[0], Started)
    assert isinstance(run.updates[-1], Produced)


async def test_what_is_being_painted_is_said(start):
    run = start(steps=50)
    await run.finished()
    assert "painting the lighthouse" in {p.message for p in run.all(Progressed)}


@pytest.mark.parametrize("steps", [1, 12])
async def test_the_log_names_each_picture_and_each_of_its_stages_once(start, steps):
    run = start(seed=5, steps=steps, count=2)
    await run.finished()
    lines = [logged.line.partition(", ")[0] for logged in run.all(Logged)]
    stages = ["quick sketches", "half size", "full size"]
    assert lines == ["picture 1 of 2: 64 x 64", *stages, "picture 2 of 2: 64 x 64", *stages]
    assert "seed 6" in run.all(Logged)[4].line


@pytest.mark.parametrize(("steps", "previews"), [(1, 1), (12, 12), (50, 12)])
async def test_previews_decode_and_are_small(start, steps, previews):
    run = start(width=1024, height=640, steps=steps)
    await run.finished()
    images = [decoded(p.content) for p in run.all(Previewed)]
    assert [image.size for image in images] == [(512, 320)] * previews


async def test_the_print_comes_up_out_of_a_red_blank(start):
    run = start(width=128, height=128)
    await run.finished()
    first, last = (decoded(run.all(Previewed)[n].content) for n in (0, -1))
    finished = decoded(run.all(Produced)[0].content)
    assert _contrast(first) < _contrast(last) / 3
    red, _, blue = (band.getextrema()[1] for band in first.split())
    assert red > 3 * blue
    assert abs(_contrast(last) - _contrast(finished)) < 6


def _contrast(image: Image.Image) -> float:
    grey = image.convert("L").resize((32, 32)).tobytes()
    mean = sum(grey) / len(grey)
    return (sum((value - mean) ** 2 for value in grey) / len(grey)) ** 0.5


async def test_count_gives_that_many_pictures_each_with_the_seed_that_repeats_it(start):
    several, single = start(seed=5, count=3), start(seed=6)
    await several.finished()
    await single.finished()
    produced = several.all(Produced)
    assert [p.seed for p in produced] == [5, 6, 7]
    assert produced[1].content == single.all(Produced)[0].content


async def test_a_seed_left_out_is_chosen_and_reported(start):
    run, other = start(seed=None), start(seed=None)
    await run.finished()
    await other.finished()
    seed = run.all(Produced)[0].seed
    assert seed != other.all(Produced)[0].seed
    again = start(seed=seed)
    await again.finished()
    assert again.all(Produced) == run.all(Produced)


@pytest.mark.looptime
async def test_developing_is_spread_over_the_seconds_asked_for(start):
    loop = asyncio.get_running_loop()
    began, seen = loop.time(), []
    run = start(steps=4, count=2, options={"seconds": 40})
    run.on_update = lambda update: seen.append(loop.time() - began) if isinstance(update, Progressed) else None
    await run.task
    assert seen == pytest.approx([5, 10, 15, 20, 25, 30, 35, 40], abs=1)


async def test_a_canceled_run_ends_with_its_thread_and_frees_its_easel(start, make_sketch, monkeypatch):
    sketch, working = make_sketch(max_parallel=1), threading.Event()
    release, left = threading.Event(), threading.Event()
    share_of = Painting.share

    def share(self, step, steps):
        strokes = share_of(self, step, steps)
        for stroke in strokes:
            object.__setattr__(stroke, "run", _held)
        return strokes

    def _held():
        working.set()
        release.wait(30)
        left.set()

    monkeypatch.setattr(Painting, "share", share)
    run = start(sketch=sketch)
    await asyncio.to_thread(working.wait, 30)
    run.control.cancel()
    run.task.cancel()
    await asyncio.wait([run.task], timeout=0.05)
    assert not run.task.done(), "it says it has stopped while its thread still works"
    release.set()
    await asyncio.wait([run.task], timeout=30)
    assert run.task.cancelled()
    assert left.is_set()
    monkeypatch.undo()
    assert isinstance((await start(sketch=sketch).finished())[-1], Produced)


async def test_a_paused_run_says_nothing_until_it_goes_on(start):
    run, other = start(steps=50), start(steps=50)
    await run.said(Progressed, 2)
    run.control.pause()
    await other.finished()  # a whole other picture passes: time enough for the stroke that was under way
    held = len(run.updates)
    await start(steps=50).finished()
    assert len(run.updates) == held
    assert not run.all(Produced)
    run.control.resume()
    assert isinstance((await run.finished())[-1], Produced)
    assert run.all(Progressed)[-1].fraction == 1.0


async def test_a_paused_run_lends_its_easel_and_is_the_first_to_get_one_back(start, make_sketch):
    sketch = make_sketch(max_parallel=1)
    first = start(sketch=sketch, steps=50)
    await first.said(Progressed)
    first.control.pause()
    second = start(sketch=sketch, steps=50, count=2)
    await second.said(Progressed)
    third = start(sketch=sketch)
    await third.said(Queued)
    first.control.resume()
    await first.finished()
    assert second.task.done()
    assert not third.task.done()
    await third.finished()


async def test_a_run_canceled_while_paused_ends_at_once(start):
    run = start(steps=50)
    await run.said(Progressed)
    run.control.pause()
    await run.cancel()
    assert run.task.cancelled()


async def test_those_who_wait_are_told_their_place_and_move_up(start, make_sketch):
    sketch = make_sketch(max_parallel=1)
    painting, *waiting = [start(sketch=sketch, width=256, height=256) for _ in range(4)]
    for run in waiting:
        await run.said(Queued)
    await waiting[0].finished()
    assert not painting.all(Queued)
    await waiting[2].finished()
    assert [[q.position for q in run.all(Queued)] for run in waiting] == [[0], [1, 0], [2, 1, 0]]


async def test_one_who_leaves_the_line_lets_those_behind_move_up(start, make_sketch):
    sketch = make_sketch(max_parallel=1)
    painting, gone, last = [start(sketch=sketch, options={"seconds": 30}) for _ in range(3)]
    await last.said(Queued)
    await gone.cancel()
    await last.said(Queued, 2)
    assert [q.position for q in last.all(Queued)] == [1, 0]
    await painting.cancel()
    await last.said(Started)


async def test_as_many_as_there_are_easels_paint_at_once(start, make_sketch):
    sketch = make_sketch(max_parallel=2)
    runs = [start(sketch=sketch, steps=50, options={"seconds": 10}) for _ in range(3)]
    await runs[0].said(Progressed)
    await runs[1].said(Progressed)
    assert [bool(run.all(Queued)) for run in runs] == [False, False, True]
    assert not runs[2].all(Started)


async def test_nothing_is_painted_in_the_event_loops_own_thread(start, monkeypatch):
    threads = set()

    def watched(original):
        def call(*args, **kwargs):
            threads.add(threading.get_ident())
            return original(*args, **kwargs)

        return call

    for owner, name in ((Painting, "__init__"), (Painting, "preview"), (Painting, "picture"), (Canvas, "blend")):
        monkeypatch.setattr(owner, name, watched(getattr(owner, name)))
    await start().finished()
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("prompt", ["a lighthouse at dusk", "ink drawing of a cat in space", "watercolour of flowers and fruit"])
async def test_the_event_loop_is_never_held_while_a_large_picture_is_painted(start, prompt):
    lags, is_over = [], False

    async def tick():
        while not is_over:
            before, used = time.perf_counter(), time.process_time()
            await asyncio.sleep(0.005)
            lag = time.perf_counter() - before - 0.005
            lags.append(min(lag, time.process_time() - used))  # when others have the cores, nothing of ours holds the loop

    ticker = asyncio.create_task(tick())
    await start(prompt, width=1024, height=1024).finished()
    is_over = True
    await ticker
    assert max(lags) < 0.25
