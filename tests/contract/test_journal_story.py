"""Everything a journal holds of one generation, on every engine."""

import pytest

from safelight.errors import NotFound
from safelight.ports import Entry, Story


async def test_the_story_is_every_record_in_the_order_written_with_the_moment_of_each(journal, words, clock):
    await journal.create(words.generation(), words.status(1), words.attempt())
    clock.move(2.5)
    await journal.append(words.id(1), words.epoch, words.accepted(), words.status(2), durable=True)
    clock.move(1.0)
    await journal.append(words.id(1), words.epoch, words.end(3), words.outcome(), durable=True)
    clock.move(60.0)
    await journal.append(words.id(1), words.epoch, words.late(), durable=True)
    told = [
        (0.0, words.status(1)),
        (0.0, words.attempt()),
        (2.5, words.accepted()),
        (2.5, words.status(2)),
        (3.5, words.end(3)),
        (3.5, words.outcome()),
        (63.5, words.late()),
    ]
    story = await journal.story(words.id(1))
    assert [((entry.at - words.noon).total_seconds(), entry.record) for entry in story.entries] == told
    assert story.statuses == [words.status(1).status, words.status(2).status, words.end(3).status]
    assert story.attempts == [words.attempt(), words.accepted(), words.outcome()] == await journal.attempts(words.id(1))


async def test_the_story_says_who_works_on_it(journal, words, clock):
    await journal.create(words.generation(), words.status(1))
    begun = Story(
        generation=words.generation(), epoch=words.epoch, claimed_by=None, entries=(Entry(at=words.noon, record=words.status(1)),)
    )
    assert await journal.story(words.id(1)) == begun
    clock.move(5)
    epoch = await journal.claim(words.id(1), "host:7")
    story = await journal.story(words.id(1))
    assert (story.epoch, story.claimed_by, story.entries) == (epoch, "host:7", begun.entries)


async def test_there_is_no_story_of_what_is_unknown_or_forgotten(journal, words):
    await journal.create(words.generation(), words.end(1), words.attempt())
    assert await journal.story(words.id(2)) is None
    await journal.forget(words.id(1))
    assert await journal.story(words.id(1)) is None


async def test_what_was_refused_is_in_no_story(journal, words):
    await journal.create(words.generation(), words.status(1))
    with pytest.raises(NotFound):
        await journal.append(words.id(2), words.epoch, words.late(), durable=True)
    assert len((await journal.story(words.id(1))).entries) == 1


async def test_stories_are_kept_apart(journal, words):
    for number in (1, 2):
        await journal.create(words.generation(number), words.status(1, number))
    for number in (1, 2):
        await journal.append(words.id(number), words.epoch, words.attempt(number), words.late(number), durable=False)
    for number in (1, 2):
        records = [entry.record for entry in (await journal.story(words.id(number))).entries]
        assert records == [words.status(1, number), words.attempt(number), words.late(number)]
