"""On a terminal: a bar with the time left, below the picture as it develops."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from safelight.cli.pictures.drawing import Canvas
from safelight.cli.showing.eta import Eta
from safelight.cli.showing.plain import Plain
from safelight.cli.showing.words import duration, phrase
from safelight.client.base import Snapshot

_BAR = 36
_FRAMES_PER_SECOND = 6


class Live(Plain):
    """Draws one place of the terminal over and over; the end is said in plain lines, which stay."""

    wants_previews = True

    def __init__(self, canvas: Canvas | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(canvas)
        self._clock = clock
        self._eta = Eta()
        self._begun = clock()
        self._snapshot: Snapshot = {}
        self._preview: list[str] = []
        self._spinner = Spinner("dots")
        self._live = RichLive(
            console=Console(highlight=False),
            get_renderable=self._drawn,
            refresh_per_second=_FRAMES_PER_SECOND,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._live.__exit__(None, None, None)

    def step(self, snapshot: Snapshot) -> None:
        """Take it; the next frame shows it."""
        self._eta.hear(snapshot, self._clock())
        self._snapshot = snapshot

    def preview(self, lines: list[str]) -> None:
        """Take it; the next frame shows it."""
        self._preview = lines

    def _drawn(self) -> RenderableType:
        snapshot, now = self._snapshot, self._clock()
        progress = snapshot.get("progress")
        words = Table.grid(padding=(0, 1))
        words.add_row(self._spinner, Text(phrase(snapshot) or "asking", no_wrap=True, overflow="ellipsis"))
        bar = ProgressBar(total=100, completed=progress or 0, width=_BAR, pulse=progress is None)
        percent = "    " if progress is None else f"{progress:3d} %"
        left = self._eta.left(now)
        clock = f"{duration(now - self._begun)}" + ("" if left is None else f", about {duration(left)} left")
        row = Table.grid(padding=(0, 1))
        row.add_row(bar, percent, Text(clock, style="dim", no_wrap=True))
        return Group(*(Text.from_ansi(line, no_wrap=True) for line in self._preview), words, row)
