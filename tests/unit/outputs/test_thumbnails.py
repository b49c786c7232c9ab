"""Thumbnails are made few at a time and once each, beside the loop, and nothing of them outlives its picture."""

import asyncio
import subprocess
import sys
import textwrap
import threading

import pytest
from structlog.testing import capture_logs

from safelight.errors import Busy, PictureBroken, StorageFull
from safelight.outputs import local, thumbnails
from safelight.outputs.darkroom import Darkroom

GENERATION = "0123456789abcdef0123456789abcdef"
PATIENCE = 20.0


def place(output):
    return output.url.split("/")[-2:]


class Gate:
    """Stands where pictures are decoded, and counts who is inside; `release` lets them through."""

    def __init__(self, really):
        self.really = really
        self.calls = self.inside = self.most = 0
        self.release = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, *args, **kwargs):
        with self._lock:
            self.calls += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            assert self.release.wait(PATIENCE)
            return self.really(*args, **kwargs)
        finally:
            with self._lock:
                self.inside -= 1


@pytest.fixture
def gate(monkeypatch):
    gate = Gate(thumbnails.thumbnail)
    monkeypatch.setattr(thumbnails, "thumbnail", gate)
    yield gate
    gate.release.set()


async def until(condition):
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.002)


async def test_a_hundred_who_ask_are_served_two_at_a_time_and_the_loop_goes_on(shop, gate, make_picture):
    outputs = [await shop.keep(make_picture(size=(100 + n, 80))) for n in range(20)]
    asking = [asyncio.create_task(shop.outputs.thumbnail(*place(output), 64)) for output in outputs for _ in range(5)]
    await until(lambda: gate.inside == 2)
    for _ in range(20):
        assert await shop.bytes_of(outputs[0].url), "reading waits for decoding"
    assert gate.inside == 2
    gate.release.set()
    for kept in await asyncio.gather(*asking):
        kept.file.close()
    assert (gate.calls, gate.most) == (20, 2)


