"""How a measured distance went while a run trained: did it settle, oscillate or diverge?"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import numpy as np

LEAST = 6  # measurements; fewer show no shape
OSCILLATES = 0.3  # of the mean: the detrended standard deviation over the last half of a run
DIVERGES = 1.5  # times the best third's mean: the last third's mean


class Course(enum.Enum):
    """What became of a run: only its shape, not how good it got."""

    SETTLED = "settled"
    OSCILLATED = "oscillated"
    DIVERGED = "diverged"
    UNKNOWN = "unknown"  # too few measurements


def course(values: Sequence[float | None], ended_well: bool = True) -> Course:
    """Returns the course of a distance to the data (smaller is better, >= 0), measured at equal intervals.

    DIVERGED: the run ended early (not ``ended_well``), a value is missing or not finite, or the mean of the last third is more
    than 1.5 times the mean of the best third of consecutive measurements. OSCILLATED: over the last half the standard deviation
    about a straight line exceeds 0.3 of the mean. These bounds are conventions of ours; the series are kept, to try others.

    >>> course([1, 0.5, 0.3, 0.2, 0.2, 0.2]), course([1, 0.2, 0.2, 1, 0.2, 1, 0.2, 1])
    (<Course.SETTLED: 'settled'>, <Course.OSCILLATED: 'oscillated'>)
    >>> course([1, 0.5, 0.2, 0.2, 1, 2]), course([1.0])
    (<Course.DIVERGED: 'diverged'>, <Course.UNKNOWN: 'unknown'>)
    """
    found = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if not ended_well or not np.isfinite(found).all():
        return Course.DIVERGED
    if len(found) < LEAST:
        return Course.UNKNOWN
    if _oscillates(found[len(found) // 2 :]):
        return Course.OSCILLATED
    third = len(found) // 3
    means = np.convolve(found, np.full(third, 1 / third), mode="valid")
    return Course.DIVERGED if means[-1] > DIVERGES * means.min() else Course.SETTLED


def _oscillates(last: np.ndarray) -> bool:
    steps = np.arange(len(last))
    line = np.polyval(np.polyfit(steps, last, 1), steps)
    return bool((last - line).std() > OSCILLATES * last.mean())
