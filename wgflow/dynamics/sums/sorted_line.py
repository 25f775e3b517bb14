"""Particles laid out along a line in order: merged sources, and the rank of every point among them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from wgflow.dynamics.sums.order import Order
from wgflow.dynamics.sums.sorted_moments import BLOCK, Line

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


def laid_out(points: Floats, sources: Floats, weights: Floats, orders: tuple[Order, Order]) -> tuple[Line, Indices]:
    """Returns the line and the permutation that sorts the points.

    Points that are the first of the sources (particles that act on each other, before a target) are sorted once, and each
    of the two groups keeps its own order from one call to the next.
    """
    order = orders[0].of(points)
    x = points[order]
    if points.size <= sources.size and np.array_equal(points, sources[: points.size]):
        rest = orders[1].of(sources[points.size :])
        y, wy = sources[points.size :][rest], weights[points.size :][rest]
        s, w, place = _merged(x, weights[: points.size][order], y, wy)
        return Line(s, w, x, *_ties(x, s, place)), order
    all_sources = orders[1].of(sources)
    s, w = sources[all_sources], weights[all_sources]
    return Line(s, w, x, *_ranks(x, s)), order


@njit(cache=True, nogil=True)
def _merged(x: Floats, wx: Floats, y: Floats, wy: Floats) -> tuple[Floats, Floats, Indices]:
    """Returns two sorted lists as one, the first before the second where they tie, and the places of the first.

    Both candidates are read before one is chosen: then the choice compiles to no branch, which could not be predicted.
    """
    s, w = np.empty(x.size + y.size), np.empty(x.size + y.size)
    place = np.empty(x.size, np.int64)
    i = j = 0
    while i < x.size and j < y.size:
        a, b, wa, wb = x[i], y[j], wx[i], wy[j]
        first = a <= b
        place[i] = i + j
        s[i + j], w[i + j] = (a if first else b), (wa if first else wb)
        i, j = i + first, j + (not first)
    for k in range(i, x.size):
        s[k + j], w[k + j], place[k] = x[k], wx[k], k + j
    for k in range(j, y.size):
        s[k + x.size], w[k + x.size] = y[k], wy[k]
    return s, w, place


@njit(cache=True, nogil=True)
def _ties(x: Floats, s: Floats, place: Indices) -> tuple[Indices, Indices]:
    """Returns the ranks of `_ranks` from the places of the points among the sources."""
    below, through = np.empty(x.size, np.int64), np.empty(x.size, np.int64)
    for i in range(x.size):
        below[i] = below[i - 1] if i and x[i] == x[i - 1] else place[i]
    for i in range(x.size - 1, -1, -1):
        if i + 1 < x.size and x[i] == x[i + 1]:
            through[i] = through[i + 1]
            continue
        stop = place[i] + 1
        while stop < s.size and s[stop] == x[i]:
            stop += 1
        through[i] = stop
    return below, through


@njit(cache=True, nogil=True)
def _ranks(x: Floats, s: Floats) -> tuple[Indices, Indices]:
    """Returns how many sorted sources are strictly below, and up to, each sorted point."""
    below, through = np.empty(x.size, np.int64), np.empty(x.size, np.int64)
    low = high = 0
    for i in range(x.size):
        while low < s.size and s[low] < x[i]:
            low += 1
        high = max(high, low)
        while high < s.size and s[high] <= x[i]:
            high += 1
        below[i], through[i] = low, high
    return below, through


@njit(cache=True, nogil=True)
def cumulative(w: Floats) -> Floats:
    """Returns the sums of the first 0, 1, ..., N weights; (N+1,).

    Blocks are summed apart and their starts are compensated (Neumaier 1974), so that an error does not grow with N.
    """
    total = np.empty(w.size + 1)
    start, lost = 0.0, 0.0
    for first in range(0, w.size, BLOCK):
        base, part = start + lost, 0.0
        for j in range(first, min(first + BLOCK, w.size)):
            total[j] = base + part
            part += w[j]
        old = start
        start += part
        lost += (old - start) + part if abs(old) >= abs(part) else (part - start) + old
    total[w.size] = start + lost
    return total


@njit(cache=True, nogil=True)
def weights_below_less_above(total: Floats, below: Indices, through: Indices) -> Floats:
    """Returns the weight of the sources below each point less that of those above it, from `cumulative` sums."""
    difference = np.empty(below.size)
    for i in range(below.size):
        difference[i] = total[below[i]] - (total[-1] - total[through[i]])
    return difference


@njit(cache=True, nogil=True)
def weight_at(w: Floats, below: Indices, through: Indices) -> Floats:
    """Returns the weight of the sources that coincide with each point."""
    total = np.empty(below.size)
    for i in range(below.size):
        if i and below[i] == below[i - 1] and through[i] == through[i - 1]:
            total[i] = total[i - 1]
            continue
        total[i] = 0.0
        for j in range(below[i], through[i]):
            total[i] += w[j]
    return total
