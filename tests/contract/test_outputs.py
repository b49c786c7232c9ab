"""What every store of outputs does, whichever it is."""

import asyncio
import base64
import hashlib
import io
from contextlib import asynccontextmanager

import pytest
from PIL import Image

from safelight.config.model import OutputSettings
from safelight.errors import InvalidInput, OutputRefused, PictureBroken, StorageFull
from safelight.outputs.local import LocalOutputs
from safelight.ports import SystemClock

GENERATION = "00000000000000000000000000000abc"
OTHER = "00000000000000000000000000000def"


@asynccontextmanager
async def local(folder, **settings):
    limits = OutputSettings(max_bytes=100_000, max_pixels=10_000, preview_max_bytes=20_000, fetch_seconds=5.0)
    async with LocalOutputs(folder, limits, SystemClock(), url_prefix="https://safelight.example/", **settings) as opened:
        yield opened


@pytest.fixture(params=[local])
def open_outputs(request, tmp_path):
    return lambda **settings: request.param(tmp_path / "outputs", **settings)


@pytest.fixture
async def outputs(open_outputs):
    async with open_outputs() as opened:
        yield opened


def picture(kind="PNG", size=(8, 6), colour="teal"):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


async def read(outputs, url):
    prefix, generation, name = url.rsplit("/", 2)
    assert prefix == "https://safelight.example/v1/outputs"
    kept = await outputs.open(generation, name)
    if kept is None:
        return None
    with kept.file:
        return kept.file.read()


async def keep(outputs, content, claimed=None, generation=GENERATION):
    return await outputs.keep(generation, content, claimed_type=claimed, seed=7)


async def test_what_is_kept_can_be_read_and_is_described_by_its_bytes(outputs):
    content = picture()
    output = await keep(outputs, content, "image/jpeg")
    assert await read(outputs, output.url) == content
    assert (output.type, output.bytes, output.width, output.height, output.seed) == ("image/png", len(content), 8, 6, 7)
    assert output.sha256 == hashlib.sha256(content).hexdigest()


async def test_what_is_opened_says_what_was_kept(outputs):
    content = picture("WEBP")
    output = await keep(outputs, content)
    kept = await outputs.open(*output.url.rsplit("/", 2)[1:])
    with kept.file:
        assert (kept.type, kept.bytes, kept.sha256) == ("image/webp", len(content), hashlib.sha256(content).hexdigest())
        assert kept.path.read_bytes() == content
        assert abs((SystemClock().now() - kept.modified).total_seconds()) < 60


async def test_a_name_says_nothing_and_is_never_used_twice(outputs):
    content = picture()
    names = {(await keep(outputs, content)).url.rpartition("/")[2] for _ in range(20)}
    assert len(names) == 20
    assert all(len(name.partition(".")[0]) == 32 for name in names)


async def test_many_outputs_are_kept_at_once(outputs):
    contents = [picture(size=(n + 1, 2)) for n in range(12)]
    kept = await asyncio.gather(*(keep(outputs, content) for content in contents))
    assert [await read(outputs, output.url) for output in kept] == contents


async def test_bytes_survive_closing_and_opening(open_outputs):
    content = picture()
    async with open_outputs() as first:
        url = (await keep(first, content)).url
    async with open_outputs() as second:
        assert await read(second, url) == content


async def test_an_empty_output_is_refused(outputs):
    with pytest.raises(OutputRefused, match="empty"):
        await keep(outputs, b"")


async def test_the_cap_is_exact_to_the_byte(outputs):
    output = await keep(outputs, b"\0" * 100_000)
    assert output.bytes == 100_000
    with pytest.raises(OutputRefused, match="100000 bytes"):
        await keep(outputs, b"\0" * 100_001)


async def test_a_picture_of_exactly_the_pixels_allowed_is_kept_and_one_more_is_not(outputs):
    assert (await keep(outputs, picture(size=(100, 100)))).width == 100
    with pytest.raises(OutputRefused, match="10000 pixels"):
        await keep(outputs, picture(size=(100, 101)))


async def test_too_little_room_is_storage_full(open_outputs):
    async with open_outputs(min_free_bytes=2**62) as outputs:
        with pytest.raises(StorageFull):
            await keep(outputs, picture())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_a_preview_is_kept_and_measured(outputs, kind):
    content = picture(kind, (16, 9))
    preview = await outputs.preview(GENERATION, content)
    assert (preview.width, preview.height) == (16, 9)
    assert await read(outputs, preview.url) == content


