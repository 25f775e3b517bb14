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
from wgflow.kernels.mixing import MixingMeasure
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


@record
class EveryDimension:
    """For every n in which e and s are defined: role * k^2 * F(e - eps s)(k) is negative for every k > 0 in R^n.

    e and s are the same functions of r in every n, so that one mixing measure speaks about all dimensions.
    """

    kernel: Kernel
    stabilizer: Kernel
    eps: Fraction
    role: Role

    dim = "all"
    domain = None

    @property
    def least_dimension(self) -> int:
        """The smallest n in which both kernels are defined."""
        return max((t.family.least_dimension() for t in self.kernel.terms + self.stabilizer.terms), default=1)

    @property
    def most_dimension(self) -> int:
        """The largest n in which the transforms of both kernels are computed."""
        return min((t.family.most_dimension() for t in self.kernel.terms + self.stabilizer.terms), default=MAX_DIMENSION)

    def within(self, n: int) -> Claim:
        """Returns the claim about R^n alone."""
        return Claim(self.kernel, self.stabilizer, self.eps, n, self.role, None)

    @cached_property
    def sides(self) -> tuple[MixingMeasure | None, MixingMeasure | None]:
        """(E, S): the mixing measures times the role's sign, None where none is known."""
        sign = exact.number(growth_rate(self.role, 1, 1))
        kernel, stabilizer = self.kernel.mixing(), self.stabilizer.mixing()
        return kernel and kernel.times(sign), stabilizer and stabilizer.times(sign)

    @cached_property
    def growth(self) -> MixingMeasure | None:
        """E - eps S, or None where it is not known: every mode decays in every n where it is nonpositive and not zero."""
        measure = (self.kernel - self.eps * self.stabilizer).mixing()  # what has no measure may cancel
        return measure and measure.times(exact.number(growth_rate(self.role, 1, 1)))

    def to_json(self) -> dict[str, object]:
        return {**self.within(self.least_dimension).to_json(), "dim": self.dim}


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
    if is_every_dimension(dim):
        raise InputError("dim=all is understood by certify alone; type one dimension here, such as --dim 2.")
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


def claim_of(data: dict) -> Claim | EveryDimension:
    """Returns the claim that ``to_json`` of either class gave."""
    if is_every_dimension(data["dim"]):
        return every_dimension(**{key: value for key, value in data.items() if key != "dim"})
    return make_claim(**data)


def is_every_dimension(dim: object) -> bool:
    """Tells whether ``dim`` spells every dimension at once."""
    return isinstance(dim, str) and dim.strip() == EveryDimension.dim


def every_dimension(
    kernel: object,
    stabilizer: object = None,
    eps: object = 0,
    role: object = "discriminator",
    period: object = None,
    band: object = None,
) -> EveryDimension:
    """Returns the claim about every dimension that these arguments spell; without a stabilizer it takes the kernel itself.

    Raises InputError for wrong input, for kernels that are another function of r in every dimension, and for a period or
    a band: a comparison of mixing measures speaks about all k > 0.
    """
    if period is not None or band is not None:
        raise InputError("dim=all is about all k > 0; leave out the period and the band, or type one dimension (--dim 2).")
    e = parse(kernel)
    s = e if stabilizer is None else parse(stabilizer)
    for term in e.terms + s.terms:
        if not term.family.is_one_function():
            raise InputError(
                f"{Kernel((term,))} is another function of r in every dimension, so dim=all has no one kernel to speak "
                "about; type --dim 2, say, or a fixed function such as riesz(1), log or energy."
            )
    return EveryDimension(e, s, rational(eps, "eps"), parse_role(role))


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
