"""The few functions of the wavenumber that the transforms of all kernels are made of, each written once.

A family's Fourier transform in R^n is ``amplitude(n) * shape(k)``: an exact constant times one of the shapes here.
In k every shape depends on k^2 only. The positive ones give their logarithm, log f, because f itself leaves the
range of any fixed exponent (exp(-k^2/2) at k = 1e300); ``log_slope`` is d log f / d log k.

Arguments ``k2`` are k^2 in the arithmetic ``ops``; parameters are exact.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction

from wgflow.arithmetic import exact
from wgflow.record import record

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any


class Shape(ABC):
    """A function of k^2; a frozen dataclass of exact parameters."""

    @abstractmethod
    def stretched(self, scale2: Fraction) -> tuple[exact.Real, Shape]:
        """Returns (factor, shape) with f(a k) = factor * shape(k), where a^2 = scale2."""

    @abstractmethod
    def length2(self) -> Fraction | None:
        """Returns the square of the length l whose inverse is the wavenumber where f bends; None where there is none."""

    @abstractmethod
    def value(self, ops: Any, k2: Any) -> Any:
        """Returns f at k^2."""


class PositiveShape(Shape):
    """A positive shape, decreasing in k, whose log f is a concave function of log k.

    Both facts hold for every shape below and carry the enclosures over intervals: on [k1, k2] f lies between its end
    values, and so does its logarithmic slope. Trivial for `Power`, `Gaussian`, `Lorentzian`; for `BesselK` see there.
    """

    @abstractmethod
    def log_value(self, ops: Any, k2: Any) -> Any:
        """Returns log f at k^2."""

    @abstractmethod
    def log_slope(self, ops: Any, k2: Any) -> Any:
        """Returns d log f / d log k at k^2."""

    def value(self, ops: Any, k2: Any) -> Any:
        return ops.exp(self.log_value(ops, k2))


@record
class Power(PositiveShape):
    """k^-p, p >= 0: energy, Riesz, elastic, logarithmic and Coulomb kernels."""

    p: Fraction

    def stretched(self, scale2: Fraction) -> tuple[exact.Real, Power]:
        return exact.power(scale2, -self.p / 2), self

    def length2(self) -> None:
        return None

    def log_value(self, ops: Any, k2: Any) -> Any:
        return ops.number(-self.p / 2) * ops.log(k2)

    def log_slope(self, ops: Any, k2: Any) -> Any:
        return ops.number(-self.p)


@record
class Gaussian(PositiveShape):
    """exp(-b k^2), b > 0."""

    b: Fraction

    def stretched(self, scale2: Fraction) -> tuple[exact.Real, Gaussian]:
        return exact.number(1), Gaussian(self.b * scale2)

    def length2(self) -> Fraction:
        return 2 * self.b

    def log_value(self, ops: Any, k2: Any) -> Any:
        return ops.number(-self.b) * k2

    def log_slope(self, ops: Any, k2: Any) -> Any:
        return ops.number(-2 * self.b) * k2


@record
class Lorentzian(PositiveShape):
    """(1 + c^2 k^2)^-q, q > 0: Matern, Laplace and Yukawa kernels. ``c2`` is c^2."""

    q: Fraction
    c2: Fraction

    def stretched(self, scale2: Fraction) -> tuple[exact.Real, Lorentzian]:
        return exact.number(1), Lorentzian(self.q, self.c2 * scale2)

    def length2(self) -> Fraction:
        return self.c2

    def log_value(self, ops: Any, k2: Any) -> Any:
        return ops.number(-self.q) * ops.log1p(ops.number(self.c2) * k2)

    def log_slope(self, ops: Any, k2: Any) -> Any:
        return ops.number(-2 * self.q) / (1 + 1 / (ops.number(self.c2) * k2))


@record
class BesselK(PositiveShape):
    """z^nu K_nu(z), z = c k, any real nu: rational-quadratic and multiquadric kernels. ``c2`` is c^2.

    d log f / d log k = -z K_{nu-1}(z) / K_nu(z) < 0 (DLMF 10.29.4), and it decreases in z: with u = z K_nu'/K_nu it
    is nu + u, Bessel's equation gives z u' = z^2 + nu^2 - u^2, and u < -sqrt(z^2 + nu^2) for every real nu and z > 0
    (Phillips and Malin 1950, Bessel function approximations, Amer. J. Math. 72; Baricz 2010, Bull. Aust. Math. Soc. 82).
    """

    nu: Fraction
    c2: Fraction

    def stretched(self, scale2: Fraction) -> tuple[exact.Real, BesselK]:
        return exact.number(1), BesselK(self.nu, self.c2 * scale2)

    def length2(self) -> Fraction:
        return self.c2

    def log_value(self, ops: Any, k2: Any) -> Any:
        return ops.log_zk(self.nu, ops.number(self.c2) * k2)

    def log_slope(self, ops: Any, k2: Any) -> Any:
        z2 = ops.number(self.c2) * k2
        return -z2 * ops.exp(ops.log_zk(self.nu - 1, z2) - ops.log_zk(self.nu, z2))


@record
class BesselJ(Shape):
    """0F1(; b; -c^2 k^2/4) = Gamma(b) (2/z)^{b-1} J_{b-1}(z), z = c k: the top hat. Changes sign without end."""

    b: Fraction
    c2: Fraction

    def stretched(self, scale2: Fraction) -> tuple[exact.Real, BesselJ]:
        return exact.number(1), BesselJ(self.b, self.c2 * scale2)

    def length2(self) -> Fraction:
        return self.c2

    def value(self, ops: Any, k2: Any) -> Any:
        return ops.hyp0f1(self.b, ops.number(-self.c2 / 4) * k2)


@record
class Hypergeometric(Shape):
    """1F2(a; a + m/2, a + (m+1)/2; -c^2 k^2/4), m a positive integer: Wendland's functions. ``c2`` is c^2.

    It is the mean of 0F1(; a + 1/2; -(u c k)^2/4) over u with the Beta(2a, m) density on [0, 1], so |f| <= 1.
    """

    a: Fraction
    m: int
    c2: Fraction

    def stretched(self, scale2: Fraction) -> tuple[exact.Real, Hypergeometric]:
        return exact.number(1), Hypergeometric(self.a, self.m, self.c2 * scale2)

    def length2(self) -> Fraction:
        return self.c2

    def value(self, ops: Any, k2: Any) -> Any:
        return ops.hyp1f2(self.a, self.m, ops.number(-self.c2 / 4) * k2)
