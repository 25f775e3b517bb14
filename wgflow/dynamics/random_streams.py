"""Streams of random numbers: one for every purpose of a run, the same on every machine."""

from __future__ import annotations

import numpy as np


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Returns the generator of a purpose ("start", "target", ...): Philox, keyed by the seed and the purpose's letters.

    Streams of different purposes are independent, so that drawing more of one leaves the others as they are.

    >>> stream(1, "start").random() == stream(1, "start").random(), stream(1, "start").random() == stream(1, "target").random()
    (True, False)
    """
    sequence = np.random.SeedSequence(seed, spawn_key=tuple(purpose.encode()))
    return np.random.Generator(np.random.Philox(sequence))
