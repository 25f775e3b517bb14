"""Sums over particles on a torus by the Fourier series of the periodized kernel."""

from __future__ import annotations

from math import log, pi, sqrt

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.lattice_modes import MOST_MODES, Tail, coefficients, most_radius, tail
from wgflow.dynamics.sums.lattice_sum import LatticeMethod, LatticeSum, Place, bounds, gradient
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.kernels.kernel import Kernel

LEAST_TOLERANCE = 1e-13
_FOR_MODES, _FOR_TRANSFORMS = 0.5, 0.3  # shares of the tolerance


def check_request(kernel: Kernel, dim: int, tolerance: float) -> None:
    """Raises InputError where these sums are not made for the dimension or the accuracy."""
    if not 1 <= dim <= 3:
        raise InputError(f"sums by the non-uniform FFT exist for dim 1 to 3, not {dim}; type --method direct.")
    if not LEAST_TOLERANCE <= tolerance <= 0.1:
        raise InputError(f"accuracy {tolerance:g} is not between {LEAST_TOLERANCE:g} and 0.1; type --accuracy 1e-9, say.")
    kernel.check_dimension(dim)


def precision_for(tolerance: float, size: Floats, step: float, gradient: float, potential: float) -> float:
    """Returns the accuracy that each transform must have: its errors are spread over the modes like noise."""
    radius = size.shape[0] // 2
    squares = sum(np.meshgrid(*[np.arange(-radius, radius + 1.0) ** 2] * size.ndim, indexing="ij", sparse=True))
    noise = [sqrt(float(np.sum(size**2 * squares))) * step, sqrt(float(np.sum(size**2)))]
    ratios = [scale / each for scale, each in zip((gradient, potential), noise, strict=True) if each > 0]
    return tolerance * _FOR_TRANSFORMS * min(ratios, default=1.0)


class Fourier(LatticeMethod):
    """Sums of the periodized kernel without its mean, on the torus of side ``period``, n <= 3.

    e(z) = sum over m != 0 of F(e)(k) exp(-H^2 k^2 / 2) exp(i h m.z) / L^n, k = h |m|, h = 2 pi / L: the kernel smoothed by
    a Gaussian of width H = ``smoothing``, whose growth rates are those of F(e)(k) exp(-H^2 k^2 / 2). The error is at most
    tolerance * sum |w_j| * max over m of k |F(e)(k)| / L^n (without k for the potential). That maximum never exceeds
    the mean of |grad e| over the torus, and so the largest value that sum_j |w_j| |grad e(x - s_j)| takes anywhere.
    Raises InputError where that takes too many modes; the message says what is in reach.

    >>> import numpy as np
    >>> from wgflow.kernels.text import parse
    >>> sums = Fourier(parse("rbf(0.5)"), dim=1, period=2 * np.pi)
    >>> x = np.linspace(0, 2 * np.pi, 10, endpoint=False)[:, None]
    >>> float(abs(sums.gradient(x, x, np.ones(10))).max()) < 1e-8  # a lattice is at rest
    True
    """

    def __init__(self, kernel: Kernel, dim: int, period: float, tolerance: float = 1e-9, smoothing: float = 0.0) -> None:
        check_request(kernel, dim, tolerance)
        if not 0 < period < float("inf"):
            raise InputError(f"period {period:g} must be positive; type --period 6.283185307179586, say.")
        if not 0 <= smoothing < float("inf"):
            raise InputError(f"softening {smoothing:g} must be a length >= 0; type --softening {period / 100:.2g}, say.")
        self.kernel, self.dim, self.period = kernel, dim, float(period)
        self.tolerance, self.smoothing = float(tolerance), float(smoothing)
        rest = tail(kernel, dim, self.period, self.smoothing)
        radius = rest.least_radius(_FOR_MODES * tolerance, rest.scale)
        if radius is None:
            raise InputError(self._refusal(rest))
        values = coefficients(kernel, dim, self.period, radius, self.smoothing)
        step = 2 * pi / self.period
        precision = precision_for(tolerance, values, step, rest.scale.gradient, rest.scale.potential)
        self.lattice = LatticeSum(values, self.period, precision)
        self.error_unit = rest.scale

    def gradient(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        return gradient(self, points, sources, weights)

    def potential(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        if not len(points) or not len(sources):
            return np.zeros(len(points))
        if bounds(points, sources) is None:
            return np.full(len(points), np.nan)
        return self.lattice.potential(points, self.lattice.modes(sources, weights))

    def place(self, low: Floats, high: Floats) -> Place:
        return Place(self.lattice, np.zeros(self.dim), 0.0)

    def seconds(self, points: int, sources: int) -> float:
        """Returns about the seconds of one gradient on one core."""
        return self.lattice.seconds(points, sources)

    def describe(self) -> str:
        modes = " x ".join([str(self.lattice.coefficients.shape[0])] * self.dim)
        softened = f", smoothed by a Gaussian of width {self.smoothing:g}" if self.smoothing else ""
        return f"Fourier series on the torus, {modes} modes by non-uniform FFT, error at most {self.tolerance:g}{softened}"

    def _refusal(self, rest: Tail) -> str:
        within = float(rest.error(rest.scale)[-1]) / _FOR_MODES
        most = MOST_MODES[self.dim]
        text = f"accuracy {self.tolerance:g} takes more than {most} Fourier modes of {self.kernel} on this torus"
        options = [f"--softening {self._enough_smoothing():.2g}"]
        if within < 0.09:
            options.insert(0, f"--accuracy {1.1 * within:.1e}")
        return f"{text}; type {' or '.join(options)}."

    def _enough_smoothing(self) -> float:
        """Returns a width H that the largest number of modes resolves."""
        width = sqrt(2 * log(10 / self.tolerance)) * self.period / (2 * pi * most_radius(self.dim))
        for _ in range(40):
            rest = tail(self.kernel, self.dim, self.period, float(f"{width:.2g}"))
            if rest.least_radius(_FOR_MODES * self.tolerance, rest.scale) is not None:
                break
            width *= 1.2
        return width
