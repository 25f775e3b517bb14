"""The functions of k that every proof rests on: monotone, log-concave, with the right slope; and the exact constants.

`PositiveShape` promises that f decreases and that log f is concave in log k: enclosures over intervals use nothing else.
The promise is proved in the docstrings; here it is tried, where it is hardest, in balls of so many bits that every
inequality is decided.
"""

from __future__ import annotations

from fractions import Fraction as Q
from itertools import pairwise
from random import Random

import pytest
from flint import arb
from mpmath import mp, mpf
from test_containment import exact_ball

from wgflow.arithmetic import ball, exact
from wgflow.arithmetic.ball_ops import OPS
from wgflow.kernels.shape import BesselJ, BesselK, Gaussian, Hypergeometric, Lorentzian, PositiveShape, Power, Shape

# Slopes differ by z^2 where z = 10^-30, and the difference quotient loses 100 bits: enough for both.
BITS = 512

BESSEL_ORDERS = [Q(0), Q(1, 10**6), Q(1, 3), Q(1, 2), Q(999, 1000), Q(1), Q(3, 2), Q(10, 3), Q(64), Q(129, 2), Q(2000)]
POSITIVE: list[PositiveShape] = [
    Power(Q(1, 3)), Power(Q(128)), Gaussian(Q(1, 2)), Gaussian(Q(10**8)), Lorentzian(Q(1), Q(1)), Lorentzian(Q(1, 100), Q(7, 3)),
    Lorentzian(Q(129, 2), Q(1, 10**8)),
    *(BesselK(sign * nu, c2) for nu in BESSEL_ORDERS for sign in (1, -1) for c2 in (Q(1), Q(5, 3))),
]  # fmt: skip
OSCILLATING: list[Shape] = [
    BesselJ(Q(3, 2), Q(2)), BesselJ(Q(65), Q(1)), Hypergeometric(Q(2), 3, Q(7)), Hypergeometric(Q(65), 2, Q(1, 3)),
]  # fmt: skip


def _wavenumbers(seed: int, count: int) -> list[arb]:
    """Exact points, increasing: tiny, ordinary and huge ones, and close neighbours."""
    rng = Random(seed)
    logs = [rng.uniform(-30, 30) for _ in range(count)] + [rng.uniform(-2, 3) for _ in range(count)]
    points = [10.0**x for x in logs]
    return [arb(k) for k in sorted(points + [k * 1.001 for k in points])]


@pytest.mark.parametrize("shape", POSITIVE, ids=str)
def test_the_slope_is_the_derivative_of_the_logarithm(shape):
    """Against the central difference in log k with step h = 2^-100, whose error is h^2/6 times a third derivative.

    Each derivative in log k multiplies a function like k^2 by 2, so 8 h^2 (1 + |slope|) covers it.
    """
    with ball.precision(BITS):
        h = ball.dyadic(1, -100)
        for k in _wavenumbers(1, 6):
            up, down = (shape.log_value(OPS, (k * (sign * h).exp()) ** 2) for sign in (1, -1))
            slope = shape.log_slope(OPS, k * k)
            assert abs((up - down) / (2 * h) - slope).upper() <= 8 * h * h * (1 + abs(slope).upper())


@pytest.mark.parametrize("shape", POSITIVE, ids=str)
def test_a_positive_shape_decreases_and_is_log_concave_in_log_k(shape):
    """On increasing points values fall and slopes fall, strictly; the slope of a power is constant."""
    points = _wavenumbers(2, 12)
    with ball.precision(BITS):
        values = [shape.log_value(OPS, k * k) for k in points]
        slopes = [shape.log_slope(OPS, k * k) for k in points]
        assert all(slope < 0 for slope in slopes)
        assert all(a > b for a, b in pairwise(values))
        if isinstance(shape, Power):
            assert all(slope.overlaps(ball.number(-shape.p)) and slope.rel_accuracy_bits() > BITS - 8 for slope in slopes)
        else:
            assert all(a > b for a, b in pairwise(slopes))


@pytest.mark.parametrize("shape", [s for s in POSITIVE if isinstance(s, BesselK)], ids=str)
def test_the_inequality_behind_the_log_concavity_of_bessel_k(shape):
    """z K'/K < -sqrt(z^2 + nu^2) (Phillips and Malin 1950), for both signs of nu; the slope is nu + z K'/K."""
    with ball.precision(BITS):
        nu = ball.number(shape.nu)
        for k in _wavenumbers(3, 12):
            z2 = ball.number(shape.c2) * k * k
            assert shape.log_slope(OPS, k * k) - nu < -(z2 + nu * nu).sqrt()


