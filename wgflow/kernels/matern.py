"""Kernels whose transform is a power of 1 + k^2: Matern (with Laplace as nu = 1/2) and Yukawa."""

from __future__ import annotations

from fractions import Fraction

from wgflow.arithmetic import exact
from wgflow.kernels.family import Family
from wgflow.kernels.mixing import MixingMeasure
from wgflow.kernels.shape import Lorentzian
from wgflow.record import record

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any


@record
class Matern(Family):
    """phi(r) = 2^{1-nu}/Gamma(nu) r^nu K_nu(r); transform 2^n pi^{n/2} Gamma(nu+n/2)/Gamma(nu) (1+k^2)^{-nu-n/2}.

    The unit scale is lengthscale^2 = 2 nu. Rasmussen and Williams 2006, Gaussian Processes for Machine Learning,
    eq. 4.14 and 4.15 (there with exp(-2 pi i s x)); nu = 1/2 is exp(-r).
    """

    nu: Fraction

    def profile(self, ops: Any, r2: Any, n: Any) -> Any:
        if self.nu == Fraction(1, 2):  # the same function; no Bessel function, and no 0 * infinity at r = 0
            return ops.exp(-ops.sqrt(r2))
        scale = ops.power(ops.number(Fraction(2)), 1 - self.nu) / ops.gamma(self.nu)
        return scale * ops.exp(ops.log_zk(self.nu, r2))

    def amplitude(self, ops: Any, n: Any) -> Any:
        ratio = ops.gamma(self.nu + n / 2) / ops.gamma(self.nu)
        return ops.power(ops.number(Fraction(2)), n) * ops.power(ops.pi, n / 2) * ratio

    def shape(self, n: Any) -> Lorentzian:
        return Lorentzian(self.nu + n / 2, Fraction(1))

    def mixing(self) -> MixingMeasure:
        """4^{-nu}/Gamma(nu) t^{-nu-1} e^{-1/4t}, the law of t = 1/4u for a gamma variable u (DLMF 10.32.10)."""
        constant = exact.power(exact.number(4), -self.nu) / exact.gamma(self.nu)
        return MixingMeasure.gamma(constant, -self.nu - 1, b=Fraction(1, 4))


@record
class Yukawa(Family):
    """The fundamental solution of 1/l^2 - Laplacian: transform 1/(1/l^2 + k^2); ``length2`` is l^2.

    phi(r) = (2 pi)^{-n/2} (l r)^{1-n/2} K_{n/2-1}(r/l): a screened Coulomb potential.
    """

    length2: Fraction

    def profile(self, ops: Any, r2: Any, n: Any) -> Any:
        length2 = ops.number(self.length2)
        order = 1 - n / 2
        return ops.power(2 * ops.pi, -n / 2) * ops.power(length2, order) * ops.exp(ops.log_zk(order, r2 / length2))

    def amplitude(self, ops: Any, n: Any) -> Any:
        return ops.number(self.length2)

    def shape(self, n: Any) -> Lorentzian:
        return Lorentzian(Fraction(1), self.length2)

    def is_one_function(self) -> bool:
        return False
