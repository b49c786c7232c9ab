"""Bad weather where the pictures lie: what may pass is waited for, what never will is lost at once, and either was paid for."""

import pytest

from safelight import egress
from safelight.generation import ANONYMOUS
from safelight.providers import Charged
from safelight.status import Outcome
from safelight.testing import Answers, Breaks, Hangs, NeverEnds, Resets, Wraps

PICTURES = "GET /pictures/*"
MIB = 2**20


@pytest.mark.parametrize("passing", [Answers(404), Answers(503), Answers(429), Resets(), Breaks(50), Hangs()], ids=repr)
async def test_a_picture_that_cannot_be_had_yet_is_had_later(studio, weathered, passing):
    studio.weather(passing, on=PICTURES, times=2)
    async with weathered() as service:
        end = await service.run()
        output = end.outputs[0]
        kept = await service.core.outputs.open(service.generation, output.url.rpartition("/")[2])
        with kept.file as file:
            assert file.read() == studio.picture
    assert (end.outcome, output.bytes, studio.submissions) == (Outcome.SUCCEEDED, len(studio.picture), 1)
    assert len(studio.calls(PICTURES)) == 3


@pytest.mark.parametrize(
    ("trouble", "words"), [(Answers(404), "answered 404"), (Resets(), "could not be fetched"), (Hangs(), "did not arrive")]
)
async def test_a_picture_that_cannot_be_had_until_the_deadline_was_paid_for(studio, weathered, trouble, words):
    studio.weather(trouble, on=PICTURES)
    async with weathered(total=1.5) as service:
        end = await service.run()
    assert (end.outcome, end.code, end.charged) == (Outcome.FAILED, "output_unavailable", Charged.YES)
    assert words in end.error
    assert (end.ended_at - end.created_at).total_seconds() == pytest.approx(1.5, abs=0.5)
    assert (studio.submissions, end.retryable) == (1, True)
    assert any("tried again" in (status.message or "") for status in service.statuses)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (NeverEnds(), f"limit of {MIB} bytes"),
        (NeverEnds(claims_bytes=10 * 2**30), f"limit of {MIB} bytes"),
        (Answers(403), "answered 403"),
        (Answers(200, b""), "empty"),
        (Answers(302, headers={"Location": "/pictures/b.png"}), "redirects more than"),
        (Answers(302), "redirects to nowhere"),
        (Answers(302, headers={"Location": "ftp://127.0.0.1/a.png"}), "neither http nor https"),
        (Answers(200, b"\x89PNG\r\n\x1a\n" + b"garbage"), "broken PNG"),
    ],
    ids=["endless", "10 GB", "forbidden", "empty", "in circles", "to nowhere", "elsewhere", "no picture"],
)
async def test_a_picture_that_can_never_be_kept_is_given_up_at_once_and_was_paid_for(studio, weathered, trouble, words):
    studio.weather(trouble, on=PICTURES)
    async with weathered() as service:
        end = await service.run()
    assert (end.outcome, end.code) == (Outcome.FAILED, "output_unavailable")
    assert words in end.error
    assert end.charged is Charged.YES
    assert (end.ended_at - end.created_at).total_seconds() < 3
    assert studio.submissions == 1


async def test_a_redirect_to_a_private_address_is_never_followed(studio, weathered, monkeypatch):
    """The guard lets the studio alone pass, as if it were public; where it redirects to is not."""
    monkeypatch.setattr(egress, "is_public", lambda host: host == "127.0.0.1")
    inside = studio.url.replace("127.0.0.1", "127.0.0.2")
    studio.weather(Answers(302, headers={"Location": f"{inside}/pictures/b.png"}), on=PICTURES)
    async with weathered(private_network=False) as service:
        end = await service.run()
    assert (end.code, end.charged) == ("output_unavailable", Charged.YES)
    assert "not at a public address" in end.error
    assert len(studio.calls(PICTURES)) == 1


async def test_a_picture_that_lies_about_its_type_is_what_its_bytes_are(studio, weathered):
    studio.weather(Wraps(headers={"Content-Type": "text/html"}), on=PICTURES)
    async with weathered() as service:
        end = await service.run()
    assert (end.outcome, end.outputs[0].type) == (Outcome.SUCCEEDED, "image/png")


async def test_a_page_that_claims_to_be_a_picture_is_kept_as_no_picture(studio, weathered):
    page = b"<!doctype html><script>alert(1)</script>"
    studio.weather(Answers(200, page, headers={"Content-Type": "image/png"}), on=PICTURES)
    async with weathered() as service:
        end = await service.run()
    assert not end.outputs or not end.outputs[0].type.startswith("image/")


async def test_one_of_two_pictures_that_comes_late_keeps_its_place(studio, weathered):
    studio.story = [{"state": "done", "pictures": ["a.png", "b.png"], "charged": "yes"}]
    studio.weather(Answers(503), on="GET /pictures/a.png", times=2)
    async with weathered() as service:
        end = await service.run()
        listed = await service.core.listing(owner=ANONYMOUS)
    assert (end.outcome, len(end.outputs), end.charged) == (Outcome.SUCCEEDED, 2, Charged.YES)
    assert [call.path for call in studio.calls(PICTURES)] == [*["/pictures/a.png"] * 3, "/pictures/b.png"]
    assert len(listed.statuses) == 1
