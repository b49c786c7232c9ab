"""
Whatever becomes of pushes and webhooks, a job that can be polled ends as the upstream says.

A push may tell of anything that has happened: never, late, twice, out of turn; then it ends, breaks or falls silent. Pokes
come at any time or not at all, and polls fail now and then.
"""

import asyncio
import contextlib
from collections import Counter
from itertools import accumulate, pairwise

import looptime
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safelight.providers import Failed, Produced, Progressed, ProviderUnavailable, Queued, Started, Succeeded

FLOOR = 1.0
RARE = 36.0
FAILING = 30.0

seconds = st.sampled_from([0.0, 0.01, 0.4, 1.0, 3.0, 11.0, 45.0])
HAPPENS = st.one_of(st.just(Started()), st.just(Queued(2)), st.builds(Progressed, st.floats(0, 1)), st.just(Produced))
ENDS = st.sampled_from([Succeeded(), Failed("The model broke.")])
PUSHES = st.lists(st.tuples(st.integers(-1, 12), seconds), max_size=25)
"""What is told of, by its place, and how late; -1 is the end."""
LAST_WORDS = st.sampled_from(["end", "break", "silence"])


def wake(pokes):
    """Poke whoever waits for webhooks of the one submission there is."""
    if (poke := pokes.find("f" * 32)) is not None:
        poke.wake()


class Truth:
    """What really happens to a job: each thing at its moment, the end last."""

    def __init__(self, steps, end, *, is_named):
        self.moments = list(accumulate([pause for pause, _ in steps] + [0.5]))
        made = (lambda place: Produced(b"same", name=str(place))) if is_named else (lambda place: Produced(b"%d" % place))
        said = [made(place) if what is Produced else what for place, (_, what) in enumerate(steps)]
        self.said = [*said, end]
        if isinstance(end, Succeeded):
            self.said.insert(0, Produced(b"first"))
            self.moments.insert(0, 0.0)

    def until(self, now):
        return [what for moment, what in zip(self.moments, self.said, strict=True) if moment <= now]

    @property
    def outputs(self):
        return [what.content for what in self.said if isinstance(what, Produced)]

    def pushed(self, pushes):
        """Return when what is pushed, nothing before it has happened."""
        known = [(place, delay) for place, delay in pushes if place < len(self.said)]
        known = [(place % len(self.said), delay) for place, delay in known]
        return sorted((self.moments[place] + delay, place) for place, delay in known)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(
    steps=st.lists(st.tuples(seconds, HAPPENS), max_size=10),
    end=ENDS,
    pushes=PUSHES,
    last_word=LAST_WORDS,
    pokes=st.lists(st.floats(0, 200), max_size=10),
    failing=st.sets(st.integers(0, 20).map(lambda n: 3 * n), max_size=6),
    is_named=st.booleans(),
)
def test_pushes_lost_late_doubled_and_out_of_turn_come_to_the_same_end(
    make_world, steps, end, pushes, last_word, pokes, failing, is_named
):
    truth = Truth(steps, end, is_named=is_named)
    asked = []

    async def watch():
        for moment, place in truth.pushed(pushes):
            await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))
            yield truth.said[place]
        if last_word == "break":
            raise ProviderUnavailable("The socket closed.")
        if last_word == "silence":
            await asyncio.Event().wait()

    async def poll():
        asked.append(asyncio.get_running_loop().time())
        if len(asked) in failing:
            raise ProviderUnavailable("The upstream coughed.")
        return truth.until(asked[-1])

    async def tell():
        world = make_world()
        for moment in pokes:
            asyncio.get_running_loop().call_later(moment, wake, world.pokes)
        last = await world.run(world.remote(watch=watch, poll=poll, poll_seconds=FLOOR))
        assert (last.outcome, last.error) == ("succeeded", None) if isinstance(end, Succeeded) else ("failed", end.error)
        assert Counter(world.outputs.kept) == Counter(truth.outputs), "each output, and each once"
        assert len(last.outputs) == len(truth.outputs), "and none of them after the end"
        if not any(isinstance(truth.said[place], Produced) for _, place in truth.pushed(pushes)):
            assert world.outputs.kept == truth.outputs
        assert world.now <= truth.moments[-1] + RARE + FAILING
        assert all(later - earlier >= FLOOR - 0.001 for earlier, later in pairwise(asked))

    with contextlib.closing(looptime.new_event_loop()) as loop:
        loop.run_until_complete(tell())
