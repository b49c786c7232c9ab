"""A model that streams: a picture every other step, and a line in `runs` for each time it is run."""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path as LocalPath

from cog import BaseRunner, Input, Path, streaming
from PIL import Image


class Runner(BaseRunner):
    @streaming
    def run(
        self,
        prompt: str = Input(description="What to paint"),
        num_inference_steps: int = Input(default=4, ge=1, le=100),
        delay: float = Input(default=0.1),
        fail: bool = Input(default=False),
    ) -> Iterator[Path]:
        with LocalPath("runs").open("a", encoding="utf-8") as runs:
            runs.write(f"{prompt}\n")
        for step in range(1, num_inference_steps + 1):
            time.sleep(delay)
            sys.stderr.write(f"{step * 100 // num_inference_steps:3d}%|##        | {step}/{num_inference_steps} [00:00<00:00]\r")
            sys.stderr.flush()
            self.record_metric("progress", step / num_inference_steps)
            if fail and step > num_inference_steps // 2:
                raise ValueError("NSFW content detected. Try running it again, or try a different prompt.")
            if step % 2 == 0 or step == num_inference_steps:
                picture = LocalPath(tempfile.mkdtemp()) / f"step-{step}.png"
                Image.new("RGB", (16, 16), (step * 20 % 255, 0, 0)).save(picture)
                yield Path(picture)
