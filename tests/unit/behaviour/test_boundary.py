import asyncio
import time

import attrs
import pytest
from structlog.testing import capture_logs

from safelight.boundary import Boundary, scrub
from safelight.providers import (
    Cost,
    Failed,
    Logged,
    Noted,
    Produced,
    Progressed,
    ProviderError,
    ProviderProtocol,
    ProviderTimeout,
    ProviderUnavailable,
    Rejected,
    Secret,
    Steps,
    Succeeded,
    Update,
)
from safelight.providers.failures import ProviderCrashed
from safelight.redaction import redactor
from safelight.status import Phase
from safelight.updates import Moved

KEY = "a-very-private-value"


@attrs.frozen
class Danced(Update):
    """A kind of the plugin's own."""

    where: str


class Unreadable(ProviderError):
    """An error whose own words cannot be had."""

    def __str__(self):
        raise RuntimeError("no words")


@pytest.fixture
def border():
    return Boundary("lighthouse", "safelight-lighthouse")


@pytest.fixture
def secret():
    redactor.register(Secret(KEY))


async def listen(border, generate):
    """Run `listen` as core does, in a task of its own."""
    heard = []

    async def take(update):
        heard.append(update)

    error = await asyncio.create_task(border.listen(generate, take))
    return heard, error


def raising(error):
    async def work():
        await asyncio.sleep(0)
        raise error

    return work


@pytest.mark.looptime
async def test_a_call_returns_what_the_plugin_returns(border):
    async def work():
        return 7

    assert await border.call("submit", work, seconds=1) == 7


@pytest.mark.looptime
@pytest.mark.parametrize(
    "error",
    [SystemExit(1), KeyboardInterrupt(), GeneratorExit(), MemoryError(), StopAsyncIteration(), ValueError("x"), BaseException()],
)
async def test_whatever_a_method_raises_becomes_a_crash_that_names_the_plugin(border, error):
    with capture_logs() as logs, pytest.raises(ProviderCrashed, match=type(error).__name__):
        await border.call("submit", raising(error), seconds=1)
    assert [(line["event"], line["provider"], line["plugin"], line["call"]) for line in logs] == [
        ("provider_crashed", "lighthouse", "safelight-lighthouse", "submit")
    ]


@pytest.mark.looptime
@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), ValueError("x")])
async def test_whatever_an_iterator_raises_becomes_a_crash_after_what_it_had_said(border, error):
    async def generate():
        yield Progressed(0.5)
        raise error

    heard, why = await listen(border, generate)
    assert heard == [Progressed(0.5)]
    assert isinstance(why, ProviderCrashed)


@pytest.mark.looptime
async def test_a_provider_error_passes_as_it_is(border):
    with pytest.raises(Rejected, match=r"^Not that\.$"):
        await border.call("submit", raising(Rejected("Not that.")), seconds=1)


@pytest.mark.looptime
async def test_a_provider_error_whose_words_cannot_be_had_is_a_crash(border):
    with pytest.raises(ProviderCrashed):
        await border.call("submit", raising(Unreadable("x")), seconds=1)


@pytest.mark.looptime
async def test_a_provider_error_without_words_is_given_some(border):
    with pytest.raises(Rejected, match="gave no reason"):
        await border.call("submit", raising(Rejected("")), seconds=1)


@pytest.mark.looptime
@pytest.mark.parametrize("is_awaiting", [True, False], ids=["and awaits", "and returns"])
async def test_a_method_that_cancels_the_task_it_runs_in_hurts_only_itself(border, is_awaiting):
    async def work():
        asyncio.current_task().cancel()
        if is_awaiting:
            await asyncio.sleep(0)

    with pytest.raises(ProviderCrashed, match="canceled itself"):
        await border.call("submit", work, seconds=1)
    assert asyncio.current_task().cancelling() == 0


@pytest.mark.looptime
@pytest.mark.parametrize("is_awaiting", [True, False], ids=["and awaits", "and returns"])
async def test_an_iterator_that_cancels_the_task_it_runs_in_hurts_only_itself(border, is_awaiting):
    async def generate():
        yield Progressed(0.5)
        asyncio.current_task().cancel()
        if is_awaiting:
            await asyncio.sleep(0)

    heard, why = await listen(border, generate)
    assert heard == [Progressed(0.5)]
    assert isinstance(why, ProviderCrashed)


@pytest.mark.looptime
async def test_a_method_that_shrugs_off_its_own_cancel_may_go_on(border):
    async def work():
        asyncio.current_task().cancel()
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            return "still here"

    assert await border.call("submit", work, seconds=1) == "still here"


@pytest.mark.looptime
@pytest.mark.parametrize("garbage", [None, 1, "50%", {"progress": 50}, Progressed, ValueError("x"), Moved(Phase.SAVING)])
async def test_what_is_no_update_of_a_provider_is_refused_by_its_type(border, garbage):
    async def generate():
        yield Progressed(0.1)
        yield garbage

    heard, why = await listen(border, generate)
    assert heard == [Progressed(0.1)]
    assert isinstance(why, ProviderProtocol)
    assert type(garbage).__name__ in str(why)


@pytest.mark.looptime
@pytest.mark.parametrize("returned", [None, 7, [Progressed(0.1)], iter([])])
async def test_what_is_no_iterator_is_refused_by_its_type(border, returned):
    heard, why = await listen(border, lambda: returned)
    assert heard == []
    assert isinstance(why, ProviderProtocol)
    assert type(returned).__name__ in str(why)


