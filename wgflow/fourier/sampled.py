"""Transforms of kernels that are known at real distances alone: a Python function, or a table of points.

Nothing can be proved about them: a table says nothing between and beyond its points, a function nothing beyond the
distances at which it was called. The error estimates say what they rest on.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import numpy as np

from wgflow.arithmetic.complex_floating import EPS
from wgflow.arithmetic.number import InputError
from wgflow.fourier.contour import COARSE, FINE, PHASE, Path, Piece, TooManyPanels, adapted, gauss, integrate
from wgflow.fourier.profile import PROBES, extent_of, scale_of
from wgflow.fourier.waves import mean_wave, mean_wave_envelope, sphere
from wgflow.record import record

LEAST_ROWS, MOST_ROWS = 8, 200_000
_BLOCK = 1 << 20


# --- a function ---------------------------------------------------------------------------------------------------


@record
class Sampled:
    """A function of real r, seen as a profile on the real axis (see `wgflow.fourier.profile.Profile`)."""

    function: Callable[[Any], Any]

    def at(self, z: Any) -> tuple[Any, Any]:
        """Returns (values, error bounds); the function is taken to be right to a few units of the last place."""
        r = np.real(z)
        try:
            values = np.asarray(self.function(r), dtype=np.float64)
            if values.shape != r.shape:
                raise ValueError
        except (TypeError, ValueError):  # written for one number at a time
            values = np.vectorize(self.function, otypes=[np.float64])(r)
        return values.astype(complex), 8 * EPS * np.abs(values)


def of_function(function: Callable[[Any], Any], n: int, k: Any) -> tuple[Any, Any]:
    """Returns (value, error) of the transform in R^n of a Python function e(r), r > 0, at each k.

    The error is the difference of two quadratures plus rounding, under the assumption that e has no feature between the
    nodes of an adaptive quadrature. Raises InputError where e does not decay or is not finite.
    """
    profile = Sampled(function)
    with np.errstate(all="ignore"):
        values = profile.at(PROBES)[0].real
        extent, scale = extent_of(values, n), scale_of(values)
    if not extent < inf:
        raise InputError(
            "the function does not decay fast enough for its transform to be an integral over sampled values; "
            "type it as an expression in r, such as '1/(1+r**4)', for the generalized transform."
        )
    order = np.argsort(k)
    value, error = np.zeros(len(k)), np.zeros(len(k))
    index = np.maximum(np.floor(np.log2(k[order])), np.floor(np.log2(PHASE / extent)))
    for group in (order[index == each] for each in np.unique(index)):
        value[group], error[group] = _standing(profile, n, k[group], extent, scale)
    return value, error


def _standing(profile: Any, n: int, k: Any, extent: float, scale: float) -> tuple[Any, Any]:
    depth = np.exp2(np.arange(-max(0, int(np.log2(8 * extent / scale))), 1))
    breaks = extent * np.concatenate(([0.0], depth))
    other = np.concatenate((breaks[:1], 0.9 * breaks[1:-1], breaks[-1:]))
    with np.errstate(all="ignore"):
        try:
            paths = [Path((Piece("standing", 0, 1, b),), extent) for b in (breaks, other)]
            one, two = (adapted(profile, n, path, float(k[0]), float(k[-1])) for path in paths)
        except TooManyPanels:  # so many oscillations that only the size of the integrand is known
            return np.zeros(len(k)), _size(profile, n, k, extent)
        fine, rounding, _ = integrate(profile, n, one, k, FINE)
        coarse = integrate(profile, n, two, k, COARSE)[0]
    return fine * extent**n, (np.abs(fine - coarse) + rounding) * extent**n


def _size(profile: Any, n: int, k: Any, extent: float) -> Any:
    """Returns omega_n times the integral of |e| r^{n-1} |wave|: a bound of |F|."""
    r = extent * np.exp2(np.arange(-400, 1) / 8)
    density = np.exp(sphere(n)) * np.abs(profile.at(r)[0]) * r**n * (np.log(2) / 8)
    return 2 * mean_wave_envelope(n, k[:, None] * r) @ np.where(np.isfinite(density), density, 0.0)


# --- a table ------------------------------------------------------------------------------------------------------


@record
class Table:
    """Points (r, e(r)): r increasing from r >= 0, at least 8 rows."""

    r: tuple[float, ...]
    e: tuple[float, ...]

    @staticmethod
    def of(r: Any, e: Any) -> Table:
        """Returns the table of two columns; raises InputError (one line) for columns that are none."""
        distances, values = np.asarray(r, dtype=np.float64).ravel(), np.asarray(e, dtype=np.float64).ravel()
        if len(distances) != len(values):
            raise InputError(f"the table has {len(distances)} values of r and {len(values)} of e; they must be as many.")
        if not LEAST_ROWS <= len(distances) <= MOST_ROWS:
            raise InputError(f"the table has {len(distances)} rows; {LEAST_ROWS} to {MOST_ROWS} are read.")
        for name, column in (("r", distances), ("e", values)):
            if not np.all(np.isfinite(column)):
                row = int(np.flatnonzero(~np.isfinite(column))[0]) + 1
                raise InputError(f"row {row} of the table has no finite number in column {name}; remove or mend that row.")
        if distances[0] < 0 or np.any(np.diff(distances) <= 0):
            row = 1 if distances[0] < 0 else int(np.flatnonzero(np.diff(distances) <= 0)[0]) + 2
            raise InputError(f"row {row} of the table: r must be >= 0 and increase from row to row; sort the rows by r.")
        return Table(tuple(distances.tolist()), tuple(values.tolist()))


def of_table(table: Table, n: int, k: Any) -> tuple[Any, Any]:
    """Returns (value, error) of the transform in R^n of a table, interpolated by a spline of degree 5, 0 beyond its end.

    error: what a spline of degree 3, or half of the points, change; what e may hold below the first r and beyond the last
    if it goes on falling there; rounding. Beyond k = pi/(largest step) the points cannot tell: there the error is the
    integral of the sizes, without oscillation.
    """
    from scipy.interpolate import make_interp_spline

    r, e = np.array(table.r), np.array(table.e)
    half = np.unique(np.append(np.arange(0, len(r), 2), len(r) - 1))
    quintic, rounding = _spline_transform(make_interp_spline(r, e, 5), r, n, k)
    cubic, _ = _spline_transform(make_interp_spline(r, e, 3), r, n, k)
    degree = 5 if len(half) > 5 else 3
    thin, _ = _spline_transform(make_interp_spline(r[half], e[half], degree), r[half], n, k)
    error = np.maximum(np.abs(quintic - cubic), np.abs(quintic - thin) / 2) + rounding + _ends(r, e, n, k)
    blind = k * np.max(np.diff(r)) > np.pi
    if np.any(blind):
        size = np.exp(sphere(n)) * np.abs(e) * r ** (n - 1) * np.gradient(r)
        error[blind] += 2 * mean_wave_envelope(n, np.maximum(k[blind, None] * r, 1e-300)) @ size
    return quintic, error


def _spline_transform(spline: Any, knots: Any, n: int, k: Any) -> tuple[Any, Any]:
    """Returns (value, rounding error): Gauss points in every interval, more of them where the wave turns in it."""
    nodes, weights, _ = gauss(10)
    value, error = np.zeros(len(k)), np.zeros(len(k))
    parts = np.maximum(1, np.ceil(np.diff(knots) * float(np.max(k)) / PHASE)).astype(int)
    if parts.sum() > 40 * MOST_ROWS // 10:
        parts = np.minimum(parts, 4)  # far beyond what the points resolve
    inner = [np.linspace(a, b, c, endpoint=False) for a, b, c in zip(knots[:-1], knots[1:], parts, strict=True)]
    edges = np.append(np.concatenate(inner), knots[-1])
    width = np.diff(edges)[:, None] / 2
    r = (edges[:-1, None] + width * (1 + nodes)).ravel()
    density = np.exp(sphere(n) + (n - 1) * np.log(r)) * spline(r) * (width * weights).ravel()
    step = max(1, _BLOCK // len(r))
    for start in range(0, len(k), step):
        z = k[start : start + step, None] * r
        value[start : start + step] = mean_wave(n, z) @ density
        error[start : start + step] = (mean_wave_envelope(n, z) * (20 + z)) @ np.abs(density) * EPS
    return value, error


def _ends(r: Any, e: Any, n: int, k: Any) -> Any:
    """Returns what may lie below the first point and beyond the last one, if |e| goes on as at these ends: constant below,
    a power of r beyond. Of a falling oscillation no more than half a wave counts (second mean value theorem)."""
    inside = np.exp(sphere(n)) * np.max(np.abs(e[:3])) * r[0] ** n / n
    last = np.max(np.abs(e[-max(3, len(r) // 50) :]))
    power = n - _fall(r, e)
    with np.errstate(all="ignore"):
        grown = np.log1p(np.pi / (k * r[-1]))
        length = grown if power == 0 else np.expm1(power * grown) / power
    return inside + 4 * np.exp(sphere(n)) * last * r[-1] ** n * mean_wave_envelope(n, k * r[-1]) * length


def _fall(r: Any, e: Any) -> float:
    """Returns the q >= 0 of |e| ~ r^-q over the last quarter of a table."""
    middle = len(r) * 3 // 4
    near, far = np.max(np.abs(e[middle - 1 : middle + 2])), np.max(np.abs(e[-3:]))
    if far == 0 or near <= far:
        return 1e3 if far == 0 else 0.0
    return float(np.log(near / far) / np.log(r[-1] / r[middle]))
