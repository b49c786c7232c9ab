"""The suite that strangers' providers pass: it finds who breaks a law, and lets nobody look as if a law was kept."""

import inspect

import pytest

from safelight.providers import Capabilities, LocalProvider, ProgressKind, Rejected, RemoteProvider
from safelight.testing import CannotHappen, ProviderLaws

from .strangers import (
    Backward,
    Bare,
    Boastful,
    Careless,
    Chatty,
    Complaining,
    Crashing,
    Deaf,
    Doubling,
    Dragging,
    Empty,
    Endless,
    Fetching,
    Fickle,
    Forgetful,
    Gossiping,
    Greedy,
    Heedless,
    Honest,
    Leaky,
    Modest,
    Plugged,
    Pretending,
    Requeued,
    Restless,
    Shop,
    Silent,
    Slack,
    Telltale,
    Till,
    Trusting,
    Unstopped,
    Unwritten,
    Wrong,
)


def suite_of(cls):
    return type("TestIt", (ProviderLaws,), {"provider": cls})


def laws(suite):
    return {name.removeprefix("test_") for name, _ in inspect.getmembers(suite, callable) if name.startswith("test_")}


async def judged(cls, law, tmp_path):
    await getattr(suite_of(cls)(), f"test_{law}")(Till() if issubclass(cls, Shop) else Bare(), tmp_path)


@pytest.fixture(autouse=True)
def _closed(request):
    Shop.jobs.clear()
    yield
    if Plugged.socket is not None:
        Plugged.socket.close()


KEPT = [(cls, law) for cls in (Honest, Shop) for law in sorted(laws(suite_of(cls)))]
KEPT += [(Fetching, law) for law in sorted(laws(suite_of(Fetching)))]
KEPT += [(Endless, law) for law in laws(suite_of(Endless)) - laws(suite_of(Shop))]


@pytest.mark.parametrize(("cls", "law"), KEPT)
async def test_who_keeps_the_laws_passes(cls, law, tmp_path):
    await judged(cls, law, tmp_path)


@pytest.mark.parametrize(
    ("cls", "law"),
    [
        (Silent, "progress_is_counted_as_it_is_declared"),
        (Chatty, "progress_is_counted_as_it_is_declared"),
        (Empty, "a_success_has_outputs_and_the_service_keeps_them"),
        (Empty, "every_word_is_one_that_plugins_may_say_and_the_last_is_an_end"),
        (Backward, "nothing_goes_back"),
        (Requeued, "nothing_goes_back"),
        (Leaky, "it_leaves_nothing_behind"),
        (Plugged, "it_leaves_nothing_behind"),
        (Boastful, "previews_come_if_and_only_if_they_are_declared"),
        (Modest, "an_instance_can_do_what_its_suite_goes_by"),
        (Crashing, "a_failure_is_told_in_a_sentence_and_a_known_code"),
        (Complaining, "no_secret_shows"),
        (Gossiping, "no_secret_shows"),
        (Restless, "it_holds_still_and_goes_on"),
        (Greedy, "asking_twice_is_harmless"),
        (Fickle, "asking_twice_is_harmless"),
        (Wrong, "looking_a_submission_up_starts_nothing_and_tells_the_truth"),
        (Unwritten, "a_job_is_small_plain_and_without_secrets"),
        (Telltale, "a_job_is_small_plain_and_without_secrets"),
        (Telltale, "no_secret_shows"),
        (Forgetful, "a_restart_of_the_service_loses_nothing_and_doubles_nothing"),
        (Doubling, "a_restart_of_the_service_loses_nothing_and_doubles_nothing"),
        (Heedless, "a_refusal_is_told_as_one_and_costs_nothing"),
        (Careless, "a_lost_answer_is_never_handed_in_again"),
        (Trusting, "a_webhook_is_believed_if_and_only_if_it_is_genuine_and_new"),
        (Pretending, "a_cancel_it_does_not_offer_is_said_to_be_unsupported"),
        (Dragging, "a_cancel_comes_too_late_for_what_is_at_work"),
    ],
)
async def test_who_breaks_a_law_is_told(cls, law, tmp_path):
    with pytest.raises(AssertionError):
        await judged(cls, law, tmp_path)


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("cls", "law"),
    [
        (Deaf, "a_cancel_stops_it"),
        (Deaf, "a_cancel_that_is_confirmed_has_stopped_it"),
        (Deaf, "what_is_held_still_can_be_canceled"),
        (Unstopped, "a_cancel_that_is_confirmed_has_stopped_it"),
        (Slack, "a_cancel_stops_it"),
    ],
)
async def test_who_does_not_stop_is_told(cls, law, tmp_path):
    with pytest.raises((AssertionError, TimeoutError)):
        await judged(cls, law, tmp_path)


