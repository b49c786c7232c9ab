"""The local folder: whole or not at all, whatever form content comes in and however it ends."""

import asyncio
import base64
import hashlib
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from safelight.errors import OutputRefused, StorageFull

GENERATION = "0123456789abcdef0123456789abcdef"


async def chunks(*parts):
    for part in parts:
        yield part


def open_files():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class Stubborn:
    """An iterator that takes no notice of being canceled."""

    def __init__(self):
        self.is_free = asyncio.Event()

    async def chunks(self):
        while not self.is_free.is_set():
            try:
                await self.is_free.wait()
            except asyncio.CancelledError:
                continue
        yield b"too late"


async def test_a_file_is_copied_and_never_moved(shop, tmp_path, make_picture):
    path = tmp_path / "mine.png"
    path.write_bytes(make_picture())
    output = await shop.keep(path)
    assert await shop.bytes_of(output.url) == path.read_bytes() == make_picture()


async def test_chunks_become_one_output(shop):
    content = os.urandom(3_000_000)
    pieces = [content[at : at + 70_001] for at in range(0, len(content), 70_001)]
    output = await shop.keep(chunks(b"", *pieces, bytearray(b"x"), memoryview(b"yz")))
    assert await shop.bytes_of(output.url) == content + b"xyz"
    assert output.sha256 == hashlib.sha256(content + b"xyz").hexdigest()


async def test_bytes_larger_than_a_block_are_kept_whole(shop):
    content = os.urandom(5_000_001)
    assert await shop.bytes_of((await shop.keep(content)).url) == content


async def test_the_name_on_disk_carries_the_digest(shop, make_picture):
    output = await shop.keep(make_picture())
    stem = output.url.rpartition("/")[2].partition(".")[0]
    assert shop.files() == [f"{stem}-{output.sha256}.png"]


async def test_what_is_kept_is_for_the_service_s_eyes_only(shop, make_picture):
    await shop.keep(make_picture())
    modes = [path.stat().st_mode & 0o777 for path in shop.folder.rglob("*")]
    assert {mode & 0o077 for mode in modes} == {0}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<html><script>alert(1)</script>", "text/html"),
        (b"<svg onload='alert(1)'/>", "image/svg+xml"),
        (b"\0\1\2", "application/octet-stream"),
    ],
)
async def test_a_lying_type_is_corrected(shop, content, expected):
    assert (await shop.keep(content, "image/png")).type == expected


async def test_a_picture_that_is_none_is_refused_and_leaves_nothing(shop):
    with pytest.raises(OutputRefused):
        await shop.keep(b"\x89PNG\r\n\x1a\n<html><script>alert(1)</script>", "image/png")
    assert shop.files() == []


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("data:,hello", b"hello"),
        ("data:text/plain;charset=utf-8,a%20b%2Fc", b"a b/c"),
        ("data:application/octet-stream;base64,AAEC", b"\0\1\2"),
        ("DATA:;BASE64,AAE=", b"\0\1"),
        ("data:;base64,AA==", b"\0"),
    ],
)
async def test_a_data_uri_is_decoded(shop, uri, expected):
    assert await shop.bytes_of((await shop.keep(uri)).url) == expected


async def test_a_large_data_uri_is_decoded_whole(shop):
    content = os.urandom(7_000_000)
    uri = "data:image/png;base64," + base64.b64encode(content).decode()
    assert (await shop.keep(uri)).sha256 == hashlib.sha256(content).hexdigest()


