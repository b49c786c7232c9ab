"""A poll says where the job stands, so it repeats itself; what it repeats is handed over once."""

from safelight.boundary import Boundary
from safelight.providers import Job, Previewed, Produced, RemoteProvider, Succeeded
from safelight.runner.follow import follow


class Polled(RemoteProvider):
    def __init__(self):
        self.polls = 0

    async def submit(self, request, key):
        return Job(key)

    async def poll(self, job):
        self.polls += 1
        said = [Previewed(b"preview"), Produced("http://upstream/1.png"), Produced("http://upstream/1.png")]
        return [*said, Produced(b"2"), Succeeded()] if self.polls == 3 else said


async def test_a_repeated_poll_hands_each_output_over_once(monkeypatch):
    monkeypatch.setattr(Polled, "capabilities", type(Polled.capabilities)(poll_seconds=0.05))
    heard = [update async for update in follow(Polled(), Job("1"), Boundary("polled", "safelight-polled"))]
    assert heard.count(Produced("http://upstream/1.png")) == 2
    assert heard.count(Produced(b"2")) == 1
    assert heard.count(Previewed(b"preview")) == 1
