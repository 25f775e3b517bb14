"""Transforms near k = 0 and toward k = infinity: exact leading terms and a proved bound of what is left out.

    k -> 0         f(k) = sum c k^p L^m + rest,  |rest| <= bound k^p L^m   for 0 < k <= valid,   L = log(1/k)
    k -> infinity  f(k) = exp(-b k^q) (sum c k^p + rest),  |rest| <= bound k^p   for k >= valid

The coefficients are exact reals, so that leading terms which cancel are seen to cancel. Bounds are balls' upper ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cmp_to_key, lru_cache
from math import ceil, factorial

from flint import arb

from wgflow.arithmetic import ball, beta_bessel, exact
from wgflow.arithmetic.exact import HALF, Real
from wgflow.fourier.local import NO_RATE, Enclosed, End, Local, Rate, Rest, Undecidable
from wgflow.fourier.spectral_sum import SpectralSum
from wgflow.kernels.shape import BesselJ, BesselK, Gaussian, Hypergeometric, Lorentzian, Power, Shape
from wgflow.record import record

WORKING_BITS = 128
ZERO_POWER = Fraction(0)


def _upper(value: Real) -> arb:
    """Returns an exact point >= |value|."""
    return ball.real(value).abs_upper()


def _binomial(q: Fraction, j: int) -> Fraction:
    """The coefficient of x^j in (1 + x)^-q."""
    result = Fraction(1)
    for i in range(j):
        result *= (-q - i) / (i + 1)
    return result


def _rising(x: Fraction, j: int) -> Fraction:
    result = Fraction(1)
    for i in range(j):
        result *= x + i
    return result


def _harmonic(j: int) -> Fraction:
    return sum((Fraction(1, i) for i in range(1, j + 1)), Fraction(0))


def _inverse_length(c2: Fraction) -> arb:
    """Returns an exact point just below 1/c."""
    return (1 / ball.number(c2)).sqrt().lower()


# --- toward zero ------------------------------------------------------------------------------------------------


def _even_series(coefficients: Iterable[Real], valid: arb) -> Local:
    """A series in k^2 whose rest is bounded by the first term left out, the last of ``coefficients``."""
    *kept, last = coefficients
    terms = tuple((Fraction(2 * j), 0, c) for j, c in enumerate(kept))
    return Local(NO_RATE, terms, Rest(_upper(last), Fraction(2 * len(kept))), valid)


def _bessel_k_zero(shape: BesselK, order: int) -> Local:
    mu = abs(shape.nu)
    if order < mu:
        raw, rest, logs = _enveloping(mu, order)
    elif mu.denominator == 1:
        raw, rest, logs = _integer_order(int(mu), order, shape.c2)
    else:
        raw, rest, logs = _general_order(mu, order + ceil(mu))
    shift = 2 * mu if shape.nu < 0 else Fraction(0)
    half_log_c2 = exact.log(shape.c2) * HALF
    terms: list[tuple[Fraction, int, Real]] = []
    for power, with_log, coefficient in raw:  # z = c k, log(1/z) = L - log c
        scaled = coefficient * exact.power(shape.c2, (power - shift) / 2)
        terms.append((power - shift, with_log, scaled))
        if with_log:
            terms.append((power - shift, 0, scaled * half_log_c2 * Fraction(-1)))
    power, bound = rest
    scale = ball.real(exact.power(shape.c2, (power - shift) / 2))
    return Local(NO_RATE, tuple(terms), Rest((bound * scale).upper(), power - shift, logs), _inverse_length(shape.c2))


Raw = list[tuple[Fraction, int, Real]]


def _enveloping(mu: Fraction, order: int) -> tuple[Raw, tuple[Fraction, arb], int]:
    """z^mu K_mu for order < mu: exp(-z^2/4u) expanded in 2^{mu-1} times the integral of u^{mu-1} exp(-u - z^2/4u).

    The Taylor series of exp(-x) envelops it, so the rest is at most the first term left out, for every z > 0.
    """
    coefficients = [
        exact.power(2, mu - 1) * exact.gamma(mu - j) * Fraction((-1) ** j, 4**j * factorial(j)) for j in range(order + 1)
    ]
    raw = [(Fraction(2 * j), 0, c) for j, c in enumerate(coefficients[:-1])]
    return raw, (Fraction(2 * order), _upper(coefficients[-1])), 0


def _general_order(mu: Fraction, count: int) -> tuple[Raw, tuple[Fraction, arb], int]:
    """z^mu K_mu for mu not an integer (DLMF 10.27.4, 10.25.2), ``count`` >= mu terms of both series, z <= 1.

    Later terms shrink by at least z^2/4 <= 1/2 each, so each series' rest is at most twice its first term left out.
    """
    left = exact.power(2, mu - 1) * exact.gamma(mu)
    right = exact.power(2, -mu - 1) * exact.gamma(-mu)
    raw: Raw = []
    for j in range(count + 1):
        common = Fraction(1, 4**j * factorial(j))
        raw.append((Fraction(2 * j), 0, left * (common / _rising(1 - mu, j))))
        raw.append((2 * mu + 2 * j, 0, right * (common / _rising(1 + mu, j))))
    bound = 2 * (_upper(raw[-2][2]) + _upper(raw[-1][2]))
    return raw[:-2], (Fraction(2 * count), bound.upper()), 0


def _integer_order(m: int, order: int, c2: Fraction) -> tuple[Raw, tuple[Fraction, arb], int]:
    """z^m K_m (DLMF 10.31.1), order >= m, z <= 1; psi(j+1) = -euler + H_j, log(z/2) = -log(1/z) - log 2.

    In the rest, successive terms shrink by z^2/4 and the bracket of logarithm and harmonic numbers grows at most
    twofold, so the rest is at most twice its first term, whose bracket is below L (1 + |log c| + H + 2) for L >= 1.
    """
    sign = (-1) ** m
    raw: Raw = []
    for j in range(m):
        raw.append((Fraction(2 * j), 0, exact.number(Fraction(2**m * factorial(m - j - 1) * (-1) ** j, 2 * factorial(j) * 4**j))))
    for j in range(order):
        common = Fraction(sign, 2**m * 4**j * factorial(j) * factorial(m + j))
        constants = exact.number((_harmonic(j) + _harmonic(m + j)) / 2) - exact.euler + exact.log(Fraction(2))
        raw.append((Fraction(2 * m + 2 * j), 1, exact.number(common)))
        raw.append((Fraction(2 * m + 2 * j), 0, constants * common))
    first = Fraction(1, 2**m * 4**order * factorial(order) * factorial(m + order))
    bracket = ball.number(_harmonic(m + order) + 3) + abs(ball.number(c2).log()) / 2
    return raw, (Fraction(2 * m + 2 * order), (2 * ball.number(first) * bracket).upper()), 1


def _at_zero(shape: Shape, order: int) -> Local:
    anywhere = arb(1)
    match shape:
        case Power(p):
            return Local(NO_RATE, ((-p, 0, exact.number(1)),), None, anywhere)
        case Gaussian(b):
            return _even_series((exact.number((-b) ** j / factorial(j)) for j in range(order + 1)), anywhere)
        case Lorentzian(q, c2):
            return _even_series((exact.number(_binomial(q, j) * c2**j) for j in range(order + 1)), anywhere)
        case BesselK():
            return _bessel_k_zero(shape, order)
        case BesselJ(b, c2):
            series = (exact.number((-c2 / 4) ** j / (_rising(b, j) * factorial(j))) for j in range(order + 1))
            return _even_series(series, _inverse_length(c2))  # alternating and decreasing for c k <= 2
        case Hypergeometric(a, m, c2):
            low = a + Fraction(m, 2)
            series = (
                exact.number((-c2 / 4) ** j * _rising(a, j) / (_rising(low, j) * _rising(low + HALF, j) * factorial(j)))
                for j in range(order + 1)
            )
            return _even_series(series, _inverse_length(c2))
    raise TypeError(f"no expansion at zero for {shape!r}")


# --- toward infinity --------------------------------------------------------------------------------------------


def _bessel_k_infinity(shape: BesselK, order: int) -> Local:
    """DLMF 10.40.2; for at least |nu| - 1/2 terms the rest is at most the first term left out (10.40(ii))."""
    nu, c2 = shape.nu, shape.c2
    count = max(order, ceil(abs(nu) - HALF))
    front = exact.power(exact.pi / 2, HALF)
    coefficient = Fraction(1)
    terms: list[tuple[Fraction, int, Real]] = []
    for j in range(count + 1):
        power = nu - HALF - j
        terms.append((power, 0, front * coefficient * exact.power(c2, power / 2)))
        coefficient *= (4 * nu * nu - (2 * j + 1) ** 2) / (8 * (j + 1))
    power, _, last = terms.pop()
    kept = tuple(term for term in terms if not term[2].is_zero)
    rest = None if last.is_zero else Rest(_upper(last), power)
    return Local((1, exact.power(c2, HALF)), kept, rest, ball.dyadic(1, -64))


def _bessel_j_infinity(shape: BesselJ) -> Local:
    """|f| <= its bound at z = 2 b times (z/2b)^{1/2-b}: that bound times z^{b-1/2} decreases."""
    start = 2 * ball.number(shape.b)
    power = HALF - shape.b
    bound = beta_bessel.magnitude_0f1(shape.b, start) / (start / ball.number(shape.c2).sqrt()) ** ball.number(power)
    return Local(NO_RATE, (), Rest(bound.abs_upper(), power), (start / ball.number(shape.c2).sqrt()).upper())


def _hypergeometric_infinity(shape: Hypergeometric) -> Local:
    """The linear form in Bessel functions: its constant is the algebraic term, the rest oscillates like z^{-a-m}."""
    start = arb(max(64, 8 * ceil(shape.a)))
    constants = beta_bessel.linear_form(shape.a, shape.m)[beta_bessel.CONSTANT]
    power = -shape.a - shape.m  # every oscillating term decays at least as fast as this power
    c2 = shape.c2
    total = beta_bessel.magnitude(shape.a, shape.m, start, oscillating_only=True) * start ** ball.number(-power)
    rest = Rest((total * ball.real(exact.power(c2, power / 2))).upper(), power)
    terms = tuple((p, 0, c * exact.power(c2, p / 2)) for p, c in constants.items())
    return Local(NO_RATE, terms, rest, (start / ball.number(c2).sqrt()).upper())


def _at_infinity(shape: Shape, order: int) -> Local:
    anywhere = ball.dyadic(1, -64)
    one = exact.number(1)
    match shape:
        case Power(p):
            return Local(NO_RATE, ((-p, 0, one),), None, anywhere)
        case Gaussian(b):
            return Local((2, exact.number(b)), ((ZERO_POWER, 0, one),), None, anywhere)
        case Lorentzian(q, c2):
            coefficients = [exact.power(c2, -q - j) * _binomial(q, j) for j in range(order + 1)]
            terms = tuple((-2 * q - 2 * j, 0, c) for j, c in enumerate(coefficients[:-1]))
            return Local(NO_RATE, terms, Rest(_upper(coefficients[-1]), -2 * q - 2 * order), anywhere)
        case BesselK():
            return _bessel_k_infinity(shape, order)
        case BesselJ():
            return _bessel_j_infinity(shape)
        case Hypergeometric():
            return _hypergeometric_infinity(shape)
    raise TypeError(f"no expansion at infinity for {shape!r}")


@lru_cache(maxsize=1024)
def local(shape: Shape, end: End, order: int) -> tuple[Local, ...]:
    """Returns the behaviour of a shape at an end with ``order`` terms (for Bessel functions, at least), as parts to be added."""
    with ball.precision(WORKING_BITS):
        if isinstance(shape, Enclosed):
            return shape.local(end, order)
        return (_at_zero(shape, order) if end is End.ZERO else _at_infinity(shape, order),)


# --- sums -------------------------------------------------------------------------------------------------------


@record
class Group:
    """The terms of a sum that share one exponential rate."""

    rate: Rate
    terms: tuple[tuple[Fraction, int, Real], ...]  # merged, no exact zeros, the dominant one first
    rests: tuple[Rest, ...]


@record
class Expansion:
    """The behaviour of a sum at one end; groups with the slowest decay first."""

    end: End
    groups: tuple[Group, ...]
    valid: arb

    @property
    def leading(self) -> tuple[Rate, Fraction, int, Real] | None:
        """(rate, power, logs, coefficient) of the dominant term, or None where a rest hides it."""
        if not self.groups or not self.groups[0].terms:
            return None
        group = self.groups[0]
        power, logs, coefficient = group.terms[0]
        toward = 1 if self.end is End.ZERO else -1
        for rest in group.rests:
            if (toward * rest.power, -rest.logs) < (toward * power, -logs):
                return None
        return group.rate, power, logs, coefficient

    @property
    def main_logarithm(self) -> tuple[arb, arb] | None:
        """(A, B) where the terms of leading order toward 0 are k^p (A L + B), A and B not zero, else None."""
        if self.end is not End.ZERO or self.leading is None or self.leading[2] != 1:
            return None
        power = self.leading[1]
        same = {logs: c for p, logs, c in self.groups[0].terms if p == power}
        if set(same) != {0, 1} or any(r.power <= power for r in self.groups[0].rests):
            return None
        return ball.real(same[1]), ball.real(same[0])

    def minor(self, k: arb) -> arb:
        """Bounds |everything but the leading order| / k^p on (0, k], where `main_logarithm` is not None."""
        assert self.leading is not None
        power = self.leading[1]
        big_l = -k.log()
        total = arb(0)
        others = [(p, m, abs(ball.real(c))) for p, m, c in self.groups[0].terms if p != power]
        for p, m, size in others + [(r.power, r.logs, r.bound) for r in self.groups[0].rests]:
            if not ball.number(p - power) * big_l > m:  # else k^(p - power) L^m need not increase with k
                return arb.pos_inf()
            total += size * k ** ball.number(p - power) * big_l**m
        return total.abs_upper()

    def logarithmic_sign(self, low: arb, high: arb) -> int:
        """Returns the sign of the sum on [low, high]: A L + B is linear in L, so its ends bound it; 0 if not decided."""
        if self.main_logarithm is None or not high <= self.valid:
            return 0
        slope, constant = self.main_logarithm
        rest = self.minor(high)
        values = [slope * -k.log() + constant for k in (low, high)]
        if all(v > rest for v in values):
            return 1
        return -1 if all(v < -rest for v in values) else 0


def _merged(end: End, rate: Rate, parts: list[tuple[Local, Real]]) -> Group:
    terms: dict[tuple[Fraction, int], Real] = {}
    rests = []
    for piece, coefficient in parts:
        for power, logs, c in piece.terms:
            terms[power, logs] = terms.get((power, logs), exact.ZERO) + c * coefficient
        if piece.rest is not None:
            rests.append(Rest((piece.rest.bound * ball.real(coefficient)).abs_upper(), piece.rest.power, piece.rest.logs))
    toward = 1 if end is End.ZERO else -1
    kept = [(power, logs, c) for (power, logs), c in terms.items() if not c.is_zero]
    kept.sort(key=lambda term: (toward * term[0], -term[1]))
    return Group(rate, tuple(kept), tuple(rests))


def _slower_first(one: Group, other: Group) -> int:
    """Orders groups by their decay, slowest first; rates that differ are told apart by the proved sign of the difference."""
    (q, b), (p, c) = one.rate, other.rate
    if q != p:
        return q - p
    sign = ball.sign(b - c)
    if sign is None:
        raise Undecidable("two rates of decay toward infinity are too close to be told apart")
    return sign


def expand(total: SpectralSum, end: End, order: int) -> Expansion:
    """Returns the behaviour of a sum of shapes at an end, like terms merged exactly."""
    with ball.precision(WORKING_BITS):
        groups: dict[Rate, list[tuple[Local, Real]]] = {}
        valid = ball.dyadic(1, -2) if end is End.ZERO else arb(1)
        if end is End.INFINITY and total.is_enclosed:
            valid = ball.dyadic(1, -64)  # as far in as the enclosed shapes allow: between the ends they are costly
        for shape, coefficient in total.terms:
            for piece in local(shape, end, order):
                groups.setdefault(piece.rate, []).append((piece, coefficient))
                valid = min(valid, piece.valid) if end is End.ZERO else max(valid, piece.valid)
        merged = [_merged(end, rate, parts) for rate, parts in groups.items()]
        merged = [group for group in merged if group.terms or group.rests]
        return Expansion(end, tuple(sorted(merged, key=cmp_to_key(_slower_first))), valid)
