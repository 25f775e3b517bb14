"""The Fourier coefficients of a kernel on a lattice of modes, and how many of them a tolerance asks for.

A kernel on the torus of period L is the sum over m != 0 of F(e)(h |m|) exp(i h m.z) / L^n, h = 2 pi / L. Modes with some
|m_a| > K are left out, which moves the field of weights w by at most sum |w_j| times the sum of what is left out; that sum
is bounded over annuli, each with a bound of its number of lattice points (cubes around them lie in a wider annulus) and
the largest value of every term's |F| there.
"""

from __future__ import annotations

from itertools import pairwise
from math import gamma, inf, pi, sqrt
from typing import Any

import numpy as np

from wgflow.arithmetic.floating import Floats
from wgflow.fourier.hankel import hankel
from wgflow.fourier.values import closed_values
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.shape import PositiveShape
from wgflow.record import record

MOST_MODES = {1: 1 << 22, 2: 1 << 22, 3: 1 << 22}
_PER_OCTAVE = 16
_OCTAVES = 30
_NOTHING = 1e-20
_INSIDE = 4  # samples in an annulus, for transforms that oscillate


@record
class Scale:
    """What errors are measured by, for sum |w_j| = 1: a size of the gradient and of the potential."""

    gradient: float
    potential: float


@record
class Tail:
    """Bounds of what is left out beyond the radii K: sums of |k F| / L^n and |F| / L^n; and a scale from the modes."""

    radius: tuple[int, ...]
    gradient: tuple[float, ...]
    potential: tuple[float, ...]
    scale: Scale

    def error(self, scale: Scale) -> Any:
        """Returns the relative error at each radius."""
        with np.errstate(divide="ignore", invalid="ignore"):
            both = np.maximum(np.array(self.gradient) / scale.gradient, np.array(self.potential) / scale.potential)
        return np.where(np.isnan(both), 0.0, both)

    def least_radius(self, tolerance: float, scale: Scale) -> int | None:
        """Returns the least of the radii with that error, or None."""
        good = np.flatnonzero(self.error(scale) <= tolerance)
        return self.radius[good[0]] if len(good) else None


def most_radius(dim: int) -> int:
    """Returns the largest K that is computed.

    >>> [most_radius(n) for n in (1, 2, 3)]
    [2097151, 1023, 80]
    """
    return (int(MOST_MODES[dim] ** (1 / dim) + 1e-9) - 1) // 2


def transform_values(kernel: Kernel, dim: int, k: Floats) -> tuple[Floats, Floats]:
    """Returns (F(e)(k), an error): from closed forms (error 0 here) and, for expressions, by quadrature."""
    closed = Kernel(tuple(term for term in kernel.terms if not term.family.is_written()))
    written = Kernel(tuple(term for term in kernel.terms if term.family.is_written()))
    values, error = closed_values(closed, dim, k), np.zeros(k.shape)
    if written.terms:
        more, error = hankel(written, k, dim)
        values = values + more
    return values, error


def coefficients(kernel: Kernel, dim: int, period: float, radius: int, smoothing: float) -> Floats:
    """Returns c_m = F(e)(h|m|) exp(-(H h |m|)^2 / 2) / L^n, shape (2 radius + 1,)^n, with c_0 = 0; H = smoothing."""
    squares = squared_radii(radius, dim)
    present = np.unique(squares)
    k = 2 * pi / period * np.sqrt(present[1:].astype(float))
    values = np.concatenate(([0.0], transform_values(kernel, dim, k)[0] * np.exp(-((smoothing * k) ** 2) / 2)))
    return mirrored(values[np.searchsorted(present, squares)] / period**dim)


def squared_radii(radius: int, dim: int) -> Any:
    """Returns |m|^2 for 0 <= m_a <= radius, shape (radius + 1,)^n."""
    one = np.arange(radius + 1, dtype=np.int64) ** 2
    return sum(np.meshgrid(*[one] * dim, indexing="ij", sparse=True))


