"""Directions to slice space along: equispaced in the plane, batches of random orthogonal ones beyond."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import integer

Floats = NDArray[np.float64]

BATCHES = 8  # independent batches at least, for a standard error
MOST = 1 << 20


def direction_batches(dim: int, count: int, seed: int) -> list[Floats]:
    """Returns at least ``count`` unit vectors in batches (m, dim) whose means estimate the same average over the sphere.

    dim = 1: the one direction. dim = 2: equispaced angles in two interleaved halves; no chance in it, and ``seed`` is unused.
    dim >= 3: independent batches of orthogonal directions, each uniform on the sphere (Haar, from Philox(seed); Stewart 1980).

    >>> [batch.shape for batch in direction_batches(3, 24, seed=1)]
    [(3, 3), (3, 3), (3, 3), (3, 3), (3, 3), (3, 3), (3, 3), (3, 3)]
    """
    integer(dim, "dim", 1, 4096)
    integer(count, "directions", 1, MOST)
    if dim == 1:
        return [np.ones((1, 1))]
    if dim == 2:
        half = (count + 1) // 2
        angle = np.pi * (np.arange(2 * half) + 0.5) / (2 * half)
        circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return [circle[0::2], circle[1::2]]
    size = min(dim, -(-count // BATCHES))
    random = np.random.Generator(np.random.Philox(seed))
    return [_orthogonal(random, dim, size) for _ in range(max(BATCHES, -(-count // size)))]


def _orthogonal(random: np.random.Generator, dim: int, size: int) -> Floats:
    q, r = np.linalg.qr(random.normal(size=(dim, size)))
    return np.ascontiguousarray((q * np.sign(np.diag(r))).T)


def mean_and_error(batches: Iterable[Floats]) -> tuple[Floats, Floats]:
    """Returns the mean of batches and its standard error, entry by entry, holding one batch at a time (Welford 1962).

    For the plane's two halves, which are no random sample, that error is half their difference: more than the error of the
    mean wherever the error falls with the number of directions. One batch alone is exact.
    """
    count, mean, spread = 0, np.zeros(()), np.zeros(())
    for batch in batches:
        count += 1
        step = batch - mean
        mean = mean + step / count
        spread = spread + step * (batch - mean)
    return mean, np.sqrt(spread / max(count - 1, 1) / max(count, 1))
