"""Sums of a polynomial in r that ends at a radius (Wendland's kernels), over sorted particles.

The line is cut into cells, `CELLS` to a radius. The sources within the radius below a point are those from a radius before
its cell on, less those that are too far: no distance beyond the radius and a cell enters, so little cancels.
"""

from __future__ import annotations

from math import ceil

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from wgflow.dynamics.sums.sorted_moments import Line, moments_along, shift_table, value_beyond
from wgflow.dynamics.sums.sorted_parts import Part

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

CELLS = 4


def window_sums(line: Line, part: Part, radius: float, above: bool) -> Floats:
    """Returns the sum over sources strictly below (or ``above``) each point, nearer than the radius, of w P(d); (P,)."""
    if above:
        count = line.sources.size - line.through[::-1]
        turned = Line(-line.sources[::-1], line.weights[::-1].copy(), -line.points[::-1], count, count)
        return window_sums(turned, part, radius, False)[::-1]
    x, s = line.points, line.sources
    cell = np.floor((x - x[0]) / radius * CELLS)
    groups = np.concatenate([[0], np.flatnonzero(np.diff(cell)) + 1, [x.size]])
    first = np.searchsorted(s, x[0] + (cell[groups[:-1]] - CELLS) / CELLS * radius)
    far = np.minimum(np.searchsorted(s, x - radius, side="right"), line.below)
    values = np.zeros(x.size)
    _windows(s, line.weights, x, line.below, far, groups, first, shift_table(part.coefficients), values)
    return values


def with_images(line: Line, radius: float) -> Line:
    """Returns a line of positions in [0, 1) with the images of its sources that reach into it."""
    sources: list[Floats] = []
    weights: list[Floats] = []
    before = 0
    for turn in range(-ceil(radius), ceil(radius) + 1):
        image = line.sources + turn
        near = (image > -radius) & (image < 1 + radius)
        sources.append(image[near])
        weights.append(line.weights[near])
        before += int(near.sum()) if turn < 0 else 0
    return Line(np.concatenate(sources), np.concatenate(weights), line.points, line.below + before, line.through + before)


@njit(cache=True, nogil=True, parallel=True)
def _windows(
    s: Floats, w: Floats, x: Floats, below: Indices, far: Indices, groups: Indices, first: Indices, table: Floats, values: Floats
) -> None:
    for group in prange(first.size):
        lead, end, start = groups[group], groups[group + 1], first[group]
        stop = below[end - 1]
        if stop <= start:
            continue
        gap, decay, weight = np.empty(stop - start), np.ones(stop - start), np.empty(stop - start)
        for k in range(stop - start):
            gap[k] = s[start + k] - s[start + k - 1] if k else 0.0
            weight[k] = w[start + k]
        rows = np.empty((table.shape[0], stop - start))
        moments_along(gap, decay, weight, np.zeros(table.shape[0]), rows)
        for i in range(lead, end):
            if below[i] > start:
                values[i] += value_beyond(rows, below[i] - 1 - start, x[i] - s[below[i] - 1], table)
            if far[i] > start:
                values[i] -= value_beyond(rows, far[i] - 1 - start, x[i] - s[far[i] - 1], table)
