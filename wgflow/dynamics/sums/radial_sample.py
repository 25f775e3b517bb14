"""A radial kernel in float64 with its slope, and the sizes of its gradient and of itself over distances up to an extent."""

from __future__ import annotations

from fractions import Fraction
from math import gamma, pi

import numpy as np

from wgflow.arithmetic.dual import Duals
from wgflow.arithmetic.floating import OPS, Floats
from wgflow.kernels.kernel import Kernel
from wgflow.record import record

_CLOSEST = 1e-200


@record
class Radial:
    """e(r) in R^dim, with r^2 + softening^2 in the place of r^2."""

    kernel: Kernel
    dim: int
    softening: float = 0.0

    def value(self, r2: Floats) -> Floats:
        """Returns e at distances whose squares are r2."""
        with np.errstate(all="ignore"):
            found = self.kernel.profile(OPS, r2 + self.softening**2, self.dim)
        return np.broadcast_to(np.asarray(found, dtype=float), np.shape(r2))

    def slope(self, r2: Floats) -> Floats:
        """Returns de/d(r^2), so that grad e(z) = 2 slope z."""
        ops = Duals(OPS)
        away = np.maximum(r2 + self.softening**2, _CLOSEST)  # sqrt has no slope at 0
        total = np.zeros(np.shape(r2))
        with np.errstate(all="ignore"):
            for term in self.kernel.terms:
                scaled = ops.variable(away / float(term.scale2))
                found = term.family.profile(ops, scaled, Fraction(self.dim)).slope
                total = total + float(term.weight / term.scale2) * (0.0 if found is None else found)
        return total

    def gradient(self, differences: Floats) -> Floats:
        """Returns grad e at differences (P, n), (P, n)."""
        r2 = np.sum(differences**2, axis=1)
        return 2 * np.where(r2 > 0, self.slope(r2), 0.0)[:, None] * differences


@record
class Sizes:
    """Means of |grad e| and |e| over differences in a box or its inner half, the smaller, and their maxima."""

    gradient: float
    potential: float
    most_gradient: float
    most_potential: float


def sizes(radial: Radial, extent: float) -> Sizes:
    """Returns the sizes over 0 <= r <= extent; the means leave out the corners of the box, so they are too small at most.

    >>> from wgflow.kernels.text import parse
    >>> found = sizes(Radial(parse("rbf"), 1), 10.0)
    >>> round(found.gradient, 4), round(found.most_gradient, 3)  # 1/10, exp(-1/2)
    (0.1, 0.607)
    """
    r = extent * np.unique(np.concatenate((np.geomspace(1e-7, 1, 3000), np.linspace(0, 1, 3000))))
    value, middle, n = radial.value(r**2), (r[1:] + r[:-1]) / 2, radial.dim
    steepness = np.abs(np.diff(value)) / np.diff(r)
    shell = 2 * pi ** (n / 2) / gamma(n / 2) / 2**n * middle ** (n - 1) * np.diff(r)
    magnitude = np.abs(value[1:])
    means = [
        min(float(np.sum((shell * each)[middle <= part])) / part**n for part in (extent, extent / 2))
        for each in (steepness, magnitude)
    ]
    return Sizes(means[0], means[1], float(np.max(steepness)), float(np.max(np.abs(value))))