@pytest.mark.looptime
async def test_an_update_of_a_kind_of_the_plugins_own_passes_to_be_counted(border):
    async def generate():
        yield Danced("on the pier")

    assert await listen(border, generate) == ([Danced("on the pier")], None)


@pytest.mark.looptime
async def test_a_method_that_hangs_is_given_up_in_time_and_stopped(border):
    stopped = asyncio.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    began = asyncio.get_running_loop().time()
    with pytest.raises(ProviderTimeout, match="'submit' within 5 s"):
        await border.call("submit", work, seconds=5)
    assert asyncio.get_running_loop().time() - began == pytest.approx(5)
    assert stopped.is_set()


@pytest.mark.looptime
async def test_a_method_that_will_not_be_stopped_is_left_behind_and_named(border):
    release = asyncio.Event()

    async def work():
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    began = asyncio.get_running_loop().time()
    with capture_logs() as logs, pytest.raises(ProviderTimeout):
        await border.call("submit", work, seconds=5)
    assert asyncio.get_running_loop().time() - began == pytest.approx(7)
    assert [(line["event"], line["provider"], line["plugin"], line["task"]) for line in logs] == [
        ("provider_task_left_behind", "lighthouse", "safelight-lighthouse", "lighthouse:submit")
    ]
    release.set()
    await asyncio.sleep(0)


@pytest.mark.looptime
async def test_a_caller_that_is_canceled_stops_the_method_and_stays_canceled(border):
    stopped = asyncio.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    caller = asyncio.create_task(border.call("submit", work, seconds=60))
    await asyncio.sleep(1)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert stopped.is_set()


@pytest.mark.looptime
async def test_a_generator_that_ignores_its_own_close_is_a_crash(border):
    async def generate():
        try:
            yield Progressed(0.1)
            yield "garbage"
        finally:
            yield Progressed(0.2)

    heard, why = await listen(border, generate)
    assert heard == [Progressed(0.1)]
    assert isinstance(why, ProviderError)


@pytest.mark.looptime
async def test_a_generator_that_ignores_its_own_close_can_still_be_stopped(border):
    began = asyncio.Event()

    async def generate():
        try:
            began.set()
            yield Progressed(0.1)
        finally:
            yield Progressed(0.2)

    async def take(update):
        await asyncio.Event().wait()

    task = asyncio.create_task(border.listen(generate, take))
    await began.wait()
    assert await border.stop(task)


@pytest.mark.looptime
async def test_a_task_that_we_stop_ends_as_canceled_and_is_no_crash(border):
    async def generate():
        await asyncio.Event().wait()
        yield Progressed(0.1)

    task = asyncio.create_task(listen_forever(border, generate))
    await asyncio.sleep(1)
    with capture_logs() as logs:
        assert await border.stop(task)
    assert task.cancelled()
    assert logs == []


async def listen_forever(border, generate):
    async def take(update):
        pass

    await border.listen(generate, take)


@pytest.mark.looptime
async def test_secrets_and_what_no_encoder_can_write_are_scrubbed_from_updates(border, secret):
    async def generate():
        yield Noted(f"using {KEY} \ud800")
        yield Progressed(0.5, steps=Steps(1, 2, label=f"{KEY}\udfff"))
        yield Produced(KEY.encode(), type=f"image/{KEY}")
        yield Succeeded(cost=Cost(amount=1, currency=KEY))

    heard, why = await listen(border, generate)
    assert why is None
    assert heard == [
        Noted("using [redacted] ?"),
        Progressed(0.5, steps=Steps(1, 2, label="[redacted]?")),
        Produced(KEY.encode(), type="image/[redacted]"),
        Succeeded(cost=Cost(amount=1, currency="[redacted]")),
    ]


@pytest.mark.looptime
async def test_secrets_and_what_no_encoder_can_write_are_scrubbed_from_errors(border, secret):
    with pytest.raises(ProviderUnavailable) as caught:
        await border.call("submit", raising(ProviderUnavailable(f"bad key {KEY} \udcff")), seconds=1)
    assert str(caught.value) == "bad key [redacted] ?"


def test_a_label_is_no_longer_for_its_mask_than_it_may_be():
    label = "weights from https://models.example.com/".ljust(94, "w") + "?v=1&t"
    scrubbed = scrub(Progressed(0.1, steps=Steps(1, 2, None, label))).steps.label
    assert len(label) == len(scrubbed) == 100
    assert scrubbed.endswith("w?[reda")


def test_an_update_with_nothing_to_scrub_is_the_same_object():
    update = Failed("It rained.")
    assert scrub(update) is update


@pytest.mark.looptime
@pytest.mark.parametrize("character", ["x", " ", "é", "\ud800", "<", "https://h/?"])
async def test_text_of_any_length_is_cut_before_it_costs_anything(border, character):
    page = character * (10_000_000 // len(character))

    async def generate():
        yield Noted(page)
        yield Logged(page)
        yield Failed(page)
        raise ProviderUnavailable(page)

    began = time.process_time()
    heard, why = await listen(border, generate)
    assert time.process_time() - began < 2
    assert all(0 < len(text) <= 4096 for text in (heard[0].message, heard[1].line, heard[2].error, str(why)))
    assert isinstance(why, ProviderUnavailable)


async def test_a_text_as_long_as_it_may_be_is_left_alone(border):
    page = "x" * 4096
    assert scrub(Noted(page)).message == page
    assert scrub(Noted(page + "y")).message == page


def test_a_secret_that_stands_across_the_cut_is_masked_whole(secret):
    for shift in range(len(KEY) + 1):
        said = scrub(Noted("x" * (4096 - shift) + KEY)).message
        assert not any(KEY[:length] in said for length in range(2, len(KEY)))
