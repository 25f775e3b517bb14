"""Squared maximum mean discrepancies of samples, unbiased, with a standard error from disjoint blocks of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.random_streams import stream
from wgflow.record import record

Floats = NDArray[np.float64]
Estimator = Callable[[Floats, Floats], float]

BLOCKS, LARGEST = 10, 1000


@record
class Estimate:
    """A mean over blocks and its standard error."""

    value: float
    error: float


def block_estimate(estimator: Estimator, x: Floats, y: Floats, seed: int) -> Estimate:
    """Returns the mean of an estimator over disjoint blocks of shuffled samples, and its standard error.

    Blocks of min(N, M)/10 samples, at most 1000 and at least 2. They share no sample and so are independent: their spread
    over the root of their number is a standard error. Subsets drawn over and over again, as is usual for KID, overlap, and
    their spread understates it. x: (N, d), y: (M, d), N and M >= 4.
    """
    least = min(len(x), len(y))
    if least < 4:
        raise InputError(f"an estimate with its error takes 4 samples on both sides; got {len(x)} and {len(y)}.")
    size = min(max(least // BLOCKS, 2), LARGEST)
    count = least // size
    a, b = (each[stream(seed, f"blocks/{side}").permutation(len(each))] for each, side in ((x, "x"), (y, "y")))
    found = np.array([estimator(a[i * size : (i + 1) * size], b[i * size : (i + 1) * size]) for i in range(count)])
    return Estimate(float(found.mean()), float(found.std(ddof=1) / np.sqrt(count)))


def cubic_discrepancy(x: Floats, y: Floats) -> float:
    """Returns the unbiased squared MMD of the kernel (x.y/d + 1)^3, whose mean over blocks is the kernel distance KID.

    Binkowski, Sutherland, Arbel and Gretton 2018 (ICLR), section 4. x: (N, d), y: (M, d), N and M >= 2. May be negative.

    >>> cubic_discrepancy(np.array([[0.0], [0.0]]), np.array([[1.0], [1.0]]))
    7.0
    """
    d = x.shape[1]
    own = [(each @ each.T / d + 1) ** 3 for each in (x, y)]
    mixed = (x @ y.T / d + 1) ** 3
    return float(sum(_off_diagonal(each) for each in own) - 2 * mixed.mean())


def _off_diagonal(matrix: Floats) -> float:
    n = len(matrix)
    return float((matrix.sum() - np.trace(matrix)) / (n * (n - 1)))


def catalogue_discrepancy(kernel: str) -> Estimator:
    """Returns the unbiased squared MMD of a kernel of the catalogue, the mean of e over pairs within x plus that within y less
    twice that between them (Gretton et al. 2012, JMLR 13, Lemma 6); raises InputError for a text that is no kernel.

    >>> catalogue_discrepancy("energy")(np.array([[0.0], [0.0]]), np.array([[3.0], [3.0]]))
    6.0
    """
    import torch  # late: the other metrics need NumPy alone

    from wgflow.gan.distances.pair_tensors import row_sums
    from wgflow.kernels.text import parse

    parsed = parse(kernel)

    def mean(x: Floats, y: Floats, own: bool) -> float:
        points, sources = torch.from_numpy(np.array(x)), torch.from_numpy(np.array(y))
        total, _ = row_sums(parsed, x.shape[1], points, sources, skip_self=own, gradient=False)
        return float(total.sum()) / (len(x) * (len(y) - own))

    return lambda x, y: mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)