async def test_only_the_newest_preview_stays(outputs):
    urls = [(await outputs.preview(GENERATION, picture(colour=colour))).url for colour in ("red", "green", "blue")]
    assert [await read(outputs, url) is not None for url in urls] == [False, False, True]


async def test_a_preview_after_a_restart_replaces_the_one_before_it(open_outputs):
    async with open_outputs() as first:
        old = (await first.preview(GENERATION, picture())).url
    async with open_outputs() as second:
        await second.preview(GENERATION, picture())
        assert await read(second, old) is None


async def test_a_preview_leaves_outputs_and_other_generations_alone(outputs):
    output = (await keep(outputs, picture())).url
    other = (await outputs.preview(OTHER, picture())).url
    await outputs.preview(GENERATION, picture())
    await outputs.preview(GENERATION, picture())
    assert await read(outputs, output) is not None
    assert await read(outputs, other) is not None


@pytest.mark.parametrize("content", [picture("GIF"), b"<svg/>", b"<html>", b"\0\0\0"])
async def test_a_preview_that_is_no_common_picture_is_refused(outputs, content):
    with pytest.raises(OutputRefused):
        await outputs.preview(GENERATION, content)


async def test_a_refused_preview_leaves_the_one_before(outputs):
    before = (await outputs.preview(GENERATION, picture())).url
    with pytest.raises(OutputRefused, match="20000 bytes"):
        await outputs.preview(GENERATION, picture() + b"\0" * 20_000)
    assert await read(outputs, before) is not None


async def test_purging_deletes_everything_of_one_generation_only(outputs):
    mine = [(await keep(outputs, picture())).url, (await outputs.preview(GENERATION, picture())).url]
    other = (await keep(outputs, picture(), generation=OTHER)).url
    await outputs.purge(GENERATION)
    assert [await read(outputs, url) for url in mine] == [None, None]
    assert await read(outputs, other) is not None


async def test_purging_what_is_not_there_is_fine(outputs):
    await outputs.purge(GENERATION)
    await outputs.purge("../..")
    await outputs.purge("")


async def test_a_file_open_for_reading_survives_the_purge(outputs):
    content = picture()
    output = await keep(outputs, content)
    kept = await outputs.open(*output.url.rsplit("/", 2)[1:])
    await outputs.purge(GENERATION)
    with kept.file:
        assert kept.file.read() == content


def place(url):
    return url.rsplit("/", 2)[1:]


async def thumbnail(outputs, url, width):
    kept = await outputs.thumbnail(*place(url), width)
    if kept is None:
        return None
    with kept.file:
        content = kept.file.read()
    assert (kept.type, kept.bytes, kept.sha256) == ("image/webp", len(content), hashlib.sha256(content).hexdigest())
    return Image.open(io.BytesIO(content), formats=("WEBP",))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP"])
async def test_a_picture_is_kept_with_a_placeholder_that_a_status_can_carry(outputs, kind):
    output = await keep(outputs, picture(kind, (80, 60)))
    head, _, body = output.placeholder.partition(",")
    assert head == "data:image/webp;base64"
    assert len(output.placeholder) <= 200
    assert Image.open(io.BytesIO(base64.b64decode(body))).size == (16, 12)


@pytest.mark.parametrize("content", [b"<svg/>", b"%PDF-1.4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", b"words"])
async def test_what_is_no_picture_has_no_placeholder_and_no_thumbnail(outputs, content):
    output = await keep(outputs, content)
    assert not output.is_picture
    assert output.placeholder is None
    with pytest.raises(InvalidInput) as caught:
        await outputs.thumbnail(*place(output.url), 64)
    assert [fault.path for fault in caught.value.faults] == ["w"]


async def test_a_picture_of_which_no_placeholder_can_be_made_is_kept_all_the_same(outputs):
    whole = picture("JPEG", (90, 90))
    output = await keep(outputs, whole[:-20])
    assert output.is_picture
    assert output.placeholder is None
    assert await read(outputs, output.url) == whole[:-20]
    for _ in range(2):
        with pytest.raises(PictureBroken):
            await outputs.thumbnail(*place(output.url), 64)


@pytest.mark.parametrize(
    ("asked", "width"),
    [(1, 64), (64, 64), (65, 128), (128, 128), (129, 256), (257, 512), (512, 512), (513, 1000), (1024, 1000), (99999, 1000)],
)
async def test_a_width_is_rounded_up_and_no_picture_is_enlarged(outputs, asked, width):
    url = (await keep(outputs, picture(size=(1000, 10)))).url
    assert (await thumbnail(outputs, url, asked)).width == width


