"""Implicit steps of mass that walks between neighbouring cells, solved without a subtraction."""

from __future__ import annotations

import numpy as np
from numba import njit

from wgflow.dynamics.sums.sum_method import Floats


@njit(cache=True, nogil=True, error_model="numpy")
def implicit_walks(density: Floats, left: Floats, right: Floats, out: Floats) -> None:
    """Solves x_j (1 + left_j + right_j) = density_j + right_{j-1} x_{j-1} + left_{j+1} x_{j+1} in each row into ``out``.

    All (rows, n), n >= 3. left_j, right_j >= 0: dt times the rates at which mass leaves cell j for its neighbours, around the
    circle; with left_0 = right_{n-1} = 0 it is an interval. Cells are eliminated from 0 on, each passing its mass to the next
    cell, to the last one, or keeping it: pivots are sums of these, as in the algorithm of Grassmann, Taksar and Heyman (1985)
    for Markov chains. All terms being nonnegative, so is the solution, with a relative error of a few n roundings in every
    cell, for any dt.
    """
    rows, n = density.shape
    stay, pass_on, pass_last = np.empty(n), np.empty(n), np.empty(n)
    received, total = np.empty(n), np.empty(n)
    for row in range(rows):
        below, above = left[row], right[row]
        last = 1.0  # the part of the last cell's mass that is not passed back to it
        last_mass = density[row, n - 1]
        for j in range(n - 1):
            if j == 0:
                stay[0], to_last, received[0], total[0] = 1.0, below[0], above[n - 1], density[row, 0]
            else:
                stay[j] = 1.0 + below[j] * stay[j - 1]
                to_last = below[j] * pass_last[j - 1]
                received[j] = received[j - 1] * pass_on[j - 1]
                total[j] = density[row, j] + total[j - 1] * pass_on[j - 1]
            onward = above[j]
            if j == n - 2:
                to_last += onward
                onward = 0.0
                received[j] += below[n - 1]
            pivot = stay[j] + onward + to_last
            stay[j] /= pivot
            pass_on[j], pass_last[j] = onward / pivot, to_last / pivot
            last += received[j] * stay[j]
            last_mass += total[j] * pass_last[j]
            out[row, j] = pivot
        x_last = last_mass / last
        following = 0.0
        for j in range(n - 2, -1, -1):
            inflow = below[j + 1] * following if j < n - 2 else 0.0
            following = (total[j] + received[j] * x_last + inflow) / out[row, j]
            out[row, j] = following
        out[row, n - 1] = x_last
