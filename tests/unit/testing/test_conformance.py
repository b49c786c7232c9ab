"""The suite that strangers' providers pass: it finds who breaks a law, and lets nobody look as if a law was kept."""

import inspect

import pytest

from safelight.providers import (
    CancelKind,
    Capabilities,
    Job,
    LocalProvider,
    Noted,
    NotSent,
    Produced,
    Progressed,
    ProgressKind,
    RemoteProvider,
    Started,
    Succeeded,
)
from safelight.testing import ProviderLaws, Situation, Stage

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)


class Bare(Stage):
    def ask(self, situation):
        return {"prompt": situation.value}


class Honest(LocalProvider):
    capabilities = Capabilities(progress=ProgressKind.PERCENT)

    async def generate(self, request, control):
        yield Progressed(0.5)
        if request.prompt == Situation.FAILS:
            raise NotSent("No.")
        while request.prompt == Situation.LASTS:
            yield Noted("still at it")
            await control.checkpoint()
        yield Produced(PNG, type="image/png")


class Silent(Honest):
    async def generate(self, request, control):
        yield Started()
        yield Produced(PNG, type="image/png")


class Empty(Honest):
    async def generate(self, request, control):
        yield Progressed(0.5)


class Leaky(Honest):
    async def __aenter__(self):
        import asyncio

        self.task = asyncio.create_task(asyncio.sleep(60), name="leak")
        return self


class Boastful(Honest):
    capabilities = Capabilities(progress=ProgressKind.PERCENT, previews=True)


class Crashing(Honest):
    async def generate(self, request, control):
        yield Progressed(0.5)
        raise RuntimeError("a bug")


class Twice(RemoteProvider):
    """An upstream that takes a job at each poll, and finds what never was."""

    taken = 0

    async def submit(self, request, key):
        type(self).taken += 1
        return Job("j1")

    async def poll(self, job):
        type(self).taken += 1
        return [Started(), Produced(PNG, type="image/png"), Succeeded()]

    async def find(self, key):
        return Job("another")


class Counter(Bare):
    submissions = property(lambda self: Twice.taken)


def suite_of(cls):
    return type("TestIt", (ProviderLaws,), {"provider": cls})


def laws(suite):
    return {name.removeprefix("test_") for name, _ in inspect.getmembers(suite, callable) if name.startswith("test_")}


async def judged(cls, law, tmp_path, stage=None):
    suite = suite_of(cls)
    await getattr(suite(), f"test_{law}")(stage or Bare(), tmp_path)


@pytest.mark.parametrize("law", sorted(laws(suite_of(Honest))))
async def test_who_keeps_the_laws_passes(law, tmp_path):
    await judged(Honest, law, tmp_path)


@pytest.mark.parametrize(
    ("cls", "law"),
    [
        (Silent, "progress_is_counted_as_it_is_declared"),
        (Empty, "a_success_has_outputs_and_the_service_keeps_them"),
        (Empty, "every_word_is_one_that_plugins_may_say_and_the_last_is_an_end"),
        (Leaky, "it_leaves_nothing_behind"),
        (Boastful, "previews_come_if_and_only_if_they_are_declared"),
        (Crashing, "a_failure_is_told_in_a_sentence_and_a_known_code"),
    ],
)
async def test_who_breaks_a_law_is_told(cls, law, tmp_path):
    with pytest.raises(AssertionError):
        await judged(cls, law, tmp_path)


@pytest.mark.parametrize("law", ["asking_twice_is_harmless", "looking_a_submission_up_starts_nothing_and_tells_the_truth"])
async def test_an_upstream_that_takes_more_than_it_was_given_is_told(law, tmp_path):
    with pytest.raises(AssertionError):
        await judged(Twice, law, tmp_path, Counter())


def test_laws_appear_by_what_a_provider_can_do():
    local, remote = laws(suite_of(Honest)), laws(suite_of(Twice))
    assert "asking_twice_is_harmless" in remote - local
    assert "a_webhook_is_believed_if_and_only_if_it_is_genuine_and_new" not in remote
    assert "it_holds_still_and_goes_on" not in local
    never = type("Never", (Honest,), {"capabilities": Capabilities(cancel=CancelKind.NONE)})
    assert "a_cancel_it_does_not_offer_is_said_to_be_unsupported" in laws(suite_of(never)) - local


def test_a_waived_law_is_no_test_and_one_that_does_not_exist_cannot_be_waived():
    waiving = type("Waiving", (Silent,), {"waivers": {"progress_is_counted_as_it_is_declared": "It is too quick."}})
    assert "progress_is_counted_as_it_is_declared" not in laws(suite_of(waiving))
    with pytest.raises(ValueError, match="laws that there are not: nonsense"):
        suite_of(type("Lost", (Honest,), {"waivers": {"nonsense": "x"}}))
    with pytest.raises(ValueError, match="without a reason"):
        suite_of(type("Mute", (Honest,), {"waivers": {"nothing_goes_back": " "}}))


async def test_a_waiver_of_a_law_that_is_kept_is_stale(tmp_path):
    waiving = type("Waiving", (Honest,), {"waivers": {"nothing_goes_back": "It used to."}})
    with pytest.raises(AssertionError, match="'nothing_goes_back' is waived and kept"):
        await judged(waiving, "no_waiver_is_stale", tmp_path)
