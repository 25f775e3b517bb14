"""Compiled loops of the finite volumes: piecewise linear reconstruction, upwind fluxes, and their divergence."""

from __future__ import annotations

import numpy as np
from numba import njit

from wgflow.dynamics.sums.sum_method import Floats

POSITIVE, MINMOD, VAN_LEER = 0, 1, 2


@njit(cache=True, nogil=True, error_model="numpy")
def limited_slope(limiter: int, left: float, centre: float, right: float) -> float:
    """Returns the change across half a cell: of the cell's line, from its middle to its right end, without new extrema."""
    a, b = centre - left, right - centre
    if limiter == VAN_LEER:
        product = a * b
        ratio = product / (a + b)
        return ratio if product > 0 else 0.0
    middle = 0.25 * (right - left)
    least = min(min(abs(a), abs(b)), abs(middle))
    bounded = least if middle > 0 else -least
    bounded = bounded if (a > 0) == (b > 0) else 0.0
    if limiter == POSITIVE:  # the central slope while both ends are positive, else generalized minmod
        return middle if abs(middle) <= centre else bounded
    return bounded


@njit(cache=True, nogil=True, error_model="numpy")
def upwind(velocity: float, before: float, behind: float) -> float:
    """Returns the mass that crosses a face: from the value before it where the velocity is positive, else from behind.

    The end of a line that starts from 0 may be a rounding error below 0.
    """
    source = before if velocity > 0 else behind
    return velocity * (source if source > 0 else 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def along_rows(
    rho: Floats, phi: Floats, speed_factor: float, diffusion: float, limiter: int, periodic: bool, rate: Floats
) -> float:
    """Adds -(F_{j+1/2} - F_{j-1/2}) of the last axis to ``rate``; all (rows, columns). Returns the largest |velocity|.

    F = upwind(u, rho's lines) - diffusion * (rho_{j+1} - rho_j), u_{j+1/2} = speed_factor * (phi_{j+1} - phi_j).
    """
    rows, n = rho.shape
    line, ends = np.empty(n + 4), np.empty(n + 2)
    fastest = 0.0
    for i in range(rows):
        for j in range(n + 4):  # two cells beyond each end: of the other end, or copies of the last ones
            cell = j - 2
            if cell < 0:
                cell = cell + n if periodic else 0
            elif cell >= n:
                cell = cell - n if periodic else n - 1
            line[j] = rho[i, cell]
        for j in range(n + 2):
            ends[j] = limited_slope(limiter, line[j], line[j + 1], line[j + 2])
        for j in range(n - 1):
            u = speed_factor * (phi[i, j + 1] - phi[i, j])
            fastest = abs(u) if abs(u) > fastest else fastest
            flux = upwind(u, line[j + 2] + ends[j + 1], line[j + 3] - ends[j + 2]) - diffusion * (line[j + 3] - line[j + 2])
            rate[i, j] -= flux
            rate[i, j + 1] += flux
        if periodic:
            u = speed_factor * (phi[i, 0] - phi[i, n - 1])
            fastest = abs(u) if abs(u) > fastest else fastest
            flux = upwind(u, line[n + 1] + ends[n], line[2] - ends[1]) - diffusion * (line[2] - line[n + 1])
            rate[i, n - 1] -= flux
            rate[i, 0] += flux
    return fastest


@njit(cache=True, nogil=True, error_model="numpy")
def along_columns(
    rho: Floats, phi: Floats, speed_factor: float, diffusion: float, limiter: int, periodic: bool, rate: Floats
) -> float:
    """The same along the first axis."""
    n, columns = rho.shape
    ends = np.empty((2, columns))
    fastest = 0.0
    last = n if periodic else n - 1
    for i in range(-1, last):  # the face between the rows i and i + 1; at -1 only the slopes of row 0 are made
        here, there = i % n, (i + 1) % n
        after = (i + 2) % n if periodic else min(i + 2, n - 1)
        before = here if periodic or i >= 0 else 0
        new, old = ends[(i + 1) % 2], ends[i % 2]
        for j in range(columns):
            new[j] = limited_slope(limiter, rho[before, j], rho[there, j], rho[after, j])
        if i < 0:
            continue
        for j in range(columns):
            u = speed_factor * (phi[there, j] - phi[here, j])
            fastest = abs(u) if abs(u) > fastest else fastest
            flux = upwind(u, rho[here, j] + old[j], rho[there, j] - new[j]) - diffusion * (rho[there, j] - rho[here, j])
            rate[here, j] -= flux
            rate[there, j] += flux
    return fastest


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc"})
def moments(p: Floats, q: Floats, phi: Floats) -> tuple[float, float, float, float, float]:
    """Returns the sums of (p - q) phi, phi^2, p^2, q^2, and the largest of p and q; all (count,). One order, on one thread."""
    work, potential, first, second, largest = 0.0, 0.0, 0.0, 0.0, 0.0
    for j in range(p.size):
        work += (p[j] - q[j]) * phi[j]
        potential += phi[j] * phi[j]
        first += p[j] * p[j]
        second += q[j] * q[j]
        top = p[j] if p[j] > q[j] else q[j]
        largest = top if top > largest else largest
    return work, potential, first, second, largest


def transport(
    rho: Floats, phi: Floats, velocity: float, spacing: float, diffusion: float, limiter: int, periodic: bool
) -> tuple[Floats, float]:
    """Returns (-div(rho velocity grad phi - diffusion grad rho), sum over axes of the largest |velocity| / h).

    rho, phi: (points,) or (points, points).  velocity: the factor of grad phi.
    """
    factor, spread = velocity / spacing**2, diffusion / spacing**2
    rate = np.zeros_like(rho)
    if rho.ndim == 1:
        return rate, along_rows(rho[None], phi[None], factor, spread, limiter, periodic, rate[None])
    speed = along_rows(rho, phi, factor, spread, limiter, periodic, rate)
    return rate, speed + along_columns(rho, phi, factor, spread, limiter, periodic, rate)
