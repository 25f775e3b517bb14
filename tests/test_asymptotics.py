"""Expansions at both ends of the wavenumber axis: what `expand` claims of the rest holds, from `valid` to the far end.

Claims "for all k beyond" rest on these bounds, so they are checked where they are tightest (next to ``valid``) and far out,
for every shape, on sums whose leading terms cancel, and against an independent mpmath value.
"""

from __future__ import annotations

from fractions import Fraction as Q
from itertools import combinations

import pytest
import witness
from flint import arb
from mpmath import mp, mpf
from test_containment import exact_ball

from wgflow.arithmetic import ball, exact
from wgflow.fourier.asymptotics import End, Expansion, expand
from wgflow.fourier.spectral_sum import SpectralSum, transform
from wgflow.kernels.catalogue import CATALOGUE
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.shape import BesselJ, BesselK, Gaussian, Hypergeometric, Lorentzian, Power, Shape
from wgflow.kernels.text import parse

DIMENSIONS = (1, 2, 3, 4, 5, 16, 64, 128)
ORDERS = (1, 2, 4, 8)
# How far beyond ``valid``, as powers of two: the edge itself, near it, and where the terms differ by many orders.
STEPS = (0, 0.1, 0.3, 1.1, 2.7, 7.4, 20.2, 60.5)
# The difference of the value and the main terms is known to this fraction of the claimed rest, or the precision is raised.
RESOLVED = -40

ONE = exact.number(1)
# c^2 = 1, rational and irrational c on both sides of 1, and an extreme one.
LENGTHS2 = (Q(1), Q(9, 4), Q(3), Q(1, 7), Q(1, 10**8), Q(10**8))


def _main_and_rest(expansion: Expansion, k: arb) -> tuple[arb, arb]:
    """Returns balls around the sum of the main terms and around the claimed bound of what they leave out, at k."""
    big_l = -k.log()
    main, rest = arb(0), arb(0)
    for (q, b), terms, rests in ((g.rate, g.terms, g.rests) for g in expansion.groups):
        decay = (-ball.real(b) * k**q).exp() if q else arb(1)
        main += decay * sum((ball.real(c) * k ** ball.number(p) * big_l**m for p, m, c in terms), arb(0))
        rest += decay * sum((r.bound * k ** ball.number(r.power) * big_l**r.logs for r in rests), arb(0))
    return main, rest


def _points(expansion: Expansion) -> list[arb]:
    """Exact points from ``valid`` itself toward the end."""
    toward = -1 if expansion.end is End.ZERO else 1
    return [expansion.valid, *((expansion.valid * arb(2) ** (toward * step)).mid() for step in STEPS[1:])]


def _is_within(value: arb, main: arb, rest: arb) -> bool | None:
    """Tells whether |value - main| <= rest, or None where the precision in force does not resolve the question.

    Where no rest is claimed the main terms are all there is, and must agree with the value to 200 bits.
    """
    if rest.is_zero():
        rest = abs(main) * ball.dyadic(1, -200)
    difference = abs(value - main)
    resolved = difference.rad() < rest.lower() * ball.dyadic(1, RESOLVED)
    return bool(difference.lower() <= rest.upper()) if resolved else None


def _claim_holds(total: SpectralSum, expansion: Expansion, k: arb) -> bool:
    """Raises the precision until the claim is resolved.

    A claimed rest of exp(-10^6) beside a power of k never is: there value and main terms must agree to 2000 bits.
    """
    for bits in (256, 4096):
        with ball.precision(bits):
            value, (main, rest) = total.value(k), _main_and_rest(expansion, k)
            holds = _is_within(value, main, rest)
        if holds is not None:
            return holds
    return bool(abs(value - main).upper() <= abs(main).upper() * ball.dyadic(1, -2000))


def failures(total: SpectralSum, end: End, order: int) -> list[arb]:
    expansion = expand(total, end, order)
    return [k for k in _points(expansion) if not _claim_holds(total, expansion, k)]


# --- single shapes ------------------------------------------------------------------------------------------------

WHOLE = (Q(1), Q(2), Q(5), Q(64))
HALVES = (Q(1, 2), Q(3, 2), Q(7, 2), Q(129, 2))
GENERIC = (Q(1, 3), Q(1, 10), Q(37, 10), Q(191, 3))
NEAR_WHOLE = (Q(1, 10**6), Q(999999, 10**6), Q(1000001, 10**6))  # where the series' coefficients explode
BESSEL_ORDERS = [Q(0), *(sign * nu for nu in (*WHOLE, *HALVES, *GENERIC, *NEAR_WHOLE) for sign in (1, -1))]


