"""Powers of 1 + r^2: rational quadratic, inverse multiquadric and, with beta = -1/2, the multiquadric."""

from __future__ import annotations

from fractions import Fraction

from wgflow.arithmetic import exact
from wgflow.kernels.family import Family
from wgflow.kernels.mixing import MixingMeasure
from wgflow.kernels.shape import BesselK
from wgflow.record import record

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any


@record
class InverseMultiquadric(Family):
    """phi(r) = (1 + r^2)^-beta; transform 2 pi^{n/2} / (Gamma(beta) 2^{beta-n/2}) k^{beta-n/2} K_{beta-n/2}(k).

    Wendland 2005, Scattered Data Approximation, theorem 6.13 (beta > 0) and theorem 8.15 (generalized, other beta).
    """

    beta: Fraction

    def profile(self, ops: Any, r2: Any, n: Any) -> Any:
        return ops.power(1 + r2, -self.beta)

    def amplitude(self, ops: Any, n: Any) -> Any:
        nu = self.beta - n / 2
        return 2 * ops.power(ops.pi, n / 2) / (ops.gamma(self.beta) * ops.power(ops.number(Fraction(2)), nu))

    def shape(self, n: Any) -> BesselK:
        return BesselK(self.beta - n / 2, Fraction(1))

    def mixing(self) -> MixingMeasure:
        """t^{beta-1} e^{-t} / Gamma(beta), the gamma distribution; for beta = -1/2 up to a constant in phi."""
        return MixingMeasure.gamma(exact.power(exact.gamma(self.beta), -1), self.beta - 1, a=Fraction(1))