def test_bessel_k_of_opposite_orders_differ_by_a_power():
    """z^-nu K_-nu = z^{-2 nu} z^nu K_nu, so their slopes differ by 2 nu."""
    with ball.precision(512):
        for nu in BESSEL_ORDERS:
            plus, minus = (BesselK(sign * nu, Q(3)).log_slope(OPS, arb(2)) for sign in (1, -1))
            assert abs(plus - minus - ball.number(2 * nu)).upper() < arb(2) ** -400


@pytest.mark.parametrize("shape", POSITIVE + OSCILLATING, ids=str)
@pytest.mark.parametrize("scale2", [Q(4), Q(1, 9), Q(7, 5)], ids=str)
def test_a_stretched_shape_is_the_shape_at_the_stretched_wavenumber(shape, scale2):
    """f(a k) = factor * shape(k), also where the stretch a is irrational; a^2 = scale2."""
    factor, stretched = shape.stretched(scale2)
    with ball.precision(512):
        for k2 in (arb(1) / 64, arb(2), arb(50)):
            direct, by_law = shape.value(OPS, ball.number(scale2) * k2), ball.real(factor) * stretched.value(OPS, k2)
            assert abs(direct / by_law - 1).upper() < arb(2) ** -300


@pytest.mark.parametrize("shape", POSITIVE + OSCILLATING, ids=str)
def test_two_stretches_are_one(shape):
    first, once = shape.stretched(Q(4, 3))
    second, twice = once.stretched(Q(5, 7))
    factor, at_once = shape.stretched(Q(20, 21))
    assert twice == at_once
    assert first * second == factor


# --- exact constants ----------------------------------------------------------------------------------------------

number, power, gamma, log, exp, pi = exact.number, exact.power, exact.gamma, exact.log, exact.exp, exact.pi
HALF = Q(1, 2)

IDENTITIES = {
    "sqrt 2 sqrt 8 = 4": (power(2, HALF) * power(8, HALF), number(4)),
    "sqrt 12 = 2 sqrt 3": (power(12, HALF), power(3, HALF) * 2),
    "sqrt(2/3) sqrt 3 = sqrt 2": (power(Q(2, 3), HALF) * power(3, HALF), power(2, HALF)),
    "1/sqrt 2 = sqrt 2/2": (power(2, -HALF), power(2, HALF) / 2),
    "(4/9)^(-3/2) = 27/8": (power(Q(4, 9), Q(-3, 2)), number(Q(27, 8))),
    "cube roots": (power(2, Q(1, 3)) * power(4, Q(1, 3)), number(2)),
    "a large square": (power(Q(1009**2 * 10007**2), HALF), number(1009 * 10007)),
    "a large square times itself": (power(10**400, HALF), number(10**200)),
    "(pi^2)^(1/2) = pi": (power(pi * pi, HALF), pi),
    "pi/pi = 1": (pi / pi, number(1)),
    "(a+b)^2": (power(pi + power(2, HALF), 2), pi * pi + pi * power(2, HALF) * 2 + number(2)),
    "(a+b)(a-b)": ((pi + gamma(Q(1, 3))) * (pi - gamma(Q(1, 3))), pi * pi - power(gamma(Q(1, 3)), 2)),
    "Gamma(6) = 120": (gamma(Q(6)), number(120)),
    "Gamma(1/2)^2 = pi": (gamma(HALF) * gamma(HALF), pi),
    "Gamma(-1/2) = -2 sqrt pi": (gamma(-HALF), power(pi, HALF) * -2),
    "Gamma(7/2) = 15/8 sqrt pi": (gamma(Q(7, 2)), power(pi, HALF) * Q(15, 8)),
    "Gamma(x+1) = x Gamma(x)": (gamma(Q(10, 3)), gamma(Q(7, 3)) * Q(7, 3)),
    "Gamma(x+1) = x Gamma(x), x < 0": (gamma(Q(-2, 3)), gamma(Q(-5, 3)) * Q(-5, 3)),
    "Gamma(64) half-integers": (gamma(Q(129, 2)) / gamma(Q(127, 2)), number(Q(127, 2))),
    "log 6 = log 2 + log 3": (log(Q(6)), log(Q(2)) + log(Q(3))),
    "log 1 = 0": (log(Q(1)), exact.ZERO),
    "log(1/8) = -3 log 2": (log(Q(1, 8)), log(Q(2)) * -3),
    "log(9/4)/2 = log(3/2)": (log(Q(9, 4)) * HALF, log(Q(3, 2))),
    "log1p(1/2) = log 3 - log 2": (exact.log1p(number(HALF)), log(Q(3)) - log(Q(2))),
    "exp(log 3 / 2) = sqrt 3": (exp(log(Q(3)) * HALF), power(3, HALF)),
    "exp(log(2/9)) = 2/9": (exp(log(Q(2, 9))), number(Q(2, 9))),
    "exp(1) exp(-1) = 1": (exp(number(1)) * exp(number(-1)), number(1)),
    "exp(1/2)^2 = e": (power(exp(number(HALF)), 2), exp(number(1))),
    "exp(0) = 1": (exp(exact.ZERO), number(1)),
    "exp(1 - log 2) = e/2": (exp(number(1) - log(Q(2))), exp(number(1)) / 2),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_equal_constants_are_recognized(name):
    """The two sides are one object: equal, of equal hash, with difference zero. Balls could never tell."""
    left, right = IDENTITIES[name]
    assert left == right and hash(left) == hash(right)
    assert (left - right).is_zero and ball.sign(left - right) == 0


def test_different_constants_are_not_taken_for_zero():
    """Of a near miss the sign is known; of an identity unknown here, Gamma(1/3) Gamma(2/3) = 2 pi/sqrt 3, it stays open."""
    near = power(2, HALF) - number(Q(141421356237309504880168872420969807856967, 10**41))
    assert not near.is_zero and ball.sign(near) == 1 and ball.sign(-near) == -1
    unknown = gamma(Q(1, 3)) * gamma(Q(2, 3)) - pi * 2 / power(3, HALF)
    assert not unknown.is_zero and ball.sign(unknown) is None
    with ball.precision(1000):
        assert ball.real(unknown).contains(0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: gamma(Q(0)), lambda: gamma(Q(-3)), lambda: power(-2, HALF), lambda: power(pi + number(1), HALF),
        lambda: power(pi - number(1), -1), lambda: log(Q(0)), lambda: log(Q(-1)), lambda: log(pi), lambda: exp(pi),
        lambda: pi / exact.ZERO,
    ],
)  # fmt: skip
def test_what_is_no_constant_of_this_kind_is_refused(wrong):
    with pytest.raises(ValueError):
        wrong()


