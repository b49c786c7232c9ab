"""The rows of the benchmark, one module each, in the order in which they are told."""

from __future__ import annotations

from bench.rows import (
    compression,
    create,
    fanout,
    flatout,
    growth,
    idle,
    journal,
    laggards,
    many,
    multiplex,
    start,
    storm,
    upstream,
)
from bench.rows.base import Bench, Row

_MODULES = (
    fanout, flatout, many, laggards, idle, create, storm, journal, upstream, growth, start, compression, multiplex,
)  # fmt: skip
ROWS: dict[str, Row] = {module.ROW.name: module.ROW for module in _MODULES}

__all__ = ["ROWS", "Bench", "Row"]
