"""Motion on a line through a piecewise linear distribution function F, from one event to the next: compiled loops.

A quantile of level u moves with g (u - F(x)). Places are numbered along the line: 2k is the gap before knot k, 2k + 1 the knot
itself. In a gap F is linear, v' = rate v, and crossings have closed forms, so that nothing depends on the size of steps.
"""

from __future__ import annotations

from math import expm1, inf, log1p

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Curve = tuple[Floats, Floats, Floats]  # knots (K,); F at the left and at the right end of the gaps around them, (K + 1,) each
ROUNDING = 1e-15  # of F


@njit(cache=True, nogil=True)
def moved(velocity: float, rate: float, time: float) -> float:
    """Returns the distance made in a time from a velocity on, v' = rate v."""
    return velocity * time if rate == 0 else velocity * expm1(rate * time) / rate


@njit(cache=True, nogil=True)
def duration(distance: float, velocity: float, rate: float) -> float:
    """Returns when a distance other than 0 is made; infinite where it never is."""
    if velocity == 0 or (distance < 0) != (velocity < 0):
        return inf
    time = distance / velocity
    if rate == 0:
        return time
    return log1p(rate * time) / rate if rate * time > -1 else inf


@njit(cache=True, nogil=True)
def place_of(x: float, u: float, g: float, curve: Curve) -> int:
    """Returns the place of a quantile at x, which may be a knot; see `place_from`."""
    knots = curve[0]
    k = int(np.searchsorted(knots, x))
    return place_from(k, u, g, curve) if k < knots.size and knots[k] == x else 2 * k


@njit(cache=True, nogil=True)
def place_from(k: int, u: float, g: float, curve: Curve) -> int:
    """Returns the place of a quantile at knot k: the gap to which the force on that side takes it, or the knot, where it stays.

    Forces on both sides that point apart (a point of q that repels) are decided by their mean; where it is 0, all stays.
    """
    _, left, right = curve
    before, after = g * (u - right[k]), g * (u - left[k + 1])
    if after > 0 and before + after > ROUNDING * abs(g):
        return 2 * k + 2
    return 2 * k if before < 0 and before + after < -ROUNDING * abs(g) else 2 * k + 1


@njit(cache=True, nogil=True)
def motion(x: float, u: float, g: float, place: int, curve: Curve) -> tuple[float, float]:
    """Returns (velocity, rate) at x."""
    knots, left, right = curve
    k = place // 2
    if place % 2:
        return 0.0, 0.0
    if k == 0 or k == knots.size:
        return g * (u - left[k]), 0.0
    slope = (right[k] - left[k]) / (knots[k] - knots[k - 1])
    from_left, from_right = x - knots[k - 1], knots[k] - x
    # From the nearer end, so that at a knot the sign is that by which `place_of` chose the gap.
    f = left[k] + slope * from_left if from_left < from_right else right[k] - slope * from_right
    return g * (u - f), -g * slope


@njit(cache=True, nogil=True)
def knot_ahead(velocity: float, place: int, knots: Floats) -> int:
    """Returns the number of the knot that lies ahead, -1 for none."""
    k = place // 2
    if velocity > 0 and k < knots.size:
        return k
    return k - 1 if velocity < 0 else -1


@njit(cache=True, nogil=True)
def inside(x: float, place: int, knots: Floats) -> float:
    """Returns x, put back into its gap where rounding took it out."""
    k = place // 2
    if k < knots.size:
        x = min(x, knots[k])
    return max(x, knots[k - 1]) if k > 0 else x


@njit(cache=True, nogil=True)
def independent(x: Floats, u: Floats, g: float, curve: Curve, dt: float) -> Floats:
    """Returns the positions after dt of quantiles that do not meet, g >= 0. x, u: (N,)."""
    out = x.copy()
    for i in range(x.size):
        remaining, place = dt, place_of(x[i], u[i], g, curve)
        while True:
            velocity, rate = motion(out[i], u[i], g, place, curve)
            k = knot_ahead(velocity, place, curve[0])
            needed = inf if k < 0 else duration(curve[0][k] - out[i], velocity, rate)
            if needed > remaining:
                break
            out[i], remaining, place = curve[0][k], remaining - needed, place_from(k, u[i], g, curve)
        if velocity != 0:
            out[i] = inside(out[i] + moved(velocity, rate, remaining), place, curve[0])
    return out
