"""What people see of pictures: thumbnails, placeholders and the names they are saved under, through the whole service."""

import asyncio
import base64
import hashlib
import io
import re
from urllib.parse import quote, unquote

import pytest
from PIL import Image

from safelight.providers import Previewed, Produced, Succeeded

OVER = object()


def picture(kind="PNG", size=(300, 200), colour="teal"):
    made = io.BytesIO()
    Image.new("RGB", size, colour).save(made, kind)
    return made.getvalue()


@pytest.fixture
async def ended(service, puppet):
    """Let a generation produce something, and return its last snapshot."""

    async def run(*contents, previews=()):
        count = len(puppet.runs)
        generation = await service.create()
        run = await puppet.run(count)
        for preview in previews:
            run.say(Previewed(preview))
            await service.until(generation, lambda snapshot: "preview" in snapshot)
        run.say(*(Produced(content) for content in contents))
        run.say(Succeeded())
        return await service.ended(generation)

    return run


@pytest.fixture
async def shown(service):
    """Keep one picture and return its path."""

    async def keep(content, generation="0123456789abcdef0123456789abcdef"):
        return (await service.core.outputs.keep(generation, content, claimed_type=None, seed=None)).url

    return keep


async def test_a_thumbnail_is_a_small_webp_with_a_tag_of_its_own_for_good(service, shown):
    path = await shown(picture())
    whole, small = await service.call("GET", path), await service.call("GET", f"{path}?w=100")
    assert (small.status, small.headers["content-type"]) == (200, "image/webp")
    assert Image.open(io.BytesIO(small.body)).size == (128, 85)
    assert small.headers["etag"] == f'"{hashlib.sha256(small.body).hexdigest()}"' != whole.headers["etag"]
    assert small.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert small.headers["content-length"] == str(len(small.body))
    name = path.rpartition("/")[2].removesuffix(".png")
    assert small.headers["content-disposition"] == f'inline; filename="{name}.webp"'
    assert small.headers["x-content-type-options"] == "nosniff"
    assert Image.open(io.BytesIO(whole.body)).size == (300, 200)


async def test_conditions_ranges_and_head_hold_for_thumbnails(service, shown):
    path = f"{await shown(picture())}?w=64"
    head = await service.connect()
    await head.ask("HEAD", path)
    got = await service.call("GET", path)
    assert (head.status, head.headers["etag"], head.headers["content-length"]) == (200, got.headers["etag"], str(len(got.body)))
    again = await service.call("GET", path, headers=[("If-None-Match", got.headers["etag"])])
    assert (again.status, again.body) == (304, b"")
    part = await service.call("GET", path, headers=[("Range", "bytes=0-3")])
    assert (part.status, part.body) == (206, b"RIFF")


@pytest.mark.parametrize("width", ["", "0", "-1", "1.5", "abc", "100000", "١٢", "1e3", " 64", "%00", "%ff"])
async def test_a_width_that_is_none_is_named(service, shown, check_problem, width):
    path = await shown(picture())
    problem = check_problem(await service.call("GET", f"{path}?w={quote(width, safe='%')}"), 400, "invalid_input")
    assert [fault["path"] for fault in problem["faults"]] == ["w"]


