"""Sums over the sources on one side of a point, w_j |x - s_j|^m exp(-a |x - s_j|), by recurrences along a sorted line.

Moving a distance h away from the sources, M_m becomes exp(-a h) times the sum over k of C(m,k) h^{m-k} M_k: everything
that is added has one sign and nothing grows, so positions count only by their differences and no digits are lost. The
line is cut into blocks of `BLOCK` sources, first summed apart and then joined: errors grow with N/BLOCK + BLOCK instead
of N, and the blocks run in parallel with results that no number of threads changes.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from wgflow.record import record

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

BLOCK = 512  # the moments of a block stay in the first-level cache
SEVERAL = 4 * BLOCK  # below, starting threads costs more than they save


@record
class Line:
    """Sorted sources with their weights, sorted points, and how many sources lie strictly below and up to each point."""

    sources: Floats
    weights: Floats
    points: Floats
    below: Indices
    through: Indices


def one_sided(line: Line, rate: float, coefficients: Floats, above: bool, period: float | None) -> Floats:
    """Returns the sum over sources strictly below (or ``above``) each point of w P(d) exp(-rate d), P by coefficients.

    With a period, over all their images on that side as well (rate > 0); positions are then in [0, period). Returns (P,).
    """
    s, count = line.sources, (line.sources.size - line.through if above else line.below)
    nearest = float(s[-1 if above else 0])
    origin = nearest if period is None else (period if above else 0.0)
    decays, lead, table = _decays(np.diff(s), rate), abs(nearest - origin), shift_table(coefficients)
    several = s.size > SEVERAL or line.points.size > SEVERAL
    run = _blocks_parallel if several else _blocks
    ends = np.empty(((s.size + BLOCK - 1) // BLOCK, coefficients.size))
    nothing, no_points, zero = np.empty(0), count[:0], np.zeros_like(ends)
    run(s, line.weights, decays, zero, (0.0, 1.0), no_points, nothing, nothing, table, above, ends, nothing)
    start = np.zeros(coefficients.size)
    starts = _joined(s, ends, start, rate, origin, above)
    if period is not None:
        start = _wrapped(s, starts[-1], rate, period, above)
        starts = _joined(s, ends, start, rate, origin, above)
    reach = _reach(s, line.points, count, above, origin)
    fading = _decays(reach, rate)
    values = _at_origin(count, reach, fading, table, start)
    run(s, line.weights, decays, starts, (lead, math.exp(-rate * lead)), count, reach, fading, table, above, ends, values)
    return values


def _at_origin(count: Indices, reach: Floats, fading: Floats, table: Floats, start: Floats) -> Floats:
    """Returns values for the points without a source before them: what the origin carries there (others are left open)."""
    values = np.empty(count.size)
    here = np.flatnonzero(count == 0)
    values[here] = np.polynomial.polynomial.polyval(reach[here], table @ start) * (fading[here] if fading.size else 1.0)
    return values


def _decays(gaps: Floats, rate: float) -> Floats:
    """exp(-rate gap); empty for rate = 0."""
    with np.errstate(over="ignore"):  # a product beyond the doubles decays to 0
        return np.exp(-rate * gaps) if rate else np.empty(0)


def _wrapped(s: Floats, total: Floats, rate: float, period: float, above: bool) -> Floats:
    """Returns the moments at the origin of all images behind it: W = T + (shift by the period) W, T those of one period."""
    end = 0.0 if above else period
    last = s[0] if above else s[-1]
    moments = total.copy()
    gap = abs(end - last)
    _advance(moments, gap, math.exp(-rate * gap))
    decay = math.exp(-rate * period)
    for m in range(moments.size):
        for k in range(m):
            moments[m] += decay * math.comb(m, k) * period ** (m - k) * moments[k]
        moments[m] /= -math.expm1(-rate * period)
    return moments


@njit(cache=True, nogil=True)
def _reach(s: Floats, points: Floats, count: Indices, above: bool, origin: float) -> Floats:
    """Returns the distance of each point to the last source before it, or to the origin."""
    reach = np.empty(points.size)
    for i in range(points.size):
        if count[i] == 0:
            reach[i] = abs(points[i] - origin)
        elif above:
            reach[i] = s[s.size - count[i]] - points[i]
        else:
            reach[i] = points[i] - s[count[i] - 1]
    return reach


@njit(cache=True, nogil=True, fastmath={"contract"})
def _advance(moments: Floats, gap: float, decay: float) -> None:
    """Moves moments by a gap away from their sources: a Taylor shift, then the decay."""
    reach = gap if decay else 0.0  # no power of a huge gap may overflow
    for i in range(moments.size - 1):
        for m in range(moments.size - 1, i, -1):
            moments[m] += reach * moments[m - 1]
    for m in range(moments.size):
        moments[m] *= decay


@njit(cache=True, nogil=True)
def _block_line(s: Floats, w: Floats, decays: Floats, first: int, stop: int, above: bool) -> tuple[Floats, Floats, Floats]:
    """Returns gaps to the source before, decays over them and weights, in the order in which the side meets the sources."""
    gap, decay, weight = np.empty(stop - first), np.empty(stop - first), np.empty(stop - first)
    for k in range(first, stop):
        j = s.size - 1 - k if above else k
        low = j if above else j - 1
        fade = decays[low] if decays.size and k else 1.0
        weight[k - first], decay[k - first] = w[j], fade
        gap[k - first] = s[low + 1] - s[low] if k and fade else 0.0
    return gap, decay, weight


@njit(cache=True, nogil=True, fastmath={"contract"})
def moments_along(gap: Floats, decay: Floats, weight: Floats, start: Floats, rows: Floats) -> None:
    """Fills rows[m, k], the moments at source k, itself included; ``start`` are those at the source before the first.

    Order after order, so that each is one recurrence M_k = decay_k M_{k-1} + f_k with f known beforehand.
    """
    force = np.empty(gap.size)
    for m in range(start.size):
        for k in range(gap.size):
            force[k] = 0.0 if m else weight[k]
        binomial = 1.0
        for j in range(m):  # Horner's rule for the sum over j < m of C(m,j) gap_k^{m-j} M_j
            force[0] = (force[0] + binomial * start[j]) * gap[0]
            for k in range(1, gap.size):
                force[k] = (force[k] + binomial * rows[j, k - 1]) * gap[k]
            binomial = binomial * (m - j) / (j + 1)
        moment = start[m]
        for k in range(gap.size):
            moment = decay[k] * (moment + force[k]) if m else decay[k] * moment + force[k]
            rows[m, k] = moment


@njit(cache=True, nogil=True)
def _joined(s: Floats, parts: Floats, start: Floats, rate: float, origin: float, above: bool) -> Floats:
    """Returns the moments of everything before each block, at the last source before it; the last row is of all.

    The sum of weights is compensated (Neumaier 1974): where p is close to q almost all of it cancels.
    """
    starts = np.empty((parts.shape[0] + 1, parts.shape[1]))
    moments, place, lost = np.empty(start.size), origin, 0.0
    for m in range(start.size):
        starts[0, m] = moments[m] = start[m]
    for block in range(parts.shape[0]):
        last = min((block + 1) * BLOCK, s.size) - 1
        here = s[s.size - 1 - last if above else last]
        decay = math.exp(-rate * abs(here - place))
        _advance(moments, abs(here - place), decay)
        old, new = moments[0], parts[block, 0]
        for m in range(start.size):
            moments[m] += parts[block, m]
            starts[block + 1, m] = moments[m]
        lost = decay * lost + ((old - moments[0]) + new if abs(old) >= abs(new) else (new - moments[0]) + old)
        starts[block + 1, 0] += lost
        place = here
    return starts


@njit(cache=True, nogil=True)
def _points_before(count: Indices, least: int, above: bool) -> int:
    """Returns how many points, in the direction of the side, have fewer than ``least`` sources before them."""
    low, high = 0, count.size
    while low < high:
        middle = (low + high) // 2
        if count[count.size - 1 - middle if above else middle] < least:
            low = middle + 1
        else:
            high = middle
    return low


def shift_table(coefficients: Floats) -> Floats:
    """Returns T with sum over m of c_m M_m at a distance h = sum over i, j of T[i,j] h^i M_j: C(i+j, j) c_{i+j}."""
    size = coefficients.size
    table = np.zeros((size, size))
    for j in range(size):
        for i in range(size - j):
            table[i, j] = math.comb(i + j, j) * coefficients[i + j]
    return table


@njit(cache=True, nogil=True, fastmath={"contract"})
def value_beyond(rows: Floats, k: int, reach: float, table: Floats) -> float:
    """Returns the sum that `shift_table` is made for, at a distance ``reach`` from source k."""
    value = 0.0
    for power in range(table.shape[0] - 1, -1, -1):
        part = 0.0
        for j in range(table.shape[0] - power):
            part += table[power, j] * rows[j, k]
        value = value * reach + part
    return value


@njit(cache=True, nogil=True, fastmath={"contract"})
def _evaluate(rows, first, lead, stop, count, reach, fading, table, above, values):  # type: ignore[no-untyped-def]
    """Fills the values at the points lead ... stop-1, whose last sources are in the block that starts at ``first``."""
    for i in range(lead, stop):
        q = count.size - 1 - i if above else i
        k = count[q] - first - 1
        fade = fading[q] if fading.size else 1.0
        values[q] = fade * value_beyond(rows, k, reach[q], table) if fade else 0.0


@njit(cache=True, nogil=True)
def _block(s, w, decays, starts, origin, count, reach, fading, table, above, block, ends, values):  # type: ignore[no-untyped-def]
    """Fills the moments at a block's last source, and the values at the points whose last source before them it has."""
    first, stop = block * BLOCK, min((block + 1) * BLOCK, s.size)
    lead, end = _points_before(count, first + 1, above), _points_before(count, stop + 1, above)
    if lead == end and count.size:  # without points at all, the moments are asked for
        return
    gap, decay, weight = _block_line(s, w, decays, first, stop, above)
    if block == 0:
        gap[0], decay[0] = origin
    rows = np.empty((table.shape[0], stop - first))
    moments_along(gap, decay, weight, starts[block], rows)
    _evaluate(rows, first, lead, end, count, reach, fading, table, above, values)
    for m in range(table.shape[0]):
        ends[block, m] = rows[m, stop - first - 1]


@njit(cache=True, nogil=True)
def _blocks(s, w, decays, starts, origin, count, reach, fading, table, above, ends, values):  # type: ignore[no-untyped-def]
    for block in range(ends.shape[0]):
        _block(s, w, decays, starts, origin, count, reach, fading, table, above, block, ends, values)


@njit(cache=True, nogil=True, parallel=True)
def _blocks_parallel(s, w, decays, starts, origin, count, reach, fading, table, above, ends, values):  # type: ignore[no-untyped-def]
    for block in prange(ends.shape[0]):
        _block(s, w, decays, starts, origin, count, reach, fading, table, above, block, ends, values)
