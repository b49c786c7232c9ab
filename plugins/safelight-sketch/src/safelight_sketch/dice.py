"""Chance that can be repeated: every decision in a picture follows from its prompt and its seed."""

from __future__ import annotations

import hashlib

import numpy as np


class Dice:
    """
    Named streams of chance.

    A stream depends on its name alone, never on what was drawn elsewhere, so that a sketch and the finished picture
    agree and a new layer leaves the others as they were.
    """

    def __init__(self, prompt: str, seed: int) -> None:
        # Lone surrogates are legal in a Python string and must not stop a picture.
        text = prompt.encode("utf-8", "surrogatepass")
        self._root = hashlib.blake2b(str(seed).encode() + b"\0" + text, digest_size=32).digest()

    def stream(self, name: str) -> np.random.Generator:
        """Return the stream called `name`, from its beginning."""
        digest = hashlib.blake2b(name.encode(), key=self._root, digest_size=32).digest()
        return np.random.Generator(np.random.PCG64(int.from_bytes(digest)))
