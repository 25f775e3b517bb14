"""A kernel's terms as functions of a complex distance, for numerical transforms: catalogue names and expressions alike."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property, lru_cache
from math import inf
from typing import Any

import numpy as np

from wgflow.arithmetic.complex_floating import OPS, point
from wgflow.fourier.continuation import is_analytic, parity
from wgflow.kernels.compact import TopHat, Wendland
from wgflow.kernels.expression import Apply, Expression, Power, R, Tree, Trees, Written, evaluate, multiply
from wgflow.kernels.family import Family
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.matern import Matern, Yukawa
from wgflow.kernels.recognize import has_no_modes
from wgflow.kernels.written import Inside
from wgflow.record import record

_PER_OCTAVE = 32
_MIDDLE = 300 * _PER_OCTAVE  # the place of r = 1
PROBES = np.exp2(np.arange(-_MIDDLE, _MIDDLE + 1) / _PER_OCTAVE)  # distances from 1e-90 to 1e90
_NEGLIGIBLE = 1e-22


def extent_of(values: Any, n: int) -> float:
    """Returns a distance beyond which |e| r^n is negligible, given e at `PROBES`; infinity where e decays too slowly."""
    with np.errstate(all="ignore"):
        size = np.log(np.abs(values)) + n * np.log(PROBES)
    beyond = np.flatnonzero(np.isnan(size) | (size == np.inf))  # what leaves the doubles
    size = size[: beyond[np.argmax(beyond > _MIDDLE // 2)]] if len(beyond) and beyond[-1] > _MIDDLE // 2 else size
    top = np.max(size[size < np.inf], initial=-np.inf)
    above = np.flatnonzero(size > top + np.log(_NEGLIGIBLE))
    if not len(above) or above[-1] >= len(size) - 4:
        return inf
    last = float(PROBES[min(above[-1] + _PER_OCTAVE // 4, len(PROBES) - 1)])
    return last if last < 1e60 else inf


def scale_of(values: Any) -> float:
    """Returns the distance where |e| has fallen to half of its value at r = 0, or risen as much; 1 where it is singular."""
    size = np.abs(values)
    start = size[0] if np.isfinite(size[0]) and size[0] > 0 else np.inf
    moved = np.flatnonzero(np.abs(size - start) > start / 2) if start < np.inf else np.empty(0, dtype=int)
    return float(PROBES[moved[0]]) if len(moved) and PROBES[moved[0]] > 1e-30 else 1.0


@record
class Profile:
    """phi(r) = factor * tree(r) for r < end, 0 beyond; in the unit ``length``: e(r) = weight * phi(r/length)."""

    tree: Tree
    weight: float
    length: float
    end: float

    def at(self, z: Any) -> tuple[Any, Any]:
        """Returns (values, error bounds) at complex points."""
        with np.errstate(all="ignore"):
            found = evaluate(self.tree, OPS, point(z))
            shape = np.shape(z)
            return np.broadcast_to(found.value, shape), np.broadcast_to(found.error, shape)

    @cached_property
    def is_even(self) -> bool:
        """Whether phi is an even function that is analytic at 0: its values on the imaginary axis are real."""
        return parity(self.tree) == 1 and self.singularity <= 0

    @cached_property
    def singularity(self) -> float:
        """The p of |phi| ~ r^-p at 0 (up to logarithms), 0 where phi is bounded."""
        size = np.abs(self.at(PROBES[1e-3 * self.scale > PROBES].astype(complex))[0])
        finite = np.flatnonzero(np.isfinite(size) & (size > 0))
        if len(finite) < 2:
            return 0.0
        first = max(int(finite[0]), int(finite[-1]) - 20 * _PER_OCTAVE)  # over six decades
        power = np.log(size[first] / size[finite[-1]]) / np.log(PROBES[finite[-1]] / PROBES[first])
        return max(0.0, round(float(power), 2)) if power > 0.05 else 0.0

    def extent(self, n: int) -> float:
        """Returns a distance beyond which |phi| r^n is negligible, or infinity where phi decays too slowly."""
        return self.end if self.end < inf else _extent(self, n)

    @cached_property
    def scale(self) -> float:
        """A distance on which phi varies."""
        return scale_of(self.at(PROBES.astype(complex))[0])

    def strip(self, n: int) -> float:
        """Returns a height a such that phi is analytic for 0 <= Im z <= a, Re z >= 0 (apart from 0), infinity where entire."""
        return _strip(self.tree, self.scale, min(self.extent(n), 1e9 * self.scale))

    def sector(self, angle: float) -> float:
        """Returns a distance R such that phi is analytic at R + z for 0 <= arg z <= angle, infinity where none was found."""
        return _sector(self.tree, self.scale, angle)

    def mass(self, n: int) -> float:
        """Returns about the integral of |phi| r^{n-1} dr, infinity where phi decays too slowly."""
        extent = self.extent(n)
        r = PROBES[(extent > PROBES) & (1e-40 * extent < PROBES)]
        size = np.abs(self.at(r.astype(complex))[0]) * (r / extent) ** n if extent < inf else np.array([inf])
        return float(np.sum(size[np.isfinite(size)]) * np.log(2) / _PER_OCTAVE) * extent**n if extent < inf else inf

    @cached_property
    def grows_too_fast(self) -> bool:
        """Whether phi grows faster than the powers that are read: then it has no transform, not even a generalized one."""
        with np.errstate(all="ignore"):
            size = np.log(np.abs(self.at(PROBES[_MIDDLE // 2 :].astype(complex))[0]))
        if self.end < inf or not np.any(size == np.inf):
            return False
        last = int(np.argmax(size == np.inf)) - 1
        return bool(last > 8 and size[last] - size[last - 1] > 205 * np.log(2) / _PER_OCTAVE)


def _line(length: float, scale: float) -> Any:
    """Distances from 0 (left out) to ``length``, close together near 0, evenly spaced for a while, then in proportion."""
    near = min(length, 100 * scale)
    parts = [np.geomspace(1e-9 * near, near, 400), np.linspace(0, near, 2001)[1:]]
    if length > near:
        parts.append(np.geomspace(near, length, 60 * int(np.log2(length / near) + 1)))
    return np.unique(np.concatenate(parts))


def _rectangle(right: float, height: float, scale: float) -> Any:
    along, up = _line(right, scale), _line(height, scale)
    over = np.concatenate((along[::-1], [0.0])) + 1j * height
    return np.concatenate((along + 0j, right + 1j * up, over, 1j * up[::-1], along[:1] + 0j))


@lru_cache(maxsize=256)
def _extent(profile: Profile, n: int) -> float:
    return extent_of(profile.at(PROBES.astype(complex))[0], n)


@lru_cache(maxsize=256)
def _strip(tree: Tree, scale: float, right: float) -> float:
    with np.errstate(all="ignore"):
        good, bad = 0.0, inf
        for power in range(-12, 9):
            height = scale * 2.0**power
            if not is_analytic(tree, _rectangle(max(right, 4 * height), height, scale)):
                bad = height
                break
            good = height
        if bad == inf:
            return inf
        for _ in range(9):
            middle = (max(good, bad / 4) + bad) / 2 if good else bad / 2
            if is_analytic(tree, _rectangle(max(right, 4 * middle), middle, scale)):
                good = middle
            else:
                bad = middle
    return good


@lru_cache(maxsize=256)
def _sector(tree: Tree, scale: float, angle: float) -> float:
    with np.errstate(all="ignore"):
        for start in (0.0, *(scale * 2.0**power for power in range(-4, 8))):
            far = 1e5 * scale
            line = np.concatenate(([0.0], _line(far, scale))) if start else _line(far, scale)
            arc = far * np.exp(1j * np.linspace(0, angle, 500))[1:-1]
            back = line[::-1] * (1j if angle == np.pi / 2 else np.exp(1j * angle))
            if is_analytic(tree, start + np.concatenate((line + 0j, arc, back, line[:1] + 0j))):
                return start
    return inf


@lru_cache(maxsize=64)
def profiles(kernel: Kernel, n: int) -> tuple[Profile, ...]:
    """Returns the terms of a kernel in R^n, apart from those without modes (constants and even powers of r)."""
    out = []
    for term in kernel.terms:
        if isinstance(term.family, Expression) and has_no_modes(term.family.tree):
            continue
        factor, length2, tree, end = _continued(term.family, n)
        out.append(Profile(tree, float(term.weight) * factor, float(term.scale2 * length2) ** 0.5, end))
    return tuple(out)


def _continued(family: Family, n: int) -> tuple[float, Fraction, Tree, float]:
    """Returns (factor, length^2, tree, end): phi(r) = factor * tree(r/length) inside its support."""
    dimension, r2 = Fraction(n), Written(Power(Fraction(2)))
    match family:
        case Expression(tree):
            return 1.0, Fraction(1), tree, inf
        case Matern(nu) if nu != Fraction(1, 2):
            from scipy.special import gamma

            bessel = Apply("besselk", R, nu)
            return 2.0 ** (1 - float(nu)) / float(gamma(float(nu))), Fraction(1), multiply((Power(nu), bessel)), inf
        case Yukawa(length2):
            order = 1 - dimension / 2
            factor = (2 * np.pi) ** (-n / 2) * float(length2) ** float(order)
            bessel = Apply("besselk", R, abs(order))
            return float(factor), length2, multiply((Power(order), bessel)) if order else bessel, inf
        case Wendland() | TopHat():
            inside = family.profile(Inside(), r2, dimension)
            return 1.0, Fraction(1), inside.tree, 1.0
    return 1.0, Fraction(1), family.profile(Trees(), r2, dimension).tree, inf