async def test_who_loses_its_jobs_with_itself_is_told(tmp_path):
    with pytest.raises(Rejected):
        await judged(Forgetful, "another_process_watches_a_job_on", tmp_path)


def test_laws_appear_by_what_a_provider_can_do():
    local, remote = laws(suite_of(Honest)), laws(suite_of(Shop))
    assert "asking_twice_is_harmless" in remote - local
    assert "it_holds_still_and_goes_on" in local - remote
    assert "holding_still_is_refused_where_it_is_not_offered" in remote - local
    without = type("Without", (Shop,), {"webhook": RemoteProvider.webhook, "Settings": LocalProvider.Settings})
    assert remote - laws(suite_of(without)) == {
        "a_webhook_is_believed_if_and_only_if_it_is_genuine_and_new",
        "no_secret_shows",
    }


def test_a_suite_is_told_what_only_an_instance_knows():
    varying = type("Varying", (Honest,), {"capabilities": property(lambda self: Honest.capabilities)})
    with pytest.raises(TypeError, match="the capabilities of Varying are its instances' own: say in TestIt"):
        suite_of(varying)


def test_laws_are_chosen_anew_for_each_suite():
    class Suite(ProviderLaws):
        provider = Honest

    class TestRefusing(Suite):
        capabilities = Capabilities(progress=ProgressKind.PERCENT)

    assert "it_holds_still_and_goes_on" in laws(Suite) - laws(TestRefusing)
    assert "holding_still_is_refused_where_it_is_not_offered" in laws(TestRefusing) - laws(Suite)


def test_a_waived_law_is_no_test_and_one_that_does_not_exist_cannot_be_waived():
    waiving = type("Waiving", (Silent,), {"waivers": {"progress_is_counted_as_it_is_declared": "It is too quick."}})
    assert "progress_is_counted_as_it_is_declared" not in laws(suite_of(waiving))
    with pytest.raises(ValueError, match="laws that there are not: nonsense"):
        suite_of(type("Lost", (Honest,), {"waivers": {"nonsense": "x"}}))
    with pytest.raises(ValueError, match="without a reason"):
        suite_of(type("Mute", (Honest,), {"waivers": {"nothing_goes_back": " "}}))


def test_nobody_has_a_law_in_words_of_its_own():
    with pytest.raises(ValueError, match="TestIt changes laws, which Honest may only waive: nothing_goes_back"):
        type("TestIt", (ProviderLaws,), {"provider": Honest, "test_nothing_goes_back": lambda self: None})


async def test_a_waiver_of_a_law_that_is_kept_is_stale(tmp_path):
    waiving = type("Waiving", (Honest,), {"waivers": {"nothing_goes_back": "It used to."}})
    with pytest.raises(AssertionError, match="'nothing_goes_back' is waived and kept"):
        await judged(waiving, "no_waiver_is_stale", tmp_path)


@pytest.mark.parametrize(("raised", "is_reason"), [(CannotHappen("never"), True), (KeyError("a mistake of the stage's"), False)])
async def test_a_stage_that_fails_is_no_reason_for_a_waiver_and_one_that_cannot_is(tmp_path, raised, is_reason):
    class Failing(Bare):
        def ask(self, situation):
            raise raised

    waiving = type("Waiving", (Honest,), {"waivers": {"nothing_goes_back": "It does."}})
    trying = suite_of(waiving)().test_no_waiver_is_stale(Failing(), tmp_path)
    if is_reason:
        await trying
    else:
        with pytest.raises(KeyError):
            await trying
