"""What the service remembers for itself, on every engine."""

import pytest

from safelight.errors import JournalClosed


async def test_a_fact_is_remembered_until_another_takes_its_place(journal):
    await journal.remember("eta|box", b"one")
    assert await journal.remembered("eta|") == {"eta|box": b"one"}
    await journal.remember("eta|box", b"two")
    assert await journal.remembered("eta|") == {"eta|box": b"two"}


async def test_facts_come_in_the_order_they_were_last_written(journal):
    for name in ("eta|a", "eta|b", "eta|a"):
        await journal.remember(name, b"")
    assert list(await journal.remembered("eta|")) == ["eta|b", "eta|a"]


@pytest.mark.parametrize("prefix", ["eta|", "eta|%", "ETA|", "eta|a_", "\u00e9"])
async def test_a_prefix_is_taken_to_the_letter(journal, prefix):
    for name in ("eta|a", "eta|ab", "other", "eta|%", "\u00e9ta"):
        await journal.remember(name, b"x")
    names = ("eta|a", "eta|ab", "other", "eta|%", "\u00e9ta")
    assert set(await journal.remembered(prefix)) == {name for name in names if name.startswith(prefix)}


async def test_a_fact_that_is_none_is_forgotten_and_forgetting_twice_is_harmless(journal):
    await journal.remember("a", b"x")
    await journal.remember("a", None)
    await journal.remember("a", None)
    assert await journal.remembered("") == {}


async def test_facts_outlive_the_process(open_sqlite):
    async with open_sqlite() as journal:
        await journal.remember("a", bytes(range(256)))
    async with open_sqlite() as journal:
        assert await journal.remembered("") == {"a": bytes(range(256))}


async def test_a_closed_journal_remembers_nothing(journal):
    await journal.__aexit__(None, None, None)
    with pytest.raises(JournalClosed):
        await journal.remember("a", b"x")
    with pytest.raises(JournalClosed):
        await journal.remembered("a")


async def test_a_journal_of_before_there_were_facts_takes_them(open_sqlite, make_old):
    make_old(6)
    async with open_sqlite() as journal:
        assert await journal.remembered("") == {}
        await journal.remember("a", b"x")
        assert await journal.remembered("") == {"a": b"x"}
