"""A document kept for the next start."""

from safelight.providers.toolbox import Kept


async def test_what_was_kept_is_read_again(tmp_path):
    file = tmp_path / "said.json"
    assert await Kept(file).read() is None
    await Kept(file).write({"a": [1]})
    assert await Kept(file).read() == {"a": [1]}
    assert [path.name for path in tmp_path.iterdir()] == ["said.json"]


async def test_the_same_again_is_not_written(tmp_path):
    kept = Kept(tmp_path / "said.json")
    await kept.write([1])
    (tmp_path / "said.json").unlink()
    await kept.write([1])
    assert await kept.read() is None
    await kept.write([2])
    assert await kept.read() == [2]


async def test_a_file_that_is_broken_or_cannot_be_written_hurts_nobody(tmp_path):
    (tmp_path / "said.json").write_text("{half", encoding="utf-8")
    assert await Kept(tmp_path / "said.json").read() is None
    await Kept(tmp_path / "no" / "folder" / "said.json").write([1])
