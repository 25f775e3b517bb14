"""What a certificate is about: for given e, s, eps, dimension and role, the growth rate is negative at every mode."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from flint import arb

from wgflow.arithmetic import ball, exact
from wgflow.arithmetic.number import InputError, integer, rational, shown
from wgflow.conventions import Role, growth_rate
from wgflow.fourier.domain import Band, Domain, Period, parse_band, parse_period
from wgflow.fourier.spectral_sum import SpectralSum, transform
from wgflow.kernels.family import MAX_DIMENSION
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.text import parse
from wgflow.record import record

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import TypeAlias

WITNESS_BITS = 256


@record
class Claim:
    """The growth rate role * k^2 * F(e - eps s)(k) is negative for every k of the domain."""

    kernel: Kernel
    stabilizer: Kernel
    eps: Fraction
    dim: int
    role: Role
    domain: Domain

    @cached_property
    def sides(self) -> tuple[SpectralSum, SpectralSum]:
        """(E, S): the transforms times the role's sign: the mode k decays exactly where E(k) - eps S(k) < 0."""
        sign = exact.number(growth_rate(self.role, 1, 1))
        return transform(self.kernel, self.dim).times(sign), transform(self.stabilizer, self.dim).times(sign)

    @cached_property
    def growth(self) -> SpectralSum:
        """E - eps S: the growth rate divided by k^2, at unit density."""
        kernel, stabilizer = self.sides
        return at_eps(kernel, stabilizer, exact.number(self.eps))

    def transform(self, k: arb) -> arb:
        """Returns a ball around F(e - eps s)(k)."""
        return growth_rate(self.role, 1, self.growth.value(k))  # the role's sign undone: it is its own inverse

    def rate(self, k: arb, density: Fraction = Fraction(1)) -> arb:
        """Returns a ball around the growth rate at k."""
        return growth_rate(self.role, k * k, self.transform(k), ball.number(density))

    def to_json(self) -> dict[str, object]:
        domain = self.domain
        return {
            "kernel": str(self.kernel),
            "stabilizer": str(self.stabilizer),
            "eps": str(self.eps),
            "dim": self.dim,
            "role": self.role.text,
            "period": domain.text if isinstance(domain, Period) else None,
            "band": [str(domain.low), str(domain.high)] if isinstance(domain, Band) else None,
        }


def at_eps(kernel: SpectralSum, stabilizer: SpectralSum, eps: exact.Real) -> SpectralSum:
    """Returns E - eps S."""
    return kernel - stabilizer.times(eps)


def make_claim(
    kernel: object,
    stabilizer: object,
    eps: object = 0,
    dim: object = 2,
    role: object = "discriminator",
    period: object = None,
    band: object = None,
) -> Claim:
    """Returns the claim that these arguments spell; raises InputError for wrong input (see `wgflow.certify`)."""
    n = integer(dim, "dim", 1, MAX_DIMENSION)
    if period is not None and band is not None:
        raise InputError("period and band exclude each other; give one of them.")
    domain: Domain = None
    if period is not None:
        domain = parse_period(period)
    elif band is not None:
        domain = parse_band(band)
    claim = Claim(parse(kernel), parse(stabilizer), rational(eps, "eps"), n, parse_role(role), domain)
    for each in (claim.kernel, claim.stabilizer):
        each.check_dimension(n)
    return claim


def parse_role(role: object) -> Role:
    if isinstance(role, Role):
        return role
    for each in Role:
        if role == each.text:
            return each
    raise InputError(f"role {shown(role)} is not known; type discriminator or generator.")


@record
class Mode:
    """A mode of a torus, by |m|^2."""

    m2: int


Place: TypeAlias = "arb | Mode"  # an exact wavenumber, or a mode of the torus


def wavenumber(place: Place, domain: Domain) -> arb:
    """Returns a ball around the wavenumber at the precision in force."""
    if isinstance(place, Mode):
        assert isinstance(domain, Period)
        return domain.wavenumber(place.m2)
    return place


def place_text(place: Place) -> str:
    """Returns ``m5`` for the modes with |m|^2 = 5, ``3p-2`` for the wavenumber 3/4."""
    return f"m{place.m2}" if isinstance(place, Mode) else ball.point_text(place)


def square(place: Place, domain: Domain) -> Fraction | None:
    """Returns k^2 where it is rational and of moderate size."""
    if isinstance(place, Mode):
        assert isinstance(domain, Period)
        return 4 * place.m2 / domain.factor**2 if domain.times_pi else None
    return ball.point_fraction(place) ** 2 if ball.is_moderate(place) else None


def exact_value(total: SpectralSum, k2: Fraction) -> exact.Real | None:
    """Returns the sum at a rational k^2 as an exact real, or None where a shape has no such value."""
    result = exact.ZERO
    for shape, coefficient in total.terms:
        try:
            result = result + coefficient * shape.value(exact, exact.number(k2))
        except (ValueError, AttributeError):  # a Bessel or hypergeometric function: not an exact real
            return None
    return result
