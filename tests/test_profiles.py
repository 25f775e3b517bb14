"""The two faces of every kernel belong together: e(r), which particles use, and F(e)(k), which proofs use.

Profile and transform are separate formulas in the library. Here they are tied by quadrature in mpmath: by the Fourier
integral where e is integrable, and for every kernel by pairing with a test function,

    integral e(|x|) G(x) dx = (2 pi)^-n integral F(e)(k) F(G)(k) dk,

which is what a generalized transform means. G is a difference of two Gaussians of equal mass, so that F(G)(0) = 0 and
a constant in e, or a point mass of F(e) at k = 0, has no part in it.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as Q
from itertools import product

import pytest
from mpmath import mp, mpf
from test_containment import exact_ball

from wgflow.arithmetic import ball
from wgflow.fourier.spectral_sum import transform
from wgflow.kernels.text import parse

DIGITS = 20
# The quadrature reaches 15 digits and the tails that are cut off are below 10^-15; a wrong constant is wrong by far more.
TOLERANCE = mpf(10) ** -12


class MpmathOps:
    """The formulas' arithmetic in mpmath, at the precision in force (see wgflow.arithmetic)."""

    exp, log, log1p, sqrt = map(staticmethod, (mp.exp, mp.log, mp.log1p, mp.sqrt))

    @property
    def pi(self) -> mpf:
        return +mp.pi

    def number(self, q: Q) -> mpf:
        return mpf(q.numerator) / q.denominator

    def power(self, base: mpf, exponent: Q) -> mpf:
        return base ** self.number(exponent)

    def gamma(self, q: Q) -> mpf:
        return mp.gamma(self.number(q))

    def log_zk(self, order: Q, z2: mpf) -> mpf:
        v, z = self.number(order), mp.sqrt(z2)
        return v * mp.log(z) + mp.log(mp.besselk(v, z))

    def hyp0f1(self, b: Q, x: mpf) -> mpf:
        return mp.hyp0f1(self.number(b), x)

    def hyp1f2(self, a: Q, m: int, x: mpf) -> mpf:
        low = self.number(a) + mpf(m) / 2
        return mp.hyp1f2(self.number(a), low, low + mpf(1) / 2, x)

    def positive_part(self, x: mpf) -> mpf:
        return max(x, mpf(0))

    def step(self, x: mpf) -> mpf:
        return mpf(1 if x > 0 else 0)


OPS = MpmathOps()


def _profile(text: str, n: int) -> Callable[[mpf], mpf]:
    kernel = parse(text)
    return lambda r: kernel.profile(OPS, r * r, n)


def _transform(text: str, n: int) -> Callable[[mpf], mpf]:
    """The library's transform, from balls of 40 digits."""
    total = transform(parse(text), n)

    def value(k: mpf) -> mpf:
        with ball.precision(140):
            mantissa, exponent = total.value(exact_ball(k)).mid().man_exp()
        return mp.ldexp(mpf(int(mantissa)), int(exponent))

    return value


def _sphere(n: int) -> mpf:
    """The area of the unit sphere in R^n."""
    return 2 * mp.sqrt(mp.pi) ** n / mp.gamma(mpf(n) / 2)


def _integral(f: Callable[[mpf], mpf], breaks: list[mpf]) -> mpf:
    """The integral from the first to the last break; x = u^4 removes singularities at 0 such as log x and x^(-3/4)."""
    return mp.quad(lambda u: 4 * u**3 * f(u**4), [mp.root(b, 4) for b in breaks])


# --- the Fourier integral -----------------------------------------------------------------------------------------

WAVES = {  # the mean of exp(-i k.x) over |x| = r
    1: mp.cos,
    2: lambda z: mp.besselj(0, z),
    3: mp.sinc,
}
INTEGRABLE = {  # text: the distance from where on e is below 10^-16 of what is integrated
    "rbf(3/2)": 15,
    "rbf(gamma=2)": 6,
    "rq(7, 1/2)": 40,
    "imq(8, 1/3)": 12,
    "laplace(1/2)": 18,
    "matern(1/3, 1/2)": 24,
    "matern(5/2, 1/3)": 12,
    "yukawa(1/2)": 18,
    "wendland(0, 2)": 2,
    "wendland(1, 2)": 2,
    "wendland(2, 3/2)": Q(3, 2),
    "tophat(3/4)": Q(3, 4),
    "2*rbf(1/2) - laplace(1/3, scale=1/2) + 1/3*matern(3/2, 1/4)": 10,
}


