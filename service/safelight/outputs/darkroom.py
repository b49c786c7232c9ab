"""Where pictures are decoded: few at a time, so that neither the loop nor the memory feels a crowd."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Darkroom:
    """
    A number of seats, each for one picture; whoever asks for how many, the memory needed is that of so many decoded ones.

    The seats are threads of its own, not turns on the loop's: the C library keeps freed memory for each thread that ever
    held a picture, and what else the loop does in threads never waits behind a decoder.
    """

    def __init__(self, seats: int) -> None:
        self._seats = ThreadPoolExecutor(seats, thread_name_prefix="safelight-darkroom")

    async def develop(self, work: Callable[[], T]) -> T:
        """
        Run `work` once a seat is free, and return what it returns.

        A cancel takes effect at once: what a decoder has begun it ends alone, and its seat is free after that.
        """
        return await asyncio.get_running_loop().run_in_executor(self._seats, work)

    def close(self) -> None:
        """Cancel what waits for a seat; what is at work ends alone."""
        self._seats.shutdown(wait=False, cancel_futures=True)
