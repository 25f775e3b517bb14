"""Sums of smooth kernels over particles in the whole space by the non-uniform FFT, with a tolerance that is kept."""

from __future__ import annotations

from math import ceil, log2

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.free_space import Series, expected_seconds, series
from wgflow.dynamics.sums.lattice_sum import LatticeMethod, Place, bounds, gradient
from wgflow.dynamics.sums.radial_sample import Radial
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.dynamics.sums.torus import check_request
from wgflow.kernels.kernel import Kernel

_PER_OCTAVE = 4  # of box sizes
_HOPELESS = 1e-8  # seconds a pair: direct sums take less in every way


class Nufft(LatticeMethod):
    """Sums of a kernel that is smooth at r = 0, for particles in R^n, n <= 3.

    In the particles' bounding box the kernel is replaced by a Fourier series (`wgflow.dynamics.sums.free_space`) that is compared
    with it before use; the box is one of a fixed list, four an octave, so that a series serves many steps and a resumed run
    meets the same ones. ``softening`` d puts r^2 + d^2 in the place of r^2. The error is at most tolerance * max over i of
    sum_j |w_j| |grad e(x_i - s_j)|, and likewise for the potential, as long as these sums are not much smaller than for
    particles spread evenly over the box. Raises `OutOfReach`, an InputError, where the kernel is not smooth enough.

    >>> from wgflow.kernels.text import parse
    >>> x = np.random.default_rng(0).normal(size=(50, 2))
    >>> sums = Nufft(parse("imq"), dim=2, tolerance=1e-10)
    >>> z = x[0] - x
    >>> exact = -(z * (1 + (z**2).sum(1, keepdims=True)) ** -1.5).sum(0)
    >>> bool(abs(sums.gradient(x, x, np.ones(50))[0] - exact).max() < 1e-8)
    True
    """

    def __init__(self, kernel: Kernel, dim: int, tolerance: float = 1e-9, softening: float = 0.0) -> None:
        check_request(kernel, dim, tolerance)
        if not 0 <= softening < float("inf"):
            raise InputError(f"softening {softening:g} must be a length >= 0; type --softening 0.01, say.")
        self.radial = Radial(kernel, dim, float(softening))
        self.tolerance = float(tolerance)

    def gradient(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        return gradient(self, points, sources, weights)

    def potential(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        if not len(points) or not len(sources):
            return np.zeros(len(points))
        box = bounds(points, sources)
        if box is None:
            return np.full(len(points), np.nan)
        place, mass = self.place(*box), float(np.sum(weights))
        if place is None:
            return np.full(len(points), float(self.radial.value(np.zeros(1))[0]) * mass)
        modes = place.lattice.modes(sources - place.centre, weights)
        return place.lattice.potential(points - place.centre, modes) + place.offset * mass

    def place(self, low: Floats, high: Floats) -> Place | None:
        side = float(np.max(high - low))
        if side == 0:
            return None
        extent = box_side(side)
        found = self.series_for(extent)
        return Place(found.lattice, np.round((low + high) / 2 / extent) * extent, found.offset)

    def series_for(self, extent: float) -> Series:
        """Returns the series for particles in a box with sides up to ``extent``."""
        return series(self.radial, extent, self.tolerance)

    def seconds(self, points: int, sources: int, side: float) -> float:
        """Returns about the seconds of one gradient on one core, for particles in a box of this side; raises OutOfReach.

        Where direct sums are much faster this is an estimate without a series, which may take seconds to make.
        """
        if side == 0:
            return 0.0
        extent = box_side(side)
        expected = expected_seconds(self.radial, extent, self.tolerance, points, sources)
        if expected > _HOPELESS * points * sources:
            return expected
        return self.series_for(extent).lattice.seconds(points, sources)

    def describe(self) -> str:
        softened = f", r^2 + {self.radial.softening:g}^2 for r^2" if self.radial.softening else ""
        return f"Fourier series in the particles' box by non-uniform FFT, error at most {self.tolerance:g}{softened}"


def box_side(side: float) -> float:
    """Returns the least power of 2^(1/4) that is not below the side: a function of the state alone.

    >>> box_side(1.0), box_side(1.1) == 2**0.25
    (1.0, True)
    """
    return 2.0 ** (ceil(_PER_OCTAVE * log2(side)) / _PER_OCTAVE)