def _rational(rng: Random) -> Q:
    return Q(rng.randint(1, 60), rng.choice((1, 1, 2, 3, 4, 7, 1000)))


def _value(q: Q) -> mpf:
    return mpf(q.numerator) / q.denominator


def _atom(rng: Random) -> tuple[exact.Real, mpf]:
    """A random monomial > 0 and its mpmath value."""
    q, exponent = _rational(rng), Q(rng.randint(-7, 7), rng.choice((1, 2, 3, 5)))
    kind = rng.randrange(6)
    if kind == 0:
        return power(pi, exponent), mp.pi ** _value(exponent)
    if kind == 1:
        return power(q, exponent), _value(q) ** _value(exponent)
    if kind == 2:
        return power(gamma(q), exponent), mp.gamma(_value(q)) ** _value(exponent)
    if kind == 3:
        far = q + 250  # beyond the size up to which Gamma is reduced to (0, 1]
        return gamma(far), mp.gamma(_value(far))
    if kind == 4:
        return exact.euler * q, mp.euler * _value(q)
    small = q / 60
    return exp(number(small)) * q, mp.exp(_value(small)) * _value(q)


def _random_real(rng: Random) -> tuple[exact.Real, mpf]:
    """A random sum of products and quotients of atoms and logarithms, and its mpmath value."""
    total, value = exact.ZERO, mpf(0)
    for _ in range(rng.randint(1, 4)):
        q = _rational(rng)
        term, size = (log(q), mp.log(_value(q))) if rng.random() < 0.2 else (number(-q), -_value(q))
        for _ in range(rng.randint(0, 3)):
            atom, other = _atom(rng)
            divide = rng.random() < 0.5
            term, size = (term / atom, size / other) if divide else (term * atom, size * other)
        total, value = (total + term, value + size) if rng.random() < 0.5 else (total - term, value - size)
    return total, value


def test_balls_around_random_constants_contain_mpmaths_value():
    """mpmath's value is good to 600 bits of its largest term; terms may cancel, so 100 good bits are asked of 300."""
    rng = Random(5)
    for _ in range(500):
        with mp.workprec(600):
            real, value = _random_real(rng)
        with ball.precision(300):
            enclosed = ball.real(real)
            known = exact_ball(value)
            assert enclosed.overlaps(known * (1 + arb(0, arb(2) ** -400))), real
            assert value == 0 or enclosed.rel_accuracy_bits() > 100, real


def test_ball_of_a_constant_follows_the_precision_in_force():
    """The same Real at 64 and at 500 bits: a cached ball must not leak from one precision to another."""
    real = gamma(Q(1, 3)) * pi + log(Q(7))
    radii = []
    for bits in (64, 500, 64):
        with ball.precision(bits):
            radii.append(ball.real(real).rad())
    assert radii[0] == radii[2] > arb(2) ** -80
    assert radii[1] < arb(2) ** -480
