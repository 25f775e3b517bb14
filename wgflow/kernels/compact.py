"""Kernels of compact support: Wendland's functions and the top hat."""

from __future__ import annotations

from fractions import Fraction

from wgflow.kernels.family import Family
from wgflow.kernels.shape import BesselJ, Hypergeometric
from wgflow.record import record

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any

# Coefficients of the polynomial p in phi_{3,s}(r) = (1-r)_+^{2+2s} p(r), lowest power first.
_WENDLAND = {
    0: (Fraction(1),),
    1: (Fraction(1), Fraction(4)),
    2: (Fraction(1), Fraction(6), Fraction(35, 3)),
}


@record
class Wendland(Family):
    """Wendland's phi_{3,s} of smoothness s in {0, 1, 2}: C^{2s}, support r <= 1, positive definite for n <= 3.

    Transform in R^n: the integral of phi times 1F2(l; l + m/2, l + (m+1)/2; -k^2/4), l = (n+1)/2 + s, m = 2 + s
    (Wendland 1995, Adv. Comput. Math. 4; Zastavnyi 2006, J. Math. Anal. Appl. 321). It changes sign for n > 3.
    """

    smoothness: int

    def profile(self, ops: Any, r2: Any, n: Any) -> Any:
        r = ops.sqrt(r2)
        polynomial = ops.number(Fraction(0))
        for coefficient in reversed(_WENDLAND[self.smoothness]):
            polynomial = polynomial * r + ops.number(coefficient)
        return ops.power(ops.positive_part(1 - r), Fraction(2 + 2 * self.smoothness)) * polynomial

    def amplitude(self, ops: Any, n: Any) -> Any:
        """The integral over R^n: 2 pi^{n/2}/Gamma(n/2) times the sum over p_j of Beta(n+j, 3+2s)."""
        top = Fraction(3 + 2 * self.smoothness)
        total = ops.number(Fraction(0))
        for j, coefficient in enumerate(_WENDLAND[self.smoothness]):
            total = total + ops.number(coefficient) * ops.gamma(n + j) * ops.gamma(top) / ops.gamma(n + j + top)
        return 2 * ops.power(ops.pi, n / 2) / ops.gamma(n / 2) * total

    def most_dimension(self) -> int:
        return 256  # beyond, the exact linear form of the transform takes seconds to minutes

    def shape(self, n: Any) -> Hypergeometric:
        return Hypergeometric((n + 1) / 2 + self.smoothness, 2 + self.smoothness, Fraction(1))


@record
class TopHat(Family):
    """phi(r) = 1 for r < 1, else 0; transform (2 pi/k)^{n/2} J_{n/2}(k), which changes sign without end."""

    def profile(self, ops: Any, r2: Any, n: Any) -> Any:
        return ops.step(1 - r2)

    def amplitude(self, ops: Any, n: Any) -> Any:
        return ops.power(ops.pi, n / 2) / ops.gamma(n / 2 + 1)

    def shape(self, n: Any) -> BesselJ:
        return BesselJ(n / 2 + 1, Fraction(1))
