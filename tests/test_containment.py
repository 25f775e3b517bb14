"""Balls contain the truth: transforms of random kernels against an independent mpmath value (tests/witness.py).

A ball that misses the true value would make every proof built on it worthless, so a single miss is a failure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import exp, log, log2
from random import Random

import pytest
import witness
from flint import arb, fmpz
from mpmath import mp, mpf

from wgflow.arithmetic import beta_bessel
from wgflow.arithmetic.ball import precision, real
from wgflow.fourier.spectral_sum import transform
from wgflow.kernels.catalogue import CATALOGUE
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.term import Term
from wgflow.kernels.text import parse

NAMES = sorted(CATALOGUE)
BESSEL_K = frozenset({"rq", "imq", "multiquadric"})
OSCILLATING = frozenset({"tophat", "wendland"})
DIMENSIONS = (1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64, 128)
MOST_BITS = 400
EXTRA_BITS = 120  # of the witness beyond those of the ball
# Up to this k R mpmath's 1F2 takes milliseconds; the library changes its method at k R = 600, well inside.
MOST_WENDLAND = 2000


@dataclass(frozen=True)
class Case:
    terms: tuple[witness.Term, ...]
    n: int
    k: float
    bits: int

    def kernel(self) -> Kernel:
        out = []
        for weight, stretch2, name, params in self.terms:
            term = CATALOGUE[name].term(params)
            out.append(Term(weight * term.weight, stretch2 * term.scale2, term.family))
        return Kernel.of(out)


def _rational(rng: Random, low: float, high: float) -> Fraction:
    """A random rational in [low, high]: short, of a power of two, or with many digits; log-uniform."""
    value = exp(rng.uniform(log(low), log(high)))
    found = Fraction(value).limit_denominator(rng.choice((2, 4, 12, 1000, 10**6)))
    return found if low <= found <= high else Fraction(low).limit_denominator(10**6)


def _length2(rng: Random) -> Fraction:
    """The square of a length; half of them irrational lengths, a few extreme."""
    if rng.random() < 0.1:
        return Fraction(10) ** rng.randint(-6, 6)
    value = _rational(rng, 0.1, 10)
    return value if rng.random() < 0.5 else value**2


def _order(rng: Random, most: float) -> Fraction:
    """A shape parameter in (0, most): integers, halves, near-integers, tiny and generic ones, since methods differ there."""
    kind = rng.randrange(6)
    if kind <= 1:
        return Fraction(rng.randint(1, max(1, int(2 * most) - 1)), 2)
    if kind == 2:
        return Fraction(rng.randint(1, max(1, int(most) - 1))) + rng.choice((-1, 1)) * Fraction(1, 10 ** rng.randint(1, 9))
    if kind == 3:
        return Fraction(1, rng.randint(2, 10**6))
    return _rational(rng, 0.01, most * 0.99)


def _params(rng: Random, name: str, n: int) -> dict[str, Fraction]:
    out = {}
    for parameter in CATALOGUE[name].parameters:
        if parameter.is_length:
            out[parameter.name] = _length2(rng)
        elif parameter.choices:
            out[parameter.name] = Fraction(rng.choice(parameter.choices))
        else:
            most = {"beta": 2 if name == "energy" else 40, "a": n}.get(parameter.name, 40)
            value = _order(rng, most)
            while not 0 < value < most:
                value = _order(rng, most)
            out[parameter.name] = value
    return out


def _one_term(rng: Random, n: int) -> witness.Term:
    name = rng.choice(NAMES)
    weight = rng.choice((-1, 1)) * _rational(rng, 0.01, 100)
    stretch2 = Fraction(1) if rng.random() < 0.5 else _length2(rng)
    return weight, stretch2, name, _params(rng, name, n)


def cases(count: int, seed: int) -> Iterator[Case]:
    """Yields ``count`` random cases; the same ones for the same seed."""
    rng = Random(seed)
    for _ in range(count):
        n = rng.choice(DIMENSIONS) if rng.random() < 0.8 else rng.randint(1, 128)
        terms = tuple(_one_term(rng, n) for _ in range(rng.choice((1, 1, 2, 3))))
        k = exp(rng.uniform(log(1e-6), log(1e6)))
        for _, stretch2, name, params in terms:
            if name == "wendland":
                k = min(k, MOST_WENDLAND / float(stretch2 * params["radius"]) ** 0.5 * rng.random())
        yield Case(terms, n, k, int(exp(rng.uniform(log(30), log(MOST_BITS + 1)))))


def exact_ball(value: mpf) -> arb:
    """Returns an mpf as an exact point, whatever its exponent."""
    sign, mantissa, exponent, _ = value._mpf_
    return arb((-fmpz(mantissa) if sign else fmpz(mantissa), fmpz(exponent)))


def true_interval(case: Case) -> arb:
    """Returns a ball around the mpmath value that contains the true one: it is good to 2^-(bits - 3) of the terms' sizes."""
    with mp.workprec(case.bits + EXTRA_BITS):
        value, size = witness.combined(case.terms, case.n, mpf(case.k))
    with precision(2 * (MOST_BITS + EXTRA_BITS)):
        return exact_ball(value) + arb(0, (exact_ball(size) * arb(2) ** -(case.bits + EXTRA_BITS - 10)).upper())