async def test_a_crowd_of_large_pictures_needs_the_memory_of_two(tmp_path):
    script = """
        import asyncio, io, resource, sys
        from pathlib import Path
        from PIL import Image
        from safelight.config.model import OutputSettings
        from safelight.outputs import local
        from safelight.ports import SystemClock

        async def main():
            local._PLACEHOLDER_SECONDS = 0.0  # what is measured is the thumbnails
            async with local.LocalOutputs(Path(sys.argv[1]), OutputSettings(), SystemClock()) as outputs:
                file = io.BytesIO()
                Image.new("RGBA", (4000, 4000), "teal").save(file, "PNG", compress_level=1)
                kept = [await outputs.keep("0" * 32, file.getvalue(), claimed_type=None, seed=None) for _ in range(12)]
                before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                for made in await asyncio.gather(*(outputs.thumbnail(*o.url.split("/")[-2:], 64) for o in kept)):
                    made.file.close()
                print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)

        asyncio.run(main())
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(script), tmp_path / "outputs", stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert int(out.split()[-1]) < 400, "two pictures of 64 MiB and a copy of each need 256"


async def test_who_leaves_does_not_stop_the_making_for_the_next(shop, gate, make_picture):
    output = await shop.keep(make_picture(size=(100, 80)))
    first = asyncio.create_task(shop.outputs.thumbnail(*place(output), 64))
    await until(lambda: gate.inside == 1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = asyncio.create_task(shop.outputs.thumbnail(*place(output), 64))
    gate.release.set()
    (await second).file.close()
    assert gate.calls == 1


async def test_who_waits_too_long_is_told_so_and_finds_it_made_later(shop, gate, make_picture, monkeypatch):
    output = await shop.keep(make_picture(size=(100, 80)))
    monkeypatch.setattr(thumbnails, "_PATIENCE_SECONDS", 0.01)
    with pytest.raises(Busy):
        await shop.outputs.thumbnail(*place(output), 64)
    gate.release.set()
    await until(lambda: not shop.outputs._thumbnails._making)
    (await shop.outputs.thumbnail(*place(output), 64)).file.close()
    assert gate.calls == 1


async def test_leaving_stops_what_waits_and_tells_who_asked(open_shop, gate, make_picture):
    shop = await open_shop()
    outputs = [await shop.keep(make_picture(size=(100 + n, 80))) for n in range(6)]
    asking = [asyncio.create_task(shop.outputs.thumbnail(*place(output), 64)) for output in outputs]
    await until(lambda: gate.inside == 2 and shop.outputs._thumbnails._darkroom._seats._work_queue.qsize() == 4)
    await shop.outputs.__aexit__()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(answer) for answer in answers} == {Busy}
    assert gate.calls == 2
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith(("darkroom", "thumbnail"))]


async def test_a_picture_that_goes_while_it_is_developed_takes_its_thumbnail_along(shop, gate, make_picture):
    preview = await shop.outputs.preview(GENERATION, make_picture(size=(100, 80)))
    asking = asyncio.create_task(shop.outputs.thumbnail(*place(preview), 64))
    await until(lambda: gate.inside == 1)
    await shop.outputs.preview(GENERATION, make_picture())
    gate.release.set()
    assert await asking is None
    assert len(shop.files()) == 1


async def test_a_preview_that_is_replaced_leaves_no_thumbnail_behind(shop, make_picture):
    output = await shop.keep(make_picture(size=(100, 80)))
    preview = await shop.outputs.preview(GENERATION, make_picture(size=(100, 80)))
    for kept in [await shop.outputs.thumbnail(*place(shown), width) for shown in (output, preview) for width in (64, 1024)]:
        kept.file.close()
    assert len(shop.files()) == 6
    await shop.outputs.preview(GENERATION, make_picture())
    assert len(shop.files()) == 4


async def test_a_generation_purged_meanwhile_stays_purged(shop, gate, make_picture):
    output = await shop.keep(make_picture(size=(100, 80)))
    asking = asyncio.create_task(shop.outputs.thumbnail(*place(output), 64))
    await until(lambda: gate.inside == 1)
    await shop.outputs.purge(GENERATION)
    gate.release.set()
    assert await asking is None
    assert shop.files() == []
    assert not (shop.folder / GENERATION).exists()


async def test_a_purge_that_a_crash_cut_short_is_finished_at_open(open_shop, make_picture):
    shop = await open_shop()
    await shop.keep(make_picture())
    (shop.folder / GENERATION).rename(shop.folder / ".parts" / ("b" * 32 + ".part"))
    (shop.folder / ".parts" / ("c" * 32 + ".part")).symlink_to(shop.folder)
    shop = await open_shop(folder=shop.folder)
    assert sorted(shop.folder.rglob("*")) == [shop.folder / ".parts"]


async def test_a_purge_that_the_disk_cut_short_is_finished_by_the_next(shop, make_picture, monkeypatch):
    await shop.keep(make_picture())
    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", lambda path: (_ for _ in ()).throw(OSError(5, str(path))) if path.exists() else None)
        with pytest.raises(OSError, match="Errno 5"):
            await shop.outputs.purge(GENERATION)
    assert len(shop.files()) == 1
    await shop.keep(make_picture())
    await shop.outputs.purge(GENERATION)
    assert shop.files() == []


async def test_a_thumbnail_that_finds_no_room_is_storage_full_and_leaves_nothing(open_shop, make_picture):
    shop = await open_shop()
    output = await shop.keep(make_picture(size=(100, 80)))
    full = await open_shop(folder=shop.folder, min_free_bytes=2**62)
    with pytest.raises(StorageFull):
        await full.outputs.thumbnail(*place(output), 64)
    assert len(shop.files()) == 1


async def test_a_limit_lowered_since_holds_for_thumbnails_too(open_shop, make_picture):
    shop = await open_shop()
    output = await shop.keep(make_picture(size=(100, 80)))
    strict = await open_shop(folder=shop.folder, max_pixels=7999)
    with pytest.raises(PictureBroken, match="7999 pixels"):
        await strict.outputs.thumbnail(*place(output), 64)


async def test_what_the_disk_did_to_a_kept_picture_is_told_and_hurts_nobody(shop, make_picture):
    output = await shop.keep(make_picture(size=(400, 400)))
    (kept,) = (shop.folder / GENERATION).iterdir()
    kept.write_bytes(kept.read_bytes()[:-300])
    with pytest.raises(PictureBroken, match="broken PNG"):
        await shop.outputs.thumbnail(*place(output), 64)
    assert len(shop.files()) == 1
    assert not shop.outputs._thumbnails._making


async def test_a_thumbnail_is_synced_and_dated_like_its_picture(shop, make_picture):
    kept = await shop.outputs.thumbnail(*place(await shop.keep(make_picture(size=(100, 80)))), 64)
    kept.file.close()
    assert kept.modified.isoformat() == "2025-01-02T03:04:05+00:00"
    assert kept.path.stat().st_mode & 0o777 == 0o600


async def test_a_placeholder_that_takes_too_long_is_done_without(open_shop, make_picture, monkeypatch):
    gate = Gate(local.placeholder)
    monkeypatch.setattr(local, "placeholder", gate)
    monkeypatch.setattr(local, "_PLACEHOLDER_SECONDS", 0.02)
    shop = await open_shop()
    with capture_logs() as logs:
        outputs = [await shop.keep(make_picture()) for _ in range(3)]
    assert [output.placeholder for output in outputs] == [None] * 3
    assert [entry["event"] for entry in logs] == ["placeholder_lost"] * 3
    assert (gate.calls, gate.inside) == (1, 1), "who waited for the seat has left the queue"
    gate.release.set()
    await until(lambda: gate.inside == 0)
    monkeypatch.setattr(local, "_PLACEHOLDER_SECONDS", PATIENCE)
    assert (await shop.keep(make_picture())).placeholder


async def test_placeholders_do_not_queue_behind_who_looks(shop, gate, make_picture):
    outputs = [await shop.keep(make_picture(size=(100, 80))) for _ in range(4)]
    asking = [asyncio.create_task(shop.outputs.thumbnail(*place(output), 64)) for output in outputs]
    await until(lambda: gate.inside == 2)
    assert (await shop.keep(make_picture())).placeholder
    gate.release.set()
    for kept in await asyncio.gather(*asking):
        kept.file.close()


async def test_a_codec_that_raises_anything_costs_the_placeholder_alone(shop, make_picture, monkeypatch):
    def failing(*_args, **_kwargs):
        raise MemoryError

    monkeypatch.setattr(local, "placeholder", failing)
    output = await shop.keep(make_picture())
    assert output.placeholder is None
    assert await shop.bytes_of(output.url) == make_picture()


async def test_a_seat_is_free_only_when_its_decoder_has_ended():
    darkroom = Darkroom(1)
    is_begun, release = threading.Event(), threading.Event()
    first = asyncio.create_task(darkroom.develop(lambda: is_begun.set() or release.wait(PATIENCE)))
    second = asyncio.create_task(darkroom.develop(lambda: "second"))
    await until(is_begun.is_set)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await asyncio.wait({second}, timeout=0.05)
    assert not second.done()
    release.set()
    assert await second == "second"
    darkroom.close()
