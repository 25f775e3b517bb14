"""Samples beside a mixture whose modes are known: how many modes they reach, how many lie in one, how evenly they spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wgflow.gan.data.source import Mixture
from wgflow.record import record

Floats = NDArray[np.float64]

NEAR = 3.0  # deviations from its mode within which a sample counts as of high quality
BLOCK = 1 << 20


@record
class MixtureQuality:
    """What `mixture_quality` finds, in [0, 1] but for ``divergence``, which is in [0, log M]."""

    coverage: float
    high_quality: float
    total_variation: float
    divergence: float


def mixture_quality(samples: Floats, mixture: Mixture) -> MixtureQuality:
    """Returns the share of modes reached, of samples of high quality, and the imbalance of the samples among M modes.

    Every sample belongs to the nearest centre and is of high quality where it is within 3 deviations of it (|x - c| <=
    3 sigma; for exact samples in the plane that is 1 - exp(-9/2) = 0.989). A mode is covered when a sample of high quality
    belongs to it (Srivastava et al. 2017, VEEGAN, section 5.1). With h the share of samples that belong to each mode,
    near or not: total_variation = sum |h - 1/M| / 2, divergence = sum h log(M h), the Kullback-Leibler divergence of h
    from the uniform law, which for N exact samples is about (M - 1)/(2 N).

    samples: (N, n), N >= 1.

    >>> two = Mixture(np.array([[0.0], [10.0]]), 1.0)
    >>> found = mixture_quality(np.array([[0.5], [-2.0], [6.0], [0.0]]), two)
    >>> found.coverage, found.high_quality, found.total_variation
    (0.5, 0.75, 0.25)
    """
    nearest, distance = _nearest(samples, mixture.centres)
    good = distance <= NEAR * mixture.deviation
    modes = len(mixture.centres)
    share = np.bincount(nearest, minlength=modes) / len(samples)
    held = share[share > 0]
    return MixtureQuality(
        coverage=len(np.unique(nearest[good])) / modes,
        high_quality=float(good.mean()),
        total_variation=float(np.abs(share - 1 / modes).sum() / 2),
        divergence=max(float(held @ np.log(modes * held)), 0.0),  # 0 but for rounding where h is uniform
    )


def _nearest(samples: Floats, centres: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Returns the index of each sample's nearest centre and its distance, in blocks of rows."""
    index, distance = np.empty(len(samples), dtype=np.int64), np.empty(len(samples))
    step = max(1, BLOCK // max(centres.size, 1))
    for start in range(0, len(samples), step):
        rows = slice(start, start + step)
        apart = np.linalg.norm(samples[rows, None, :] - centres, axis=2)
        index[rows], distance[rows] = apart.argmin(axis=1), apart.min(axis=1)
    return index, distance