def _shapes(c2: Q) -> list[Shape]:
    out: list[Shape] = [BesselK(nu, c2) for nu in BESSEL_ORDERS]
    for n in DIMENSIONS:
        out += [Power(Q(n) + Q(1, 2)), Lorentzian(Q(n + 1, 2), c2), Lorentzian(Q(n, 2) + Q(1, 3), c2), BesselJ(Q(n, 2) + 1, c2)]
        out += [Hypergeometric(Q(n + 1, 2) + s, 2 + s, c2) for s in (0, 1, 2)]
    return [*out, Gaussian(c2 / 2), Power(Q(0)), Lorentzian(Q(1), c2)]


@pytest.mark.parametrize("end", End, ids=lambda end: end.value)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("c2", LENGTHS2, ids=str)
def test_the_rest_of_one_shape_is_bounded(c2, order, end):
    wrong = [(shape, failures(SpectralSum(((shape, ONE),)), end, order)) for shape in _shapes(c2)]
    assert [(shape, ks) for shape, ks in wrong if ks] == []


# --- sums ---------------------------------------------------------------------------------------------------------


def _leading(total: SpectralSum, end: End) -> tuple | None:
    """(rate, power, logs, coefficient) of the leading term with enough terms to see it."""
    return expand(total, end, 8).leading


def without_leading(one: SpectralSum, two: SpectralSum, end: End) -> SpectralSum:
    """Returns the combination of two sums with leading terms of equal size in which these cancel."""
    return one.times(_leading(two, end)[3]) - two.times(_leading(one, end)[3])


def _alike(shapes: list[Shape], end: End) -> list[tuple[SpectralSum, SpectralSum]]:
    """Returns the pairs of single shapes whose leading terms differ by a factor only."""
    sums = [SpectralSum(((shape, ONE),)) for shape in shapes]
    return [(a, b) for a, b in combinations(sums, 2) if _leading(a, end)[:3] == _leading(b, end)[:3]]


TOWARD_ZERO = [
    *(BesselK(nu, c2) for nu in (Q(0), Q(1), Q(-1), Q(3, 2), Q(-1, 2), Q(7, 3), Q(-64)) for c2 in (Q(1), Q(5, 3))),
    Gaussian(Q(1, 2)), Lorentzian(Q(3, 2), Q(1)), Lorentzian(Q(2), Q(4)), BesselJ(Q(2), Q(1)), Hypergeometric(Q(2), 3, Q(2)),
    Power(Q(2)), Power(Q(1)), Power(Q(128)),
]  # fmt: skip
TOWARD_INFINITY = [
    Power(Q(3)), Lorentzian(Q(3, 2), Q(1)), Lorentzian(Q(3, 2), Q(2)), Lorentzian(Q(2), Q(1)), Power(Q(4)),
    *(Hypergeometric(Q(3, 2) + s, 2 + s, Q(3)) for s in (0, 1, 2)), Power(Q(5)), Power(Q(7)),
    *(BesselK(nu, Q(5, 3)) for nu in (Q(1), Q(1, 2), Q(-2))),
]  # fmt: skip


@pytest.mark.parametrize(("shapes", "end"), [(TOWARD_ZERO, End.ZERO), (TOWARD_INFINITY, End.INFINITY)], ids=["zero", "infinity"])
def test_leading_terms_that_cancel_are_gone_and_the_rest_is_still_bounded(shapes, end):
    pairs = _alike(shapes, end)
    assert len(pairs) >= 8
    for one, two in pairs:
        total = without_leading(one, two, end)
        gone = _leading(one, end)[:3]
        assert all((g.rate, p, m) != gone for g in expand(total, end, 8).groups for p, m, _ in g.terms), total
        assert [order for order in ORDERS if failures(total, end, order)] == [], total


def test_two_orders_that_cancel():
    """Three smooth kernels: the constants and then the k^2 terms cancel, and k^4 leads."""
    one, two, three = (SpectralSum(((s, ONE),)) for s in (Gaussian(Q(1, 2)), Lorentzian(Q(2), Q(4)), BesselK(Q(7, 2), Q(2))))
    total = without_leading(without_leading(one, two, End.ZERO), without_leading(one, three, End.ZERO), End.ZERO)
    assert _leading(total, End.ZERO)[1:3] == (4, 0)
    assert [order for order in ORDERS if failures(total, End.ZERO, order)] == []