async def test_padding_inside_a_large_data_uri_is_found_wherever_it_stands(shop):
    for size in (1, 4, 4 * 2**20, 8 * 2**20):
        with pytest.raises(OutputRefused, match="cannot be read"):
            await shop.keep("data:;base64," + "A" * (size // 4 * 4) + "AA==" + "AAAA")
    for size in (4 * 2**20, 8 * 2**20):
        with pytest.raises(OutputRefused, match="cannot be read"):
            await shop.keep("data:;base64," + "A" * (size - 4) + "AAA=" + "AAAA")


async def test_a_data_uri_may_say_its_type_where_nobody_else_does(shop):
    assert (await shop.keep("data:audio/mpeg;base64,//uQAAAA")).type == "audio/mpeg"
    assert (await shop.keep("data:image/png;base64,//uQAAAA")).type == "application/octet-stream"


@pytest.mark.parametrize(
    "uri",
    [
        "data:",
        "data:image/png;base64",
        "data:;base64,A",
        "data:;base64,AA=",
        "data:;base64,AAEC AAEC",
        "data:;base64,AA==AAEC",
        "data:;base64,AAE=AAE=",
        "data:;base64,A===",
        "data:;base64,_-_-",
        "data:;base64,é",
        "data:,\ud800",
        "data:;base64,",
        "data:,",
    ],
)
async def test_a_data_uri_that_is_not_strictly_one_is_refused(shop, uri):
    with pytest.raises(OutputRefused):
        await shop.keep(uri)
    assert shop.files() == []


async def test_a_data_uri_is_held_to_the_cap_by_the_byte(open_shop):
    shop = await open_shop(max_bytes=1000)
    for size in (999, 1000):
        assert (await shop.keep("data:;base64," + base64.b64encode(bytes(size)).decode())).bytes == size
        assert (await shop.keep("data:," + "%00" * size)).bytes == size
    for uri in ("data:;base64," + base64.b64encode(bytes(1001)).decode(), "data:," + "%00" * 1001):
        with pytest.raises(OutputRefused, match="1000 bytes"):
            await shop.keep(uri)


@pytest.mark.parametrize("form", ["chunks", "path"])
async def test_every_form_is_held_to_the_cap_by_the_byte(open_shop, tmp_path, form):
    shop = await open_shop(max_bytes=1000)

    def content(size):
        if form == "chunks":
            return chunks(bytes(size - 1), b"\0")
        (tmp_path / "x").write_bytes(bytes(size))
        return tmp_path / "x"

    assert (await shop.keep(content(1000))).bytes == 1000
    with pytest.raises(OutputRefused, match="1000 bytes"):
        await shop.keep(content(1001))
    assert len(shop.files()) == 1


async def test_chunks_without_end_stop_at_the_cap(open_shop):
    shop = await open_shop(max_bytes=5_000_000)
    closed = asyncio.Event()

    async def forever():
        try:
            while True:
                yield bytes(65536)
        finally:
            closed.set()

    with pytest.raises(OutputRefused, match="5000000 bytes"):
        await shop.keep(forever())
    assert closed.is_set()
    assert shop.files() == []


@pytest.mark.parametrize(
    "error", [RuntimeError("secret"), SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), StopAsyncIteration()]
)
async def test_chunks_that_raise_midway_are_refused_and_leave_nothing(shop, error):
    async def broken():
        yield bytes(2_000_000)
        raise error

    with pytest.raises(OutputRefused, match="broke off") as caught:
        await shop.keep(broken())
    assert "secret" not in str(caught.value)
    assert shop.files() == []


@pytest.mark.parametrize("wrong", ["text", 7, None, [1]])
async def test_chunks_that_are_not_bytes_are_refused(shop, wrong):
    with pytest.raises(OutputRefused, match="chunks"):
        await shop.keep(chunks(b"x", wrong))
    assert shop.files() == []


@pytest.mark.parametrize("wrong", [None, 7, object(), ["x"], {}, iter([b"x"])])
async def test_content_of_no_known_form_is_refused(shop, wrong):
    with pytest.raises(OutputRefused, match="not bytes, a path, a URL or chunks"):
        await shop.keep(wrong)


@pytest.mark.looptime
async def test_chunks_that_hang_are_given_up_in_time(shop):
    async def hanging():
        yield b"x"
        await asyncio.Event().wait()

    started = asyncio.get_running_loop().time()
    with pytest.raises(OutputRefused, match="within 120 s"):
        await shop.keep(hanging())
    assert asyncio.get_running_loop().time() - started == pytest.approx(120, abs=5)
    assert shop.files() == []


@pytest.mark.looptime
async def test_chunks_that_will_not_be_canceled_are_left_behind(shop):
    stubborn = Stubborn()
    with pytest.raises(OutputRefused, match="within 120 s"):
        await shop.keep(stubborn.chunks())
    assert shop.files() == []
    stubborn.is_free.set()
    await asyncio.wait(set(shop.outputs._pouring), timeout=5)
    assert not shop.outputs._pouring
    assert shop.files() == []


async def test_chunks_that_never_wait_leave_the_loop_its_turn(open_shop):
    shop = await open_shop(fetch_seconds=0.2)

    async def spinning():
        while True:
            yield b""

    with pytest.raises(OutputRefused, match=r"within 0\.2 s"):
        await shop.keep(spinning())


async def test_a_cancel_midway_leaves_nothing(shop):
    is_midway = asyncio.Event()

    async def slow():
        yield bytes(3_000_000)
        is_midway.set()
        await asyncio.Event().wait()

    keeping = asyncio.create_task(shop.keep(slow()))
    await is_midway.wait()
    assert len(shop.files()) == 1
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert shop.files() == []


async def test_a_cancel_at_any_moment_leaves_all_or_nothing(shop, make_picture):
    loop = asyncio.get_running_loop()
    content = make_picture(size=(400, 400))
    kept = 0
    for turn in range(60):
        keeping = asyncio.create_task(shop.keep(chunks(content)))
        loop.call_later(turn * 0.0002, keeping.cancel)
        try:
            await keeping
            kept += 1
        except asyncio.CancelledError:
            pass
        assert len(shop.files()) == kept
    assert not shop.outputs._pouring


async def test_what_a_crash_left_is_cleared_at_open(open_shop, make_picture):
    shop = await open_shop()
    output = await shop.keep(make_picture())
    (shop.folder / ".parts" / ("a" * 32 + ".part")).write_bytes(b"half")
    assert len(shop.files()) == 2
    shop = await open_shop(folder=shop.folder)
    assert len(shop.files()) == 1
    assert await shop.bytes_of(output.url) == make_picture()


async def test_a_process_killed_midway_leaves_a_part_and_nothing_else(open_shop, tmp_path):
    folder = tmp_path / "outputs"
    script = """
        import asyncio, os, signal, sys
        from pathlib import Path
        from safelight.config.model import OutputSettings
        from safelight.outputs.local import LocalOutputs
        from safelight.ports import SystemClock

        async def chunks():
            yield bytes(3_000_000)
            os.kill(os.getpid(), signal.SIGKILL)

        async def main():
            async with LocalOutputs(Path(sys.argv[1]), OutputSettings(), SystemClock()) as outputs:
                await outputs.keep("0" * 32, chunks(), claimed_type=None, seed=None)

        asyncio.run(main())
    """
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", textwrap.dedent(script), folder)
    assert await process.wait() == -9
    left = [path for path in folder.rglob("*") if path.is_file()]
    assert [path.suffix for path in left] == [".part"]
    assert (await open_shop(folder=folder)).files() == []


@pytest.mark.parametrize("form", ["fifo", "device", "folder", "missing", "nul"])
async def test_only_a_regular_file_is_taken(shop, tmp_path, form):
    path = {
        "fifo": tmp_path / "pipe",
        "device": Path("/dev/zero"),
        "folder": tmp_path,
        "missing": tmp_path / "no",
    }.get(form, tmp_path / "a\0b")
    if form == "fifo":
        os.mkfifo(path)
    with pytest.raises(OutputRefused) as caught:
        await shop.keep(path)
    assert str(tmp_path) not in str(caught.value)
    assert shop.files() == []


async def test_too_little_room_leaves_nothing(open_shop):
    shop = await open_shop(min_free_bytes=2**62)
    with pytest.raises(StorageFull):
        await shop.keep(b"x")
    assert shop.files() == []


def test_a_disk_that_takes_no_more_is_storage_full_and_leaves_nothing(tmp_path):
    script = """
        import asyncio, resource, sys
        from pathlib import Path
        from safelight.config.model import OutputSettings
        from safelight.errors import StorageFull
        from safelight.outputs.local import LocalOutputs
        from safelight.ports import SystemClock

        async def main():
            folder = Path(sys.argv[1])
            async with LocalOutputs(folder, OutputSettings(), SystemClock()) as outputs:
                resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))
                try:
                    await outputs.keep("0" * 32, bytes(4_000_000), claimed_type=None, seed=None)
                except StorageFull as error:
                    print(error)
                print([path for path in folder.rglob("*") if path.is_file()])
                print((await outputs.keep("0" * 32, bytes(1_500_000), claimed_type=None, seed=None)).bytes)

        asyncio.run(main())
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script), tmp_path], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["The disk refused to store the output (File too large).", "[]", "1500000"], done.stderr


async def test_a_folder_that_cannot_be_used_says_so(open_shop, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match=str(tmp_path / "file" / "outputs")):
        await open_shop(folder=tmp_path / "file" / "outputs")


async def test_a_folder_that_is_there_and_takes_nothing_is_found_before_anything_is_to_be_kept(open_shop, tmp_path):
    parts = tmp_path / "outputs" / ".parts"
    parts.parent.mkdir()
    parts.symlink_to("/proc/self")  # where not even root may make a file
    with pytest.raises(OSError, match=str(parts)):
        await open_shop()


async def test_folders_that_were_deleted_by_hand_are_made_again(shop):
    shutil.rmtree(shop.folder)
    assert await shop.bytes_of((await shop.keep(b"kept")).url) == b"kept"


async def test_a_link_planted_on_the_shelf_is_not_followed(shop, tmp_path, make_picture):
    secret = tmp_path / "secret"
    secret.write_text("secret")
    output = await shop.keep(make_picture())
    (kept,) = (shop.folder / GENERATION).iterdir()
    kept.unlink()
    kept.symlink_to(secret)
    name = output.url.rpartition("/")[2]
    assert await shop.outputs.open(GENERATION, name) is None
    (shop.folder / ("f" * 32)).symlink_to(shop.folder / GENERATION)
    assert await shop.outputs.open("f" * 32, name) is None


async def test_parts_are_not_served(shop):
    (shop.folder / ".parts" / ("a" * 32 + ".part")).write_bytes(b"half")
    assert await shop.outputs.open(".parts", "a" * 32 + ".part") is None


async def test_an_opening_that_is_canceled_leaves_no_file_open(shop, make_picture):
    name = (await shop.keep(make_picture())).url.rpartition("/")[2]
    before = open_files()
    for _ in range(20):
        opening = asyncio.create_task(shop.outputs.open(GENERATION, name))
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
    assert open_files() <= before


async def test_something_that_is_no_generation_gets_no_folder(shop):
    with pytest.raises(ValueError, match="not the id"):
        await shop.outputs.keep("../escape", b"x", claimed_type=None, seed=None)
    assert shop.files() == []


async def test_what_is_kept_is_dated_by_the_service_s_clock(shop, make_picture):
    name = (await shop.keep(make_picture())).url.rpartition("/")[2]
    kept = await shop.outputs.open(GENERATION, name)
    kept.file.close()
    assert kept.modified.isoformat() == "2025-01-02T03:04:05+00:00"


async def test_urls_without_a_prefix_are_absolute_paths(shop, make_picture):
    assert (await shop.keep(make_picture())).url.startswith(f"/v1/outputs/{GENERATION}/")


async def test_an_output_is_synced_with_its_names_before_it_is_announced_and_a_preview_is_not(shop, make_picture, monkeypatch):
    synced = []
    really = os.fsync

    def noting(fd):
        synced.append(Path(f"/proc/self/fd/{fd}").resolve())
        really(fd)

    monkeypatch.setattr(os, "fsync", noting)
    await shop.outputs.preview(GENERATION, make_picture())
    assert synced == []
    await shop.keep(make_picture())
    assert synced[0].suffix == ".part"
    assert synced[1:] == [shop.folder / GENERATION, shop.folder], "the folder was made for the preview, and its name not synced"


async def test_a_failure_after_the_move_leaves_nothing(shop, make_picture, monkeypatch):
    def failing(_folder):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("safelight.outputs.parts._sync", failing)
    with pytest.raises(StorageFull, match="Input/output error"):
        await shop.keep(make_picture())
    assert shop.files() == []