@pytest.mark.parametrize("n", WAVES)
@pytest.mark.parametrize("text", INTEGRABLE)
def test_the_transform_is_the_fourier_integral_of_the_profile(text, n):
    """omega_n times the integral of e(r) r^{n-1} times the mean wave; relative to the value, so k is kept moderate."""
    with mp.workdps(DIGITS):
        e, total = _profile(text, n), _transform(text, n)
        end = OPS.number(Q(INTEGRABLE[text]))
        for k in (mpf(1) / 3, mpf(2)):
            direct = _sphere(n) * _integral(lambda r: e(r) * r ** (n - 1) * WAVES[n](k * r), mp.linspace(0, end, 5))  # noqa: B023
            assert abs(direct / total(k) - 1) < TOLERANCE


# --- the pairing --------------------------------------------------------------------------------------------------

PAIRED = [
    "rbf(3/2)", "rq(1/3, 2)", "rq(5/2)", "imq(1/2, 3)", "imq(4)", "multiquadric(2/3)", "laplace(2)", "matern(1/3)",
    "matern(7/2, 2)", "energy(1/4)", "energy(1)", "energy(7/4)", "riesz(1/2)", "elastic", "log", "coulomb", "yukawa(2)",
    "wendland(0)", "wendland(1, 2)", "wendland(2, 1/2)", "tophat(3/4)", "tophat",
    "energy(1, scale=3) - 2*log(scale=1/5) + 1/2*coulomb(scale=2) - elastic(scale=3) + riesz(1/3, scale=1/2)",
]  # fmt: skip
BREAKS = [0, Q(1, 2), Q(3, 4), 1, 2, 4, 8, 16]  # the radii of the compact kernels are among them
WIDE, NARROW = mpf(5) / 4, mpf(3) / 4  # standard deviations of the two Gaussians


def _gaussians(n: int, r: mpf) -> mpf:
    return sum(sign * mp.exp(-((r / s) ** 2) / 2) / mp.sqrt(2 * mp.pi * s * s) ** n for sign, s in ((1, NARROW), (-1, WIDE)))


def _gaussians_transform(k: mpf) -> mpf:
    """exp(-s^2 k^2/2) - exp(-t^2 k^2/2), without cancellation at small k."""
    return mp.exp(-((WIDE * k) ** 2) / 2) * mp.expm1((WIDE**2 - NARROW**2) * k * k / 2)


STRONGLY_SINGULAR = [("riesz(3/2)", 2), ("riesz(3/2)", 3), ("riesz(5/2)", 3)]  # r^-a is a kernel for a < n only


@pytest.mark.parametrize(("text", "n"), [*product(PAIRED, (1, 2, 3)), *STRONGLY_SINGULAR])
def test_profile_and_transform_agree_against_a_test_function(text, n):
    with mp.workdps(DIGITS):
        e, total = _profile(text, n), _transform(text, n)
        breaks = [OPS.number(Q(b)) for b in BREAKS]
        in_space = _integral(lambda r: r ** (n - 1) * e(r) * _gaussians(n, r), breaks)
        in_waves = _integral(lambda k: k ** (n - 1) * total(k) * _gaussians_transform(k), breaks) / (2 * mp.pi) ** n
        assert abs(in_space / in_waves - 1) < TOLERANCE


# --- one formula, every arithmetic --------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("text", PAIRED, ids=str)
def test_the_transform_formulas_run_in_mpmath_and_give_what_balls_give(text, n):
    """amplitude and shape take their arithmetic as an argument, so a constant that only balls get right would show here."""
    with mp.workdps(DIGITS):
        for k in (mpf(1) / 5, mpf(3)):
            total = mpf(0)
            for term in parse(text).terms:
                scale2 = OPS.number(term.scale2)
                shape = term.family.shape(Q(n)).value(OPS, scale2 * k * k)
                total += OPS.number(term.weight) * scale2 ** (mpf(n) / 2) * term.family.amplitude(OPS, Q(n)) * shape
            assert abs(total / _transform(text, n)(k) - 1) < mpf(10) ** -16  # 20 digits less cancellation between terms
