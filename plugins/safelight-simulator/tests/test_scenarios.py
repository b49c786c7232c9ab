import asyncio
import io
from typing import get_args

import pytest
from PIL import Image

from safelight.providers import (
    Failed,
    Previewed,
    Produced,
    Progressed,
    ProviderRateLimited,
    ProviderUnavailable,
    Queued,
    Started,
    Succeeded,
)
from safelight_simulator.bounds import check_bounds
from safelight_simulator.options import Scenario
from safelight_simulator.params import Params, scene_of
from safelight_simulator.scenarios import SCENARIOS, plan_of

pytestmark = pytest.mark.looptime


async def play(provider, heard, request):
    said = []
    try:
        await heard(provider, request, said)
    except Exception as error:  # noqa: BLE001 - how it ends is the question
        return said, error
    return said, None


async def test_every_scenario_has_its_script():
    assert set(SCENARIOS) == set(get_args(Scenario))


async def test_success_queues_works_through_its_steps_and_hands_over_real_pictures(open_simulator, ask, heard):
    async with open_simulator() as provider:
        said = await heard(provider, ask.local(params={"width": 96, "height": 64, "count": 2, "seed": 5}))
    updates = [update for _, update in said]
    kinds = [type(update) for update in updates]
    assert kinds[:3] == [Queued, Queued, Started]
    assert kinds.count(Progressed) == 8
    assert kinds.count(Previewed) == 7
    assert kinds[-3:] == [Produced, Produced, Succeeded]
    assert said[-1][0] == pytest.approx(3, abs=0.01)
    first = next(update for update in updates if isinstance(update, Progressed))
    assert (first.message, first.steps.current, first.steps.total, first.fraction) == ("Step 1 of 8", 1, 8, 1 / 8)
    assert first.eta.p50 == pytest.approx(2.1)
    pictures = [update for update in updates if isinstance(update, Produced)]
    assert pictures[0].content != pictures[1].content
    assert all(Image.open(io.BytesIO(picture.content)).size == (96, 64) and picture.seed == 5 for picture in pictures)


@pytest.mark.parametrize(
    ("scenario", "seconds", "end"),
    [
        ("success", 3, Succeeded()),
        ("slow", 30, Succeeded()),
        ("queue", 3, Succeeded()),
        ("silent", 3, Succeeded()),
        ("deaf", 3, Succeeded()),
        ("empty", 3, Succeeded()),
        ("flaky-progress", 3, Succeeded()),
        ("failure", 3, Failed("The simulated model ran out of memory.")),
        ("nsfw", 3, Failed("The simulated safety checker refused the picture.", code="content_policy")),
        ("garbage", 3, {"status": "garbage"}),
        ("late", 4, Failed("Too late")),
    ],
)
async def test_a_scenario_takes_its_time_and_ends_as_it_says(open_simulator, ask, heard, scenario, seconds, end):
    async with open_simulator() as provider:
        said, error = await play(provider, heard, ask.local(scenario=scenario))
    assert error is None
    assert said[-1][0] == pytest.approx(seconds, abs=0.01)
    assert said[-1][1] == end
    assert any(isinstance(update, Produced) for _, update in said) == (
        scenario
        in {
            "success",
            "slow",
            "queue",
            "silent",
            "deaf",
            "flaky-progress",
            "late",
        }
    )


@pytest.mark.parametrize(
    ("scenario", "kind", "at"),
    [("unavailable", ProviderUnavailable, 3), ("crash", RuntimeError, 3), ("rate-limited", ProviderRateLimited, 0)],
)
async def test_a_scenario_that_raises_raises_when_it_says(open_simulator, ask, heard, scenario, kind, at):
    loop = asyncio.get_running_loop()
    async with open_simulator() as provider:
        start = loop.time()
        _, error = await play(provider, heard, ask.local(scenario=scenario))
    assert type(error) is kind
    assert loop.time() - start == pytest.approx(at, abs=0.01)


async def test_stall_works_for_a_while_and_then_never_speaks_again(open_simulator, ask, heard):
    said = []
    async with open_simulator() as provider:
        task = asyncio.create_task(heard(provider, ask.local(scenario="stall"), said))
        await asyncio.sleep(1_000_000)
        task.cancel()
        await asyncio.wait({task})
    assert 1 < said[-1][0] <= 3
    assert isinstance(said[-1][1], Previewed)


async def test_a_long_queue_moves_up_one_by_one(open_simulator, ask, heard):
    async with open_simulator() as provider:
        said = await heard(provider, ask.local(scenario="queue", seconds=10))
    queue = [(at, update.position) for at, update in said if isinstance(update, Queued)]
    assert [position for _, position in queue] == [5, 4, 3, 2, 1, 0]
    assert queue[-1][0] == pytest.approx(8 * 5 / 6, abs=0.01)


async def test_flaky_progress_falls_repeats_and_speaks_unknown_words(open_simulator, ask, heard):
    async with open_simulator() as provider:
        said = [update for _, update in await heard(provider, ask.local(scenario="flaky-progress"))]
    fractions = [update.fraction for update in said if isinstance(update, Progressed)]
    assert fractions != sorted(fractions)
    assert fractions[:3] == [0.1, 0.1, 0.1]
    assert any(type(update).__name__ == "Shimmered" for update in said)


async def test_jitter_moves_the_moments_but_not_what_is_said(open_simulator, ask, heard):
    async with open_simulator() as provider:
        steady = await heard(provider, ask.local(params={"seed": 1}))
        shaky = await heard(provider, ask.local(params={"seed": 1}, jitter=0.9))
    assert [update for _, update in steady] == [update for _, update in shaky]
    assert [at for at, _ in steady] != [at for at, _ in shaky]


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
@pytest.mark.parametrize("steps", [1, 150])
async def test_every_scenario_can_be_asked_for_by_anybody_even_at_its_largest(ask, scenario, steps):
    largest = {"width": 2048, "height": 2048, "count": 8, "steps": steps}
    request = ask.local(params=largest, scenario=scenario, seconds=3600.0)
    check_bounds(plan_of(request.options, request.params).acts, scene_of(request), "sim")


async def test_steps_follow_the_request():
    acts = SCENARIOS["success"](3.0, Params(steps=20)).acts
    assert sum(act.do == "progress" for act in acts) == 20