async def test_many_who_ask_for_one_thumbnail_get_the_same_one(outputs):
    url = (await keep(outputs, picture(size=(100, 80)))).url
    opened = await asyncio.gather(*(outputs.thumbnail(*place(url), width) for width in (50, 64) * 20))
    for kept in opened:
        kept.file.close()
    assert len({(kept.path, kept.sha256, kept.modified) for kept in opened}) == 1


async def test_a_preview_has_thumbnails_that_go_with_it(outputs):
    old = (await outputs.preview(GENERATION, picture(size=(100, 50)))).url
    assert (await thumbnail(outputs, old, 64)).size == (64, 32)
    assert (await thumbnail(outputs, old, 1024)).size == (100, 50)
    new = (await outputs.preview(GENERATION, picture(size=(50, 100)))).url
    assert await thumbnail(outputs, old, 64) is None
    assert (await thumbnail(outputs, new, 64)).size == (50, 100)
    output = (await keep(outputs, picture(size=(90, 90)))).url
    await thumbnail(outputs, output, 64)
    await outputs.preview(GENERATION, picture())
    assert (await thumbnail(outputs, output, 64)).size == (64, 64)


async def test_thumbnails_survive_closing_and_opening_and_are_purged(open_outputs):
    async with open_outputs() as first:
        url = (await keep(first, picture(size=(100, 80)))).url
        made = await first.thumbnail(*place(url), 64)
        made.file.close()
    async with open_outputs() as second:
        found = await second.thumbnail(*place(url), 64)
        found.file.close()
        assert (found.sha256, found.modified) == (made.sha256, made.modified)
        await second.purge(GENERATION)
        assert await second.thumbnail(*place(url), 64) is None
        assert await second.thumbnail(*place(url), 128) is None


async def test_a_thumbnail_is_reached_by_the_name_of_its_picture_alone(outputs):
    url = (await keep(outputs, picture(size=(100, 80)))).url
    generation, name = place(url)
    await thumbnail(outputs, url, 64)
    stem = name.partition(".")[0]
    for wrong in (f"{stem}.webp", f"{stem}.jpg", stem, f"{stem}-64.webp", f"{stem}.svg"):
        assert await outputs.open(generation, wrong) is None
        assert await outputs.thumbnail(generation, wrong, 64) is None
    assert await outputs.thumbnail(OTHER, name, 64) is None
    assert await read(outputs, url) == picture(size=(100, 80))


async def test_purging_while_thumbnails_are_made_leaves_nothing(outputs):
    for _ in range(15):
        urls = [(await keep(outputs, picture(size=(100, 80)))).url for _ in range(2)]
        asking = [asyncio.create_task(outputs.thumbnail(*place(url), width)) for url in urls for width in (64, 128, 256)]
        done, _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        assert done
        await outputs.purge(GENERATION)
        for kept in await asyncio.gather(*asking):
            if kept is not None:
                kept.file.close()
        assert [await outputs.thumbnail(*place(url), 64) for url in urls] == [None, None]


HOSTILE = [
    "",
    ".",
    "..",
    "../x",
    "/etc/passwd",
    "a" * 32,
    "a" * 32 + ".png",
    "a" * 32 + ".png\n",
    "A" * 32 + ".png",
    "a" * 31 + ".png",
    "a" * 32 + ".PNG",
    "a" * 32 + "..png",
    "a" * 32 + ".p/g",
    "\u0660" * 32 + ".png",
    "a" * 32 + ".png\0",
    "%2e%2e",
    ".parts",
    "x" * 5000,
    "\ud800",
    "*",
]


@pytest.mark.parametrize("name", HOSTILE)
async def test_any_string_at_all_may_be_asked_for(outputs, name):
    await keep(outputs, picture())
    assert await outputs.open(GENERATION, name) is None
    assert await outputs.open(name, "a" * 32 + ".png") is None
    assert await outputs.thumbnail(GENERATION, name, 64) is None
    assert await outputs.thumbnail(name, "a" * 32 + ".png", 64) is None


async def test_only_the_whole_name_opens_it(outputs):
    url = (await keep(outputs, picture())).url
    generation, name = url.rsplit("/", 2)[1:]
    stem = name.partition(".")[0]
    for wrong in (stem, stem + ".jpg", stem + ".exe", stem[:-1] + ".png", name + " ", "0" + name):
        assert await outputs.open(generation, wrong) is None
    assert await outputs.open(OTHER, name) is None