def library_ball(case: Case) -> arb:
    with precision(case.bits):
        return transform(case.kernel(), case.n).value(arb(case.k))


def misses(count: int, seed: int) -> list[Case]:
    """Returns the cases whose ball misses the true value."""
    return [case for case in cases(count, seed) if not library_ball(case).overlaps(true_interval(case))]


def test_two_thousand_balls_contain_the_truth():
    assert misses(2000, seed=1) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 150))
def test_hundred_thousand_balls_contain_the_truth(seed):
    assert misses(2000, seed) == []


def test_a_ball_of_wavenumbers_contains_the_values_at_its_points():
    """k itself may be a ball (a mode of a torus, a rounded cut): the result must hold for every k in it, end points included.

    The radii go from far below the precision, where only roundings matter, to k/2, where the function itself varies.
    """
    rng = Random(3)
    for case in cases(150, seed=3):
        ends = [case.k, case.k * (1 + 2.0 ** -rng.uniform(1, 52))]
        with precision(case.bits):
            wide = transform(case.kernel(), case.n).value(arb(ends[0]).union(arb(ends[1])))
        for k in (*ends, rng.uniform(*ends)):
            assert wide.overlaps(true_interval(replace(case, k=k))), (case, k)


# --- the bounds that enclosures over intervals and end arguments take from Bessel functions --------------------------


@pytest.mark.parametrize("z", [2, 9, 40, 700])
@pytest.mark.parametrize("bits", [30, 200, 1500])
def test_the_tail_of_j0_is_enclosed_also_where_its_expansion_stops_early(z, bits):
    """integral_z^oo J_0 = 1 - z 1F2(1/2; 1, 3/2; -z^2/4). At z = 2 the expansion has no accurate term at all."""
    with mp.workprec(bits + 200):
        truth = exact_ball(1 - z * mp.hyp1f2(mpf(1) / 2, 1, mpf(3) / 2, -mpf(z * z) / 4))
    with precision(bits + 64):
        assert beta_bessel.tail_value(arb(z), bits).overlaps(truth * (1 + arb(0, arb(2) ** -(bits + 150))))
        assert abs(truth) * (arb.pi() * z / 2).sqrt() <= beta_bessel.tail_bound(arb(z))


@pytest.mark.parametrize("order", [Fraction(-1, 2), Fraction(0), Fraction(1, 3), Fraction(1), Fraction(5, 2), Fraction(64)])
def test_bessel_functions_stay_below_their_bound(order):
    """Also the envelope does: sqrt(pi z/2 (J^2 + Y^2)) takes every phase of the oscillation at once."""
    nu = mpf(order.numerator) / order.denominator
    for start in (1.01, 1.5, 4, 100):
        bound = beta_bessel.bessel_bound(order, arb(start * max(1.0, float(order))))
        for beyond in (1, 1.1, 3, 50):
            z = mpf(start) * max(1, nu) * beyond
            envelope = mp.sqrt(mp.pi * z / 2 * (mp.besselj(nu, z) ** 2 + mp.bessely(nu, z) ** 2))
            assert exact_ball(envelope) <= bound + arb(2) ** -40  # mpmath works in doubles here


