"""Transforms in float64: for plots and scans."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb

from wgflow.arithmetic import ball, exact
from wgflow.arithmetic.ball_ops import OPS as BALLS
from wgflow.arithmetic.floating import OPS, Floats, as_floats, quiet
from wgflow.arithmetic.number import integer
from wgflow.fourier.spectral_sum import transform as exact_transform
from wgflow.kernels.family import MAX_DIMENSION
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.shape import PositiveShape, Shape
from wgflow.kernels.text import parse


def transform(kernel: object, k: Any, dim: object = 2) -> Floats:
    """Returns F(e)(k) in R^dim in float64: the integral of e(|x|) exp(-i xi.x) dx at |xi| = k > 0.

    kernel: text, Kernel, Python function of r, or `wgflow.Table`.  k: wavenumbers, any shape; the result has the same.
    Generalized where e is not integrable (sources in each family's docstring). Named kernels from closed forms, to a
    relative accuracy per term of about 1e-15 |log F|; values beyond the doubles become 0 or infinity, and compactly
    supported kernels take longer. Expressions, functions and tables by quadrature (`wgflow.hankel`); the error of each
    value is in the record that `wgflow.transformed` returns. Raises InputError.

    >>> float(transform("laplace", 0.0 + 1.0, dim=1))
    1.0
    """
    n = integer(dim, "dim", 1, MAX_DIMENSION)
    if not isinstance(kernel, (str, Kernel)):
        from wgflow.fourier.transformed import quadrature  # late: few kernels are sampled

        return quadrature(kernel, n, as_floats(k))[0]
    e = parse(kernel)
    closed = Kernel(tuple(term for term in e.terms if not term.family.is_written()))
    total = closed_values(closed, n, as_floats(k))
    if len(closed.terms) < len(e.terms):
        from wgflow.fourier.hankel import hankel  # late: many kernels are named

        e.check_dimension(n)
        return total + hankel(Kernel(tuple(term for term in e.terms if term.family.is_written())), k, n)[0]
    return total


def closed_values(kernel: Kernel, n: int, wavenumbers: Floats) -> Floats:
    """Returns the transform of a kernel of named terms from its closed form."""
    total = np.zeros_like(wavenumbers)
    with quiet():
        for shape, coefficient in exact_transform(kernel, n).terms:
            amplitude = ball.real(coefficient)
            k2 = wavenumbers**2
            if isinstance(shape, PositiveShape):  # in logarithms: amplitude and shape alone may leave the doubles
                size = np.exp(shape.log_value(OPS, k2) + float(abs(amplitude).log()))
                total = total + (size if amplitude > 0 else -size)
            else:
                total = total + _oscillating(shape, coefficient, wavenumbers)
    return total


def _oscillating(shape: Shape, coefficient: exact.Real, wavenumbers: Floats) -> Floats:
    """coefficient * shape element by element from balls: in high dimensions each factor alone leaves the doubles."""

    def value(k: float) -> float:
        with ball.precision(80):
            return float((ball.real(coefficient) * shape.value(BALLS, arb(k) ** 2)).mid())

    return np.vectorize(value, otypes=[np.float64])(wavenumbers)
