"""Kernels without a length: powers of the distance and its logarithm. Every transform is a multiple of k^-p.

The generalized transforms are those of Gelfand and Shilov 1964, Generalized Functions I, II.3.3.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor

from wgflow.arithmetic import exact
from wgflow.kernels.family import Family
from wgflow.kernels.mixing import MixingMeasure
from wgflow.kernels.shape import Power
from wgflow.record import record

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any


def riesz_amplitude(ops: Any, a: Any, n: Any) -> Any:
    """Returns the constant of F(r^-a)(k) = constant * k^{a-n}: 2^{n-a} pi^{n/2} Gamma((n-a)/2) / Gamma(a/2).

    Valid for 0 < a < n and, as the generalized transform, for a in (-2, 0) as well.
    """
    powers = ops.power(ops.number(Fraction(2)), n - a) * ops.power(ops.pi, n / 2)
    return powers * ops.gamma((n - a) / 2) / ops.gamma(a / 2)


def riesz_mixing(a: Fraction) -> MixingMeasure:
    """Returns the measure t^{a/2-1}/Gamma(a/2) of r^-a for a > 0 and, up to a constant in r, for a in (-2, 0)."""
    return MixingMeasure.gamma(exact.power(exact.gamma(a / 2), -1), a / 2 - 1)


def log_amplitude(ops: Any, n: Any) -> Any:
    """Returns the constant of F(-log r)(k) = constant * k^-n: 2^{n-1} pi^{n/2} Gamma(n/2)."""
    return ops.power(ops.number(Fraction(2)), n - 1) * ops.power(ops.pi, n / 2) * ops.gamma(n / 2)


@record
class Energy(Family):
    """phi(r) = -r^beta, 0 < beta < 2 (Szekely's energy distance; beta = 1 is the Cramer distance's kernel)."""

    beta: Fraction

    def profile(self, ops: Any, r2: Any, n: Any) -> Any:
        return -ops.power(r2, self.beta / 2)

    def amplitude(self, ops: Any, n: Any) -> Any:
        return -riesz_amplitude(ops, -self.beta, n)

    def shape(self, n: Any) -> Power:
        return Power(n + self.beta)

    def mixing(self) -> MixingMeasure:
        return riesz_mixing(-self.beta).times(exact.number(-1))


@record
class Riesz(Family):
    """phi(r) = r^-a, 0 < a < n."""

    a: Fraction

    def profile(self, ops: Any, r2: Any, n: Any) -> Any:
        return ops.power(r2, -self.a / 2)

    def amplitude(self, ops: Any, n: Any) -> Any:
        return riesz_amplitude(ops, self.a, n)

    def shape(self, n: Any) -> Power:
        return Power(n - self.a)

    def mixing(self) -> MixingMeasure:
        return riesz_mixing(self.a)

    def least_dimension(self) -> int:
        return floor(self.a) + 1


@record
class Elastic(Family):
    """phi(r) = r^{1-n}, and -log r for n = 1: the elastic-interaction energy of EIEG GANs; transform ~ 1/k."""

    def profile(self, ops: Any, r2: Any, n: Any) -> Any:
        return -ops.log(r2) / 2 if n == 1 else ops.power(r2, (1 - n) / 2)

    def amplitude(self, ops: Any, n: Any) -> Any:
        return log_amplitude(ops, n) if n == 1 else riesz_amplitude(ops, n - 1, n)

    def shape(self, n: Any) -> Power:
        return Power(Fraction(1))

    def is_one_function(self) -> bool:
        return False


@record
class Logarithmic(Family):
    """phi(r) = -log r; transform ~ k^-n."""

    def profile(self, ops: Any, r2: Any, n: Any) -> Any:
        return -ops.log(r2) / 2

    def amplitude(self, ops: Any, n: Any) -> Any:
        return log_amplitude(ops, n)

    def shape(self, n: Any) -> Power:
        return Power(n)

    def mixing(self) -> MixingMeasure:
        """1/(2t): -log r = integral of (exp(-r^2 t) - exp(-t))/(2t) dt (Frullani), a constant apart."""
        return MixingMeasure.gamma(exact.number(exact.HALF), Fraction(-1))


@record
class Coulomb(Family):
    """phi(r) = r^{2-n}; -log r for n = 2, -r for n = 1; transform ~ k^-2."""

    def profile(self, ops: Any, r2: Any, n: Any) -> Any:
        if n == 1:
            return -ops.sqrt(r2)
        return -ops.log(r2) / 2 if n == 2 else ops.power(r2, (2 - n) / 2)

    def amplitude(self, ops: Any, n: Any) -> Any:
        if n == 2:
            return log_amplitude(ops, n)
        return riesz_amplitude(ops, n - 2, n) * (-1 if n == 1 else 1)

    def shape(self, n: Any) -> Power:
        return Power(Fraction(2))

    def is_one_function(self) -> bool:
        return False