@pytest.mark.parametrize("smoothness", [0, 1, 2])
@pytest.mark.parametrize("twice", [2, 3, 4, 5, 16, 64])  # n + 1, where a = (n+1)/2 + s; derivatives have n + 3, n + 5
def test_hypergeometric_functions_stay_in_their_range(twice, smoothness):
    """On random intervals of z, wide and narrow: `range_1f2` and `magnitude_1f2` hold at every point."""
    rng = Random(4)
    a, m = Fraction(twice, 2) + smoothness, 2 + smoothness
    for _ in range(20):
        low = exp(rng.uniform(log(0.1), log(300)))
        high = low * exp(rng.uniform(0, 3))
        with precision(128):
            least, most = beta_bessel.range_1f2(a, m, arb(low), arb(high))
            size = beta_bessel.magnitude_1f2(a, m, arb(low))
        for z in (low, high, rng.uniform(low, high), rng.uniform(low, high)):
            with mp.workprec(80):
                lower = mpf(a.numerator) / a.denominator + mpf(m) / 2
                value = mp.hyp1f2(lower - mpf(m) / 2, lower, lower + mpf(1) / 2, -(mpf(z) ** 2) / 4)
            point = exact_ball(value) * (1 + arb(0, arb(2) ** -60))
            assert least <= point.upper() and point.lower() <= most and abs(point).lower() <= size, (low, high, z)


# --- a ball as wide as the world also contains the truth, so single terms must come out sharp ---------------------


def lost_bits(case: Case) -> float:
    """Returns how many bits one term may lose: an exponential or a phase multiplies the rounding of k by up to (k length)^2.

    A handful of operations around it cost 16 bits at most; Bessel orders 10^-9 away from a whole number 34 more, in the
    division by the sine of the order; and up to 160 bits the library gives 60 away where arb's two series meet.
    """
    ((_, stretch2, name, params),) = case.terms
    lengths = [log2(value) / 2 for value in (*params.values(), stretch2) if value]
    reach = log2(case.k) + sum(abs(x) for x in lengths)
    constant = 16 if name not in BESSEL_K | OSCILLATING else 80 if case.bits <= 160 else 50
    return constant + 2 * max(0.0, reach) + abs(log2(case.k)) + log2(case.n)


def is_sharp(case: Case) -> bool:
    """Tells whether a single term is known to the bits it should be, relative to itself or, where it oscillates, to F(0)."""
    demanded = int(case.bits - lost_bits(case))
    ball = library_ball(case)
    if demanded < 1:
        return True
    if case.terms[0][2] not in OSCILLATING:
        return ball.rel_accuracy_bits() >= demanded
    with precision(case.bits):
        ((_, most),) = transform(case.kernel(), case.n).terms
        return bool(ball.rad() <= abs(real(most)) * arb(2) ** -demanded)


def blunt(names: frozenset[str]) -> list[Case]:
    """Returns the single terms with these names, out of two thousand cases, that come out too wide."""
    single = [replace(case, terms=(term,)) for case in cases(2000, seed=2) for term in case.terms if term[2] in names]
    assert len(single) > 1000
    return [case for case in single if not is_sharp(case)]


def test_elementary_transforms_are_sharp():
    assert blunt(frozenset(NAMES) - BESSEL_K - OSCILLATING) == []


def test_bessel_and_hypergeometric_transforms_are_sharp():
    assert blunt(BESSEL_K | OSCILLATING) == []


# --- the witness itself ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [Fraction(0), Fraction(1, 3), Fraction(-1, 2), Fraction(7), Fraction(-64)])
@pytest.mark.parametrize("z", ["1e-3", "2", "40", "1e5"])
def test_the_witness_bessel_function_is_mpmaths(order, z):
    with mp.workprec(200):
        x, nu = mpf(z), mpf(order.numerator) / order.denominator
        difference = witness.bessel_k(nu, x) / mp.besselk(nu, x) - 1
    assert abs(difference) < mpf(2) ** -195  # a few units in the last place


@pytest.mark.parametrize("smoothness", [0, 1, 2])
@pytest.mark.parametrize("n", [1, 4, 64])
def test_the_two_ways_of_the_witness_to_wendland_agree(smoothness, n):
    polynomial = witness.wendland_polynomial(smoothness)
    with mp.workprec(200):
        one, two = (way(polynomial, n, mpf(300)) for way in (witness.by_series, witness.by_monomials))
    assert abs(one / two - 1) < mpf(2) ** -195


# --- the corners of what is allowed --------------------------------------------------------------------------------


def test_wendland_in_its_highest_dimension():
    """The reduction of its Bessel functions recurses once for every two dimensions; Python's stack must bear the most."""
    (term,) = parse("wendland(1)").terms
    with precision(128):
        value = transform(parse("wendland(1)"), term.family.most_dimension()).value(arb(10**5))
    assert value.rel_accuracy_bits() > 40


def test_wendland_at_a_wavenumber_beyond_doubles():
    """Lengths may be up to 1e200 and wavenumbers up to 1e300, so k R may be 1e500; the balls' exponents have no bound."""
    with precision(128):
        assert transform(parse("wendland(1, 1e200)"), 2).value(arb(10) ** 300) > 0
