"""Scale mixtures of Gaussians: e(r) = integral of exp(-r^2 t) dmu(t), with the same mixing measure mu in every dimension.

Then F(e)(k) = integral of (pi/t)^{n/2} exp(-k^2/4t) dmu(t) in every R^n (Schoenberg 1938, Ann. Math. 39; Wendland 2005,
theorem 7.13). For conditionally positive definite kernels (energy, log, multiquadric) mu represents e up to a constant,
which no mode k > 0 sees.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from wgflow.arithmetic import exact
from wgflow.record import record

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any

ZERO = Fraction(0)
Size = tuple[Fraction, Fraction]  # (b, p): the function t^p exp(-b/t)


@record
class GammaShape:
    """The function t^p exp(-a t - b/t) of t > 0, with a, b >= 0: positive, its logarithm concave in log t."""

    p: Fraction
    a: Fraction = ZERO
    b: Fraction = ZERO

    def log_value(self, ops: Any, t: Any) -> Any:
        return ops.number(self.p) * ops.log(t) - ops.number(self.a) * t - ops.number(self.b) / t

    def log_slope(self, ops: Any, t: Any) -> Any:
        """Returns d log / d log t = p - a t + b/t, which falls as t grows."""
        return ops.number(self.p) - ops.number(self.a) * t + ops.number(self.b) / t

    def inverted(self) -> GammaShape:
        """Returns the function of u = 1/t: what happens as t tends to infinity happens there as u tends to 0."""
        return GammaShape(-self.p, self.b, self.a)


Density = tuple[tuple[GammaShape, exact.Real], ...]


@record
class MixingMeasure:
    """A signed measure on t > 0: weights at points t, and the density that is the sum of coefficient * shape(t).

    Equal atoms and equal shapes are merged exactly: a measure that is identically zero has neither.
    """

    atoms: tuple[tuple[Fraction, exact.Real], ...] = ()
    density: Density = ()

    @staticmethod
    def of(atoms: Iterable[tuple[Fraction, exact.Real]], density: Iterable[tuple[GammaShape, exact.Real]]) -> MixingMeasure:
        """Returns the measure with equal parts merged and exact zeros dropped."""
        weights: dict[Fraction, exact.Real] = {}
        for t, weight in atoms:
            weights[t] = weights.get(t, exact.ZERO) + weight
        merged: dict[GammaShape, exact.Real] = {}
        for shape, coefficient in density:
            merged[shape] = merged.get(shape, exact.ZERO) + coefficient
        return MixingMeasure(
            tuple((t, w) for t, w in sorted(weights.items(), key=lambda item: item[0]) if not w.is_zero),
            tuple((s, c) for s, c in merged.items() if not c.is_zero),
        )

    @staticmethod
    def atom(t: Fraction) -> MixingMeasure:
        """Returns the unit weight at t, the measure of exp(-r^2 t)."""
        return MixingMeasure(((t, exact.ONE_REAL),))

    @staticmethod
    def gamma(coefficient: exact.Real, p: Fraction, a: Fraction = ZERO, b: Fraction = ZERO) -> MixingMeasure:
        """Returns the measure with density coefficient * t^p exp(-a t - b/t)."""
        return MixingMeasure((), ((GammaShape(p, a, b), coefficient),))

    def __add__(self, other: MixingMeasure) -> MixingMeasure:
        return MixingMeasure.of(self.atoms + other.atoms, self.density + other.density)

    def __sub__(self, other: MixingMeasure) -> MixingMeasure:
        return self + other.times(exact.number(-1))

    def times(self, factor: exact.Real) -> MixingMeasure:
        return MixingMeasure.of(((t, w * factor) for t, w in self.atoms), ((s, c * factor) for s, c in self.density))

    def stretched(self, scale2: Fraction) -> MixingMeasure:
        """Returns the measure of e(r/a), a^2 = scale2: exp(-r^2 t) becomes exp(-r^2 t/a^2)."""
        parts = []
        for shape, coefficient in self.density:
            moved = GammaShape(shape.p, shape.a * scale2, shape.b / scale2)
            parts.append((moved, coefficient * exact.power(scale2, shape.p + 1)))
        return MixingMeasure.of(((t / scale2, w) for t, w in self.atoms), parts)

    @property
    def is_zero(self) -> bool:
        return not self.atoms and not self.density


def inverted(density: Density) -> Density:
    """Returns the density's value as a function of u = 1/t."""
    return tuple((shape.inverted(), coefficient) for shape, coefficient in density)


def expansion(density: Density, order: int) -> tuple[dict[Size, exact.Real], list[tuple[Size, exact.Real]]]:
    """Returns (terms, rests) of a density toward t = 0, merged exactly: t^p exp(-b/t) has the size (b, p).

    exp(-a t) = sum over j < order of (-a t)^j/j! + rest, |rest| <= (a t)^order/order! at every t > 0. So the density
    differs from the sum of coefficient * size over ``terms`` by at most that of |coefficient| * size over ``rests``.
    """
    terms: dict[Size, exact.Real] = {}
    rests: list[tuple[Size, exact.Real]] = []
    for shape, coefficient in density:
        part = coefficient
        for j in range(order):
            size = (shape.b, shape.p + j)
            terms[size] = terms.get(size, exact.ZERO) + part
            part = part * (-shape.a / (j + 1))
        if not part.is_zero:
            rests.append(((shape.b, shape.p + order), part))
    return {size: c for size, c in terms.items() if not c.is_zero}, rests
