"""The transform of a kernel in R^n as an exact sum of coefficients times shapes.

Equal shapes are merged exactly, whatever names they were written under: in dimension 3 an elastic and a Riesz kernel
become the same power of k. A difference that is identically zero has no terms left.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from flint import arb

from wgflow.arithmetic import ball, exact
from wgflow.arithmetic.ball_ops import OPS
from wgflow.fourier.local import Enclosed
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.shape import PositiveShape, Shape
from wgflow.record import record


@record
class SpectralSum:
    """A function of the wavenumber: the sum of coefficient * shape(k) over ``terms``."""

    terms: tuple[tuple[Shape, exact.Real], ...]

    @staticmethod
    def of(terms: Iterable[tuple[Shape, exact.Real]]) -> SpectralSum:
        """Returns the sum with equal shapes merged and exact zeros dropped."""
        merged: dict[Shape, exact.Real] = {}
        for shape, coefficient in terms:
            merged[shape] = merged.get(shape, exact.ZERO) + coefficient
        return SpectralSum(tuple((s, c) for s, c in merged.items() if not c.is_zero))

    def __add__(self, other: SpectralSum) -> SpectralSum:
        return SpectralSum.of(self.terms + other.terms)

    def __sub__(self, other: SpectralSum) -> SpectralSum:
        return self + other.times(exact.number(-1))

    def times(self, factor: exact.Real) -> SpectralSum:
        return SpectralSum.of((shape, coefficient * factor) for shape, coefficient in self.terms)

    @property
    def is_zero(self) -> bool:
        return not self.terms

    @property
    def is_log_concave(self) -> bool:
        """Whether every shape is a `PositiveShape`, so that logarithms can be compared."""
        return all(isinstance(shape, PositiveShape) for shape, _ in self.terms)

    @property
    def is_enclosed(self) -> bool:
        """Whether a shape has no closed form."""
        return any(isinstance(shape, Enclosed) for shape, _ in self.terms)

    def value(self, k: arb) -> arb:
        """Returns a ball that contains the sum at k > 0 (itself a ball)."""
        total = arb(0)
        for shape, coefficient in self.terms:
            total += ball.real(coefficient) * shape.value(OPS, k * k)
        return total


def transform(kernel: Kernel, n: int) -> SpectralSum:
    """Returns F(e)(k) in R^n, the generalized transform where e is not integrable, for k > 0.

    Term by term weight * a^n * amplitude(n) * shape(a k), with a^2 = scale2. Raises InputError where a term is
    undefined in R^n.

    >>> from wgflow.kernels.text import parse
    >>> transform(parse("elastic"), 3) == transform(parse("riesz(2)"), 3)
    True
    """
    kernel.check_dimension(n)
    dimension = Fraction(n)
    parts = []
    for term in kernel.terms:
        if term.family.is_written():
            from wgflow.fourier.radial import transform_of_tree  # late: few kernels are written out

            parts += [(shape, factor * term.weight) for factor, shape in transform_of_tree(term.family, n)]
            continue
        factor, shape = term.family.shape(dimension).stretched(term.scale2)
        amplitude = term.family.amplitude(exact, dimension)
        parts.append((shape, amplitude * exact.power(term.scale2, dimension / 2) * factor * term.weight))
    return SpectralSum.of(parts)