def mirrored(part: Floats) -> Floats:
    """Returns the even continuation, from m_a = 0..K to -K..K along each axis."""
    for axis in range(part.ndim):
        part = np.concatenate((np.flip(part, axis).take(range(part.shape[axis] - 1), axis), part), axis)
    return np.ascontiguousarray(part)


def tail(kernel: Kernel, dim: int, period: float, smoothing: float) -> Tail:
    """Returns the bounds of what is left out, at radii from 1 to the largest that is computed."""
    edges = _edges()
    step = 2 * pi / period
    k = step * edges
    bound = sum((_sizes(Kernel((term,)), dim, k) for term in kernel.terms), np.zeros(len(k) - 1))
    volume, cube = pi ** (dim / 2) / gamma(dim / 2 + 1), sqrt(dim) / 2
    count = volume * ((edges[1:] + cube) ** dim - np.maximum(edges[:-1] - cube, 0.0) ** dim)
    potential = count * bound * np.exp(-((smoothing * k[:-1]) ** 2) / 2) / period**dim
    sums = [_beyond(each) for each in (potential * k[1:], potential)]
    own = step * np.concatenate(([1.0], edges))
    size = np.abs(transform_values(kernel, dim, own)[0]) * np.exp(-((smoothing * own) ** 2) / 2) / period**dim
    scale = Scale(float(np.max(size * own)), float(np.max(size)))
    inside = np.flatnonzero(edges - 1 <= most_radius(dim))
    radius = tuple(int(edge) - 1 for edge in edges[inside])
    return Tail(radius, tuple(sums[0][inside].tolist()), tuple(sums[1][inside].tolist()), scale)


def _edges() -> Floats:
    """Integers from 2: all of them up to 2 * _PER_OCTAVE, then about _PER_OCTAVE an octave."""
    fine = np.arange(2, 2 * _PER_OCTAVE)
    coarse = np.round(np.exp2(np.arange(np.log2(2 * _PER_OCTAVE), _OCTAVES, 1 / _PER_OCTAVE)))
    return np.concatenate((fine, coarse)).astype(float)


def _sizes(term: Kernel, dim: int, k: Floats) -> Floats:
    """The largest |F| of one term on each interval between the k: at its left end where F decreases, else from samples."""
    family = term.terms[0].family
    if family.is_written():
        return _written_sizes(term, dim, k)
    if isinstance(family.shape(dim), PositiveShape):
        return np.abs(closed_values(term, dim, k[:-1]))
    inner = np.concatenate([np.linspace(a, b, _INSIDE, endpoint=False) for a, b in pairwise(k)])
    return 1.5 * np.max(np.abs(closed_values(term, dim, inner)).reshape(-1, _INSIDE), axis=1)


def _written_sizes(term: Kernel, dim: int, k: Floats) -> Floats:
    """|F| + its error at the left ends, octave by octave until nothing is left: quadratures take long."""
    sizes = np.zeros(len(k) - 1)
    for start in range(0, len(sizes), _PER_OCTAVE):
        part = slice(start, start + _PER_OCTAVE)
        values, error = hankel(term, k[:-1][part], dim)
        sizes[part] = np.where(error < inf, 1.5 * np.abs(values) + error, inf)
        amount = sizes * k[:-1] ** (dim + 1)
        if np.max(amount[part]) <= _NOTHING * np.max(amount) or np.isinf(sizes[part]).any():
            sizes[part.stop :] = sizes[part][-1] if np.isinf(sizes[part]).any() else 0.0
            break
    return sizes


def _beyond(annuli: Floats) -> Floats:
    """Sums from each annulus to infinity: the annuli, and beyond the last octave a geometric series by octaves."""
    last, before = annuli[-_PER_OCTAVE:].sum(), annuli[-2 * _PER_OCTAVE : -_PER_OCTAVE].sum()
    ratio = last / before if before > 0 else 0.0
    rest = last * ratio / (1 - ratio) if ratio < 0.9 else inf
    return np.cumsum(annuli[::-1])[::-1] + rest