# Mixtures of both signs: several exponential rates, powers against exponentials, logarithms, oscillation.
MIXTURES = (
    "rbf(1) + rbf(2) + rbf(4) + rbf(8) + rbf(16)",
    "rq(1/5) + rq(1/2) + rq(1) - rq(2) + rq(5)",
    "imq(1/3, 1) - 7*imq(2, 1) + imq(1/2, 3)",
    "rbf(1) - 4*rbf(1/2) - 1/100*elastic",
    "laplace(2) - matern(5/2, 1/3) + yukawa(3) - 1/7*coulomb",
    "multiquadric(2) - energy(1) + log",
    "wendland(1, 2) - 1/10*tophat(1/3) + 1/2*wendland(2, 1)",
)


@pytest.mark.parametrize("text", MIXTURES)
@pytest.mark.parametrize("end", End, ids=lambda end: end.value)
def test_the_rest_of_a_mixture_is_bounded(text, end):
    for n in DIMENSIONS:
        total = transform(parse(text), n)
        assert [order for order in ORDERS if failures(total, end, order)] == [], n


@pytest.mark.parametrize("text", MIXTURES)
@pytest.mark.parametrize("end", End, ids=lambda end: end.value)
def test_the_leading_term_has_the_sign_of_the_sum_far_out(text, end):
    """Far enough beyond ``valid`` only the leading term matters, logarithms included; oscillation may leave no leading term.

    In 128 dimensions coefficients differ by 2^350, hence how far.
    """
    for n in DIMENSIONS:
        total = transform(parse(text), n)
        expansion = expand(total, end, 8)
        if expansion.leading is None:
            assert "tophat" in text and end is End.INFINITY
            continue
        with ball.precision(4096):
            value = total.value(expansion.valid * ball.dyadic(1, -900 if end is End.ZERO else 900))
        sign = ball.sign(expansion.leading[3])
        assert value > 0 if sign > 0 else value < 0, n


def test_exponential_rates_closer_than_doubles_are_told_apart():
    """exp(-k) outlives exp(-(1 + 5e-21) k), so toward infinity the second kernel leads; as floats the two rates are equal."""
    total = transform(parse("imq(1, sqrt(1.00000000000000000001)) + 5*imq(1/2, 1)"), 2)
    assert expand(total, End.INFINITY, 2).leading[0] == (1, ONE)


@pytest.mark.parametrize("unit", ["1e-200", "1e199"])
def test_exponential_rates_beyond_doubles_are_told_apart(unit):
    """The narrower Gaussian's transform reaches farther, whichever is added to which; as floats both rates are 0 or infinite."""
    narrow, wide = transform(parse(f"rbf({unit})"), 2), transform(parse(f"rbf(2*{unit})"), 2)
    assert _leading(wide + narrow, End.INFINITY) == _leading(narrow + wide, End.INFINITY) == _leading(narrow, End.INFINITY)


# --- against mpmath -----------------------------------------------------------------------------------------------

NEAR = 5  # of the points: 500 bits resolve every rest up to there
NAMED = {  # lengths by their squares
    "rbf": {"lengthscale": Q(2)},
    "rq": {"alpha": Q(7, 3), "lengthscale": Q(1, 5)},
    "imq": {"beta": Q(1), "c": Q(3)},
    "multiquadric": {"c": Q(1, 2)},
    "laplace": {"lengthscale": Q(9)},
    "matern": {"nu": Q(5, 2), "lengthscale": Q(1, 3)},
    "energy": {"beta": Q(4, 3)},
    "yukawa": {"lengthscale": Q(2, 7)},
    "wendland": {"smoothness": Q(1), "radius": Q(5)},
    "tophat": {"radius": Q(1, 4)},
}


def _mpf(point: arb) -> mpf:
    mantissa, exponent = point.man_exp()
    return mp.ldexp(mpf(int(mantissa)), int(exponent))


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("end", End, ids=lambda end: end.value)
def test_expansions_hold_around_independent_values(name, end):
    """The same claim with the value taken from mpmath, so that a wrong shape cannot agree with its own wrong expansion."""
    kernel = Kernel.of([CATALOGUE[name].term(NAMED[name])])
    for n in (1, 2, 3, 16, 128):
        total = transform(kernel, n)
        for order in (1, 4):
            expansion = expand(total, end, order)
            for k in _points(expansion)[:NEAR]:
                with mp.workprec(500):
                    value = exact_ball(witness.transform(name, NAMED[name], n, _mpf(k)))
                with ball.precision(1024):
                    known = value + arb(0, (abs(value) * ball.dyadic(1, -490)).upper())
                    assert _is_within(known, *_main_and_rest(expansion, k)), (n, order, k)
