"""The sorted order of particles on a line, with memory: between two steps of a flow it hardly changes.

The order is always that of (value, index), so a result never depends on what was remembered, and a resumed run repeats
every bit.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

DIGIT = 11  # bits of a digit: its counters stay in the first-level cache
KEY_TOP = (1 << 2 * DIGIT) - 1
REPAIRS = 8  # exchanges a particle for which repairing an order is cheaper than sorting anew
SMALL = 256  # below, NumPy's sort is faster


class Order:
    """Sorts values by (value, index); starts from its last answer where that is nearly right.

    >>> order = Order()
    >>> order.of(np.array([0.5, -1.0, 0.5])).tolist()
    [1, 0, 2]
    """

    def __init__(self) -> None:
        self._last: Indices | None = None

    def of(self, values: Floats) -> Indices:
        """Returns the permutation that sorts finite ``values`` (N,), equal ones by their index; (N,)."""
        last = self._last
        if last is not None and last.size == values.size:
            order = last.copy()
            if _repaired(values, order):
                self._last = order
                return order
        self._last = _sorted_anew(values)
        return self._last


def _sorted_anew(values: Floats) -> Indices:
    if values.size >= SMALL:
        low, high = float(values.min()), float(values.max())
        scale = KEY_TOP / (high - low) if high > low else 0.0
        if np.isfinite(high - low) and np.isfinite(scale):
            order = _by_two_digits(values, low, scale)
            if _repaired(values, order):
                return order
    return np.argsort(values, kind="stable").astype(np.int64, copy=False)


@njit(cache=True, nogil=True)
def _by_two_digits(values: Floats, low: float, scale: float) -> Indices:
    """Returns a stable order by the first 22 bits of the place between the ends: a radix sort of two digits."""
    n = values.size
    mask = (1 << DIGIT) - 1
    keys, moved = np.empty(n, np.int32), np.empty(n, np.int32)
    first, order = np.empty(n, np.int64), np.empty(n, np.int64)
    low_count, high_count = np.zeros(mask + 2, np.int64), np.zeros(mask + 2, np.int64)
    for i in range(n):
        key = min(np.int32((values[i] - low) * scale), np.int32(KEY_TOP))
        keys[i] = key
        low_count[(key & mask) + 1] += 1
        high_count[(key >> DIGIT) + 1] += 1
    for digit in range(mask):
        low_count[digit + 1] += low_count[digit]
        high_count[digit + 1] += high_count[digit]
    for i in range(n):
        place = low_count[keys[i] & mask]
        low_count[keys[i] & mask] += 1
        first[place], moved[place] = i, keys[i]
    for i in range(n):
        place = high_count[moved[i] >> DIGIT]
        high_count[moved[i] >> DIGIT] += 1
        order[place] = first[i]
    return order


@njit(cache=True, nogil=True)
def _repaired(values: Floats, order: Indices) -> bool:
    """Sorts a nearly sorted order by insertion, in place; gives up (False) after `REPAIRS` exchanges a particle."""
    left = REPAIRS * order.size
    before = -np.inf
    for i in range(order.size):
        item = order[i]
        value = values[item]
        if value > before:
            before = value
            continue
        place = i
        while place > 0:
            other = order[place - 1]
            if values[other] < value or (values[other] == value and other < item):
                break
            order[place] = other
            place -= 1
        order[place] = item
        left -= i - place
        if left < 0:
            return False
        before = values[order[i]]
    return True