@pytest.mark.parametrize(
    "content",
    [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", b"words", b"%PDF-1.4"],
)
async def test_what_is_no_raster_picture_has_no_thumbnail(service, shown, check_problem, content):
    path = await shown(content)
    problem = check_problem(await service.call("GET", f"{path}?w=64"), 422, "invalid_input")
    assert [fault["path"] for fault in problem["faults"]] == ["w"]
    assert (await service.call("GET", path)).body == content


async def test_what_is_unknown_has_no_thumbnail_either(service, shown, check_problem):
    generation, name = (await shown(picture())).rsplit("/", 2)[1:]
    for place in (f"{generation}/{'a' * 32}.png", f"{'b' * 32}/{name}", f"{generation}/{'a' * 32}.svg", f".parts/{name}"):
        check_problem(await service.call("GET", f"/v1/outputs/{place}?w=64"), 404, "not_found")


async def test_a_picture_that_cannot_be_decoded_is_said_to_be_and_nothing_more_is_lost(service, ended, check_problem):
    broken = picture("JPEG")[:-40]
    end = await ended(broken, picture())
    assert (end["status"], end["degraded"]) == ("succeeded", ["placeholder"])
    assert ["placeholder" in output for output in end["outputs"]] == [False, True]
    problem = check_problem(await service.call("GET", f"{end['output'][0]}?w=64"), 500, "output_unavailable")
    assert problem["retryable"] is False
    assert (await service.call("GET", end["output"][0])).body == broken
    assert (await service.call("GET", f"{end['output'][1]}?w=64")).status == 200


@pytest.mark.parametrize("engine", ["memory", "sqlite"])
async def test_the_snapshot_carries_a_placeholder(serve, puppet, engine):
    service = await serve(engine=engine)
    generation = await service.create()
    run = await puppet.run()
    run.say(Produced(picture(size=(160, 90), colour="red")))
    run.say(Succeeded())
    end = await service.ended(generation)
    (output,) = end["outputs"]
    assert len(output["placeholder"]) <= 200
    head, _, body = output["placeholder"].partition(",")
    assert head == "data:image/webp;base64"
    assert Image.open(io.BytesIO(base64.b64decode(body))).size == (16, 9)
    assert "degraded" not in end


async def test_a_preview_may_be_asked_for_small(service, ended):
    end = await ended(picture(), previews=[picture("JPEG", (400, 100))])
    small = await service.call("GET", f"{end['preview']['url']}?w=64")
    assert Image.open(io.BytesIO(small.body)).size == (64, 16)


async def test_what_is_forgotten_takes_its_thumbnails_along(service, ended, check_problem, tmp_path):
    end = await ended(picture())
    path = end["output"][0]
    assert (await service.call("GET", f"{path}?w=64")).status == 200
    assert (await service.call("DELETE", f"/v1/generations/{end['sessionId']}")).status == 204
    for query in ("", "?w=64", "?w=128", "?download"):
        check_problem(await service.call("GET", path + query), 404, "not_found")
    assert not [found for found in (tmp_path / "data" / "outputs").rglob("*") if found.is_file()]


async def test_a_hundred_at_once_get_theirs_while_the_service_goes_on(service, shown):
    paths = [await shown(picture(size=(900, 600 + n))) for n in range(10)]
    asking = asyncio.gather(*(service.call("GET", f"{paths[n % 10]}?w={64 << n % 5}") for n in range(100)))
    calls = 0
    while not asking.done():
        assert (await service.call("GET", "/v1/providers")).status == 200
        calls += 1
    assert calls > 3
    answers = await asking
    assert {answer.status for answer in answers} == {200}
    assert len({answer.headers["etag"] for answer in answers}) <= 50


DISPOSITION = re.compile(r"attachment; filename=\"([^\"\\]*)\"(?:; filename\*=UTF-8''([A-Za-z0-9%._~-]+))?")


async def saved_as(service, path):
    answer = await service.call("GET", path)
    assert answer.status == 200
    found = DISPOSITION.fullmatch(answer.headers["content-disposition"])
    assert found, answer.headers["content-disposition"]
    return found[1], unquote(found[2]) if found[2] else None


async def test_a_download_is_named_after_its_generation_and_its_place(service, ended):
    end = await ended(picture(), picture("JPEG"), b"<svg></svg>", previews=[picture("WEBP")])
    short = end["sessionId"][:8]
    names = [await saved_as(service, f"{path}?download") for path in (*end["output"], end["preview"]["url"])]
    assert names == [(f"safelight-{short}{rest}", None) for rest in ("-1.png", "-2.jpg", "-3.svg", ".webp")]
    assert await saved_as(service, f"{end['output'][1]}?w=64&download=") == (f"safelight-{short}-2.webp", None)


@pytest.mark.parametrize(
    ("asked", "plain", "full"),
    [
        ("lighthouse", "lighthouse.png", None),
        ("lighthouse.png", "lighthouse.png", None),
        ("LIGHTHOUSE.PNG", "LIGHTHOUSE.png", None),
        ("lighthouse.jpeg", "lighthouse.png", None),
        ("lighthouse.exe", "lighthouse.exe.png", None),
        ("v1.2 final", "v1.2 final.png", None),
        ("Leuchtturm grün", "Leuchtturm grun.png", "Leuchtturm grün.png"),
        ("灯台", "safelight.png", "灯台.png"),
        ("../../etc/passwd", "_.._etc_passwd.png", None),
        ("..\\..\\x", "_.._x.png", None),
        (".bashrc", "bashrc.png", None),
        ("", None, None),
        ("...", "safelight.png", None),
        ("   ", "safelight.png", None),
        (".png", "safelight.png", None),
        ('a"; filename="b.exe', "a__ filename=_b.exe.png".replace("__", "_;"), None),
        ("a\r\nSet-Cookie: x=1", "aSet-Cookie_ x=1.png", None),
        ("a\0b\x1b[2J", "ab[2J.png", None),
        ("cod\u202egnp.exe", "codgnp.exe.png", None),
        ("a\uff0f\uff02b", "a__b.png", "a\uff0f\uff02b.png"),
        ("\u226e", "_.png", "\u226e.png"),
        ("con", "_con.png", None),
        ("COM1.tar", "_COM1.tar.png", None),
        ("100%41", "100_41.png", None),
        ("x" * 5000, "x" * 60 + ".png", None),
        ("\U0001f30a" * 100, "safelight.png", "\U0001f30a" * 60 + ".png"),
    ],
)
async def test_a_name_that_is_asked_for_is_made_harmless_and_ends_as_the_bytes_do(service, shown, asked, plain, full):
    path = await shown(picture())
    expected = (plain or "safelight-01234567.png", full)
    assert await saved_as(service, f"{path}?download={quote(asked, safe='')}") == expected


async def test_a_name_of_raw_bytes_harms_nothing(service, shown):
    path = await shown(picture())
    assert (await saved_as(service, f"{path}?download=%ff%fe%c3"))[0].endswith(".png")
