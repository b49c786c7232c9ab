"""A model that does not stream, as most do not."""

import tempfile
import time
from pathlib import Path as LocalPath

from cog import BaseRunner, CancelationException, Input, Path
from PIL import Image


def note(line):
    with LocalPath("runs").open("a", encoding="utf-8") as runs:
        runs.write(f"{line}\n")


class Runner(BaseRunner):
    def run(self, prompt: str = Input(), steps: int = Input(default=4, ge=1, le=100), delay: float = Input(default=0.1)) -> Path:
        note(prompt)
        try:
            for step in range(1, steps + 1):
                time.sleep(delay)
                self.record_metric("progress", step / steps)
        except CancelationException:
            note("canceled")
            raise
        picture = LocalPath(tempfile.mkdtemp()) / "picture.png"
        Image.new("RGB", (16, 16), (0, 20, 0)).save(picture)
        return Path(picture)
