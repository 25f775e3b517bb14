"""Enclosed transforms of expressions contain the truth: values, slopes, ranges, both ends, and every bound that they rest on.

The truth is mpmath's, from formulas of the literature written here; nothing of the library is compared with itself. A ball
that misses it would make every proof built on it worthless, so a single miss is a failure.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as Q
from math import inf
from random import Random
from typing import Any

import pytest
import witness
from flint import acb, arb
from mpmath import mp, mpc, mpf

from wgflow.arithmetic import ball
from wgflow.arithmetic.number import InputError
from wgflow.fourier import germ, ladder, majorant, panels
from wgflow.fourier.hankel import hankel
from wgflow.fourier.local import End, Local, Undecidable
from wgflow.fourier.radial import Radial, enclosed, radial
from wgflow.fourier.spectral_sum import transform
from wgflow.fourier.symbolic import derive
from wgflow.kernels.catalogue import CATALOGUE
from wgflow.kernels.expression import (
    Number,
    Power,
    Tree,
    add,
    evaluate,
    multiply,
    raise_to,
    substituted,
    text_of,
)  # fmt: skip
from wgflow.kernels.text import parse
from wgflow.kernels.written import written_out
from wgflow.record import replace

Transform = Callable[[mpf], Any]
BITS = 300  # of the truth


def number(value: Q) -> mpf:
    return mpf(value.numerator) / value.denominator


def exact(point: arb) -> mpf:
    """An exact point of FLINT as a number of mpmath, exactly."""
    mantissa, exponent = point.man_exp()
    with mp.workprec(max(mp.prec, int(mantissa).bit_length() + 4)):
        return mp.ldexp(mpf(int(mantissa)), int(exponent))


def contains(found: arb, truth: Any) -> bool:
    """Whether a ball contains a number that is known to about BITS bits."""
    return bool(found.is_finite()) and abs(truth - exact(found.mid())) <= exact(found.rad()) + abs(truth) * mpf(2) ** (100 - BITS)


def written(text: str) -> Tree:
    """The tree of any kernel text: named kernels are written out, sums put together."""
    parts = []
    for term in parse(text).terms:
        inner = multiply((raise_to(Number(term.scale2), -Q(1, 2)), Power(Q(1))))
        parts.append(multiply((Number(term.weight), substituted(written_out(term.family, 1)[0], inner))))
    return add(parts)


class InMpmath:
    """mpmath as an arithmetic of trees: principal branches."""

    @property
    def pi(self) -> mpf:
        return +mp.pi

    number = staticmethod(number)
    exp, log, sin, cos, tanh, sech, erf = (staticmethod(f) for f in (mp.exp, mp.log, mp.sin, mp.cos, mp.tanh, mp.sech, mp.erf))

    @staticmethod
    def power(base: Any, exponent: Q) -> Any:
        return base**exponent.numerator if exponent.denominator == 1 else mp.exp(number(exponent) * mp.log(base))

    @staticmethod
    def besselk(order: Q, x: Any) -> Any:
        return mp.besselk(number(order), x)

    @staticmethod
    def besselj(order: Q, x: Any) -> Any:
        return mp.besselj(number(order), x)


@pytest.fixture(autouse=True)
def precise():
    with mp.workprec(BITS):
        yield


# --- expressions that carry their transform ---------------------------------------------------------------------------


def sphere(n: int) -> mpf:
    return 2 * mp.sqrt(mp.pi) ** n / mp.gamma(mpf(n) / 2)


def damped_power(n: int, beta: mpf, s: Any, k: mpf) -> Any:
    """F(r^beta exp(-s r)), Re s > 0 (Erdelyi 1954, Tables of Integral Transforms II, 8.6(6)); with b - a = 1/2 one root suffices
    where 2F1 is algebraic: beta = 0, and beta = 1 is minus its derivative in s."""
    p = mpf(n + 1) / 2
    front = 2**n * mp.pi ** (p - 1) * mp.gamma(p)
    both = (s + 1j * k) ** -p * (s - 1j * k) ** -p
    if beta == 0:
        return front * s * both
    if beta == 1:
        return front * both * (2 * p * s * s / (s * s + k * k) - 1)
    a = (n + beta) / 2
    return sphere(n) * mp.gamma(n + beta) * s ** (-n - beta) * mp.hyp2f1(a, a + mpf(1) / 2, mpf(n) / 2, -k * k / (s * s))


def stretched_exponential(n: int, p: mpf, k: mpf) -> mpf:
    """F(exp(-r^p)), p > 1, by the power series in k^2, which cancels."""
    with mp.workprec(BITS + int(8 * k ** (p / (p - 1))) + 60):
        total, m, front = mpf(0), 0, 1 / p
        while True:
            part = front * mp.gamma((n + 2 * m) / p)
            total += part
            if m > 20 and abs(part) < mpf(2) ** -(BITS + 40):
                return sphere(n) * total
            front *= -k * k / 4 / ((m + 1) * (mpf(n) / 2 + m))
            m += 1


def power(n: int, beta: Q, k: mpf) -> mpf:
    """F(r^beta); 0 for beta = 0, 2, 4, ..."""
    b = number(beta)
    return 2 ** (n + b) * mp.sqrt(mp.pi) ** n * mp.gamma((n + b) / 2) * mp.rgamma(number(-beta / 2)) * k ** (-n - b)


def slow_exponential(n: int, p: Q, k: mpf) -> mpf:
    """F(exp(-r^p)), p < 1, term by term: the series converges."""
    with mp.workprec(2 * BITS + int(8 * k ** -number(p / (1 - p)))):
        total, j = mpf(0), 0
        while True:
            part = power(n, j * p, k) / mp.factorial(j)
            total += (-1) ** j * part
            if j > 60 and 0 < abs(part) < abs(total) * mpf(2) ** -BITS:
                return total
            j += 1


def raised(n: int, first: Callable[[mpf], Any], third: Callable[[mpf], Any]) -> Transform:
    return {1: first, 3: third}[n]


def auxiliary(k: mpf) -> tuple[mpf, mpf]:
    """f and g of DLMF 6.2.17, 6.2.18: the integrals of sin(k t)/(1 + t) and cos(k t)/(1 + t)."""
    si, ci = mp.si(k) - mp.pi / 2, mp.ci(k)
    return ci * mp.sin(k) - si * mp.cos(k), -ci * mp.cos(k) - si * mp.sin(k)


def logarithm_of_square(n: int, k: mpf) -> mpf:
    """F(log(1 + r^2)), minus the derivative of F((1 + r^2)^-beta) at beta = 0."""
    return -2 * mp.sqrt(mp.pi) ** n * (k / 2) ** (-mpf(n) / 2) * witness.bessel_k(mpf(n) / 2, k)


def hyperbolic_tangent(n: int, k: mpf) -> mpf:
    """tanh r = 1 - 2 sum of (-1)^{j+1} exp(-2 j r)."""
    with mp.workprec(BITS + 60):
        return mp.nsum(lambda j: (-1) ** int(j) * 2 * damped_power(n, mpf(0), 2 * mpf(int(j)), k), [1, mp.inf], method="a").real


def bessel_pole(k: mpf, s: mpf) -> Any:
    """2 Re ((s - ik)^2 + 1)^{-1/2} = F_1(exp(-s r) J_0(r)) (Gradshteyn and Ryzhik 6.611.1), and the factor of its derivative."""
    z = s - 1j * k
    return (1 / mp.sqrt((z + 1j) * (z - 1j)), 1j * z / ((z + 1j) * (z - 1j)) ** mpf(1.5))


Family = Callable[[Random], tuple[str, tuple[int, ...], Callable[[int], Transform]]]
ALL, ODD = (1, 2, 3, 4, 5, 8, 16), (1, 3)


def turning(rng: Random) -> Any:
    c = Q(rng.randint(1, 12), rng.randint(2, 5))
    return f"exp(-{{r}})*cos({c}*{{r}})", ALL, lambda n: lambda k: damped_power(n, mpf(0), mpc(1, -number(c)), k).real


def damped(rng: Random) -> Any:
    beta = rng.choice((Q(1), Q(1), Q(1, 2), Q(-1, 2), Q(2, 3), Q(3, 4)))
    return f"{{r}}**({beta})*exp(-{{r}})", ALL, lambda n: lambda k: mp.re(damped_power(n, number(beta), mpf(1), k))


def laguerre(rng: Random) -> Any:
    beta = rng.choice((Q(2), Q(4), Q(6), Q(1), Q(3), Q(1, 2), Q(-1, 2), Q(1, 3)))
    return f"{{r}}**({beta})*exp(-{{r}}**2/2)", ALL, lambda n: lambda k: (
        sphere(n) / 2 * 2 ** ((n + number(beta)) / 2) * mp.gamma((n + number(beta)) / 2)
        * mp.hyp1f1((n + number(beta)) / 2, mpf(n) / 2, -k * k / 2)
    )  # fmt: skip


def hyperbolic_secant(rng: Random) -> Any:
    u = mp.pi / 2
    return "sech({r})", ODD, lambda n: raised(
        n, lambda k: 2 * u * mp.sech(u * k), lambda k: mp.pi**3 / k * mp.sech(u * k) * mp.tanh(u * k)
    )  # fmt: skip


def quartic(rng: Random) -> Any:
    h = 1 / mp.sqrt(2)
    return "1/(1+{r}**4)", ODD, lambda n: raised(  # Gradshteyn and Ryzhik 3.727
        n, lambda k: mp.pi * h * mp.exp(-k * h) * (mp.cos(k * h) + mp.sin(k * h)),
        lambda k: 2 * mp.pi**2 / k * mp.exp(-k * h) * mp.sin(k * h),
    )  # fmt: skip


def fast(rng: Random) -> Any:
    p = rng.choice((Q(4), Q(3), Q(3, 2), Q(6)))
    return f"exp(-{{r}}**({p}))", ALL, lambda n: lambda k: stretched_exponential(n, number(p), k)


def slow(rng: Random) -> Any:
    p = rng.choice((Q(1, 2), Q(1, 3), Q(2, 5)))
    return f"exp(-{{r}}**({p}))", ALL, lambda n: lambda k: slow_exponential(n, p, k)


def hyperbola(rng: Random) -> Any:
    return "1/(1+{r})", ODD, lambda n: raised(
        n, lambda k: 2 * auxiliary(k)[1], lambda k: 4 * mp.pi / k * (1 / k - auxiliary(k)[0])
    )  # fmt: skip


def logarithm(rng: Random) -> Any:
    return "log(1+{r}**2)", ALL, lambda n: lambda k: logarithm_of_square(n, k)


def tangent(rng: Random) -> Any:
    return "tanh({r})", (1, 2, 3, 5), lambda n: lambda k: hyperbolic_tangent(n, k)


def damped_logarithm(rng: Random) -> Any:
    return "exp(-{r})*log({r})", ODD, lambda n: raised(
        n, lambda k: 2 * (-(mp.euler + mp.log(1 - 1j * k)) / (1 - 1j * k)).real,
        lambda k: 4 * mp.pi / k * ((1 - mp.euler - mp.log(1 - 1j * k)) / (1 - 1j * k) ** 2).imag,
    )  # fmt: skip


def damped_bessel(rng: Random) -> Any:
    s = Q(rng.randint(1, 8), 3)
    return f"exp(-{s}*{{r}})*besselj(0, {{r}})", ODD, lambda n: raised(
        n, lambda k: 2 * bessel_pole(k, number(s))[0].real, lambda k: -4 * mp.pi / k * bessel_pole(k, number(s))[1].real
    )  # fmt: skip


def macdonald(rng: Random) -> Any:
    """K_0: Matern's limit nu = 0."""
    return "besselk(0, {r})", ALL, lambda n: lambda k: (
        2 ** (n - 1) * mp.sqrt(mp.pi) ** n * mp.gamma(mpf(n) / 2) * (1 + k * k) ** (-mpf(n) / 2)
    )  # fmt: skip


def sinc(rng: Random) -> Any:
    c = Q(rng.randint(1, 9), 2)
    return f"exp(-{{r}})*sin({c}*{{r}})/{{r}}", (3,), lambda n: lambda k: (
        2 * mp.pi / k * (1 / (1 + (number(c) - k) ** 2) - 1 / (1 + (number(c) + k) ** 2))
    )  # fmt: skip


FAMILIES: tuple[Family, ...] = (
    turning, damped, laguerre, hyperbolic_secant, quartic, fast, slow, hyperbola, logarithm, tangent, damped_logarithm,
    damped_bessel, macdonald, sinc,
)  # fmt: skip
MOST_REACH = {fast: 4}  # k times the length: beyond, the truth costs too much
LEAST_REACH = {slow: Q(1, 4)}


class Case:
    """e(r/a) in R^n: its text, and its transform a^n F(a k)."""

    def __init__(self, family: Family, rng: Random, a: Q, n: int | None = None) -> None:
        template, dims, of = family(rng)
        self.family, self.a, self.n = family, a, rng.choice(dims) if n is None else n
        self.text = template.replace("{r}", "r" if a == 1 else f"({1 / a}*r)")
        self.unit = of(self.n)

    def __call__(self, k: mpf) -> Any:
        return number(self.a) ** self.n * self.unit(number(self.a) * k)

    def wavenumber(self, rng: Random, low: float = -4, high: float = 4.5) -> Q:
        """A dyadic number k with k a from about 2^low to 2^high."""
        free = Q(rng.randint(2**19, 2**20), 2**20) * Q(2) ** round(rng.uniform(low, high)) / self.a
        least, most = LEAST_REACH.get(self.family, Q(0)), MOST_REACH.get(self.family, inf)
        k = min(max(free * self.a, least), most) / self.a
        with ball.precision(40):
            return dyadic(ball.number(k).mid())

    def __str__(self) -> str:
        return f"{self.text} n={self.n}"


def dyadic(point: arb) -> Q:
    mantissa, exponent = point.man_exp()
    return Q(int(mantissa)) * Q(2) ** int(exponent)


# --- values -----------------------------------------------------------------------------------------------------------

SECOND = {
    "rbf": "lengthscale=1/3", "rq": "alpha=2.5, lengthscale=2", "imq": "beta=2, c=1/2", "multiquadric": "c=2",
    "laplace": "lengthscale=3", "matern": "nu=5/2, lengthscale=1/2", "energy": "beta=1.5", "riesz": "a=3/4",
    "yukawa": "lengthscale=1/2", "wendland": "smoothness=2, radius=3", "tophat": "radius=1/2",
}  # fmt: skip
INTEGRABLE = {"rbf", "laplace", "matern", "yukawa", "wendland", "tophat"}  # of known F(0): the noise is relative to it


def parameters(name: str, given: str) -> dict[str, Q]:
    """The parameters as `witness` has them: lengths squared."""
    values = {p.name: p.default for p in CATALOGUE[name].parameters}
    for item in given.split(", ") if given else ():
        key, value = item.split("=")
        length = any(p.name == key and p.is_length for p in CATALOGUE[name].parameters)
        values[key] = Q(value) ** (2 if length else 1)
    return values  # ``scale`` as it is


def check_catalogue_kernel(name: str, n: int, given: str, wavenumbers: tuple[Q, ...], symbolic: bool = False) -> None:
    """Closed form, mpmath, numeric and rigorous quadrature, and SymPy agree pairwise."""
    text, params = f"{name}({given})" if given else name, parameters(name, given)
    a = params.pop("scale", Q(1))  # e(r/a) has the transform a^n F(a k)
    derived = derive(text, n, 60) if symbolic else None
    for k in wavenumbers:
        with ball.precision(128):
            found, closed = enclosed(text, n, ball.number(k)), transform(parse(text), n).value(ball.number(k))
        truth = number(a) ** n * witness.transform(name, params, n, number(a * k))
        assert contains(found, truth) and found.overlaps(closed), (text, n, k)
        noise = abs(witness.transform(name, params, n, mpf(2) ** -20)) * mpf(10) ** -16 if name in INTEGRABLE else 0
        assert exact(found.rad()) <= max(abs(truth) * mpf(10) ** -10, noise), (text, n, k, "wide")
        value, error = hankel(text, float(k), n)
        assert abs(mpf(float(value)) - truth) <= mpf(float(error)), (text, n, k, "numeric")
        assert abs(mpf(float(value)) - exact(found.mid())) <= mpf(float(error)) + exact(found.rad()), (text, n, k)
        if derived:
            import sympy

            formula = mpf(str(sympy.N(derived.expression.subs(sympy.Symbol("k", positive=True), sympy.Rational(k)), 40)))
            assert contains(found + arb(0, float(abs(truth) * mpf(10) ** -35)), formula), (text, n, k, derived.how)


def allowed(name: str, n: int, given: str = "") -> bool:
    try:
        parse(f"{name}({given})" if given else name).check_dimension(n)
    except InputError:
        return False
    return True


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("name", CATALOGUE)
def test_quadrature_agrees_with_the_catalogue(name, n):
    if not allowed(name, n):
        pytest.skip("not a kernel in this dimension")
    check_catalogue_kernel(name, n, "", (Q(5, 8),))


@pytest.mark.long
@pytest.mark.parametrize("n", [1, 2, 3, 5, 16])
@pytest.mark.parametrize("given", ["", "second"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_method_agrees_with_the_catalogue(name, given, n):
    given = SECOND.get(name, "scale=2") if given else ""
    if not allowed(name, n, given):
        pytest.skip("not a kernel in this dimension")
    check_catalogue_kernel(name, n, given, (Q(1, 64), Q(3, 8), Q(5, 4), Q(3)), symbolic="scale" not in given)


GROWING = {logarithm, tangent}


def check_values(rng: Random, family: Family, shapes: int, wavenumbers: int, most: int) -> None:
    """Values by quadrature at moderate lengths, and as shapes of a `SpectralSum` at any length."""
    for i in range(shapes):
        extreme = i % 2 == 1 and family not in GROWING
        a = Q(rng.randint(1, 40), rng.randint(1, 12)) * (Q(2) ** rng.randint(-50, 50) if extreme else 1)
        case = Case(family, rng, a, rng.choice([n for n in family(Random(0))[1] if n <= most]))
        total = transform(parse(case.text), case.n)
        near = rng.uniform(-3, 2.5)  # all within an octave, which share their cells
        for _ in range(wavenumbers):
            k = case.wavenumber(rng, near, near)
            with ball.precision(128):
                found = [total.value(ball.number(k))]
                if not extreme:
                    found.append(enclosed(case.text, case.n, ball.number(k)))
            truth = case(number(k))
            assert all(contains(value, truth) for value in found), (str(case), k, found, mp.nstr(truth, 20))


@pytest.mark.parametrize("family", FAMILIES)
def test_values_of_random_expressions_contain_the_truth(family):
    check_values(Random(1), family, 2, 8, most=3)


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_values_of_many_random_expressions_contain_the_truth(family):
    check_values(Random(10), family, 40, 20, most=16)


@pytest.mark.parametrize("doublings", [-40, 40])
@pytest.mark.parametrize("family", [logarithm, tangent])
def test_growing_expressions_have_any_length(family, doublings):
    case = Case(family, Random(1), Q(2) ** doublings, 2)
    with ball.precision(128):
        found = transform(parse(case.text), 2).value(ball.number(1 / case.a))
    assert contains(found, case(number(1 / case.a))) and found.rel_accuracy_bits() > 30


def test_values_are_narrow():
    """Where the transform is of the size of the integral of r^{n-1} |e|, all but a few of the quadrature's 66 bits are left."""
    rng = Random(2)
    for family in FAMILIES:
        case = Case(family, rng, Q(1), 3)
        with ball.precision(128):
            value = enclosed(case.text, case.n, arb(1))
        assert value.rel_accuracy_bits() > 40, (str(case), value)


def test_the_value_on_a_ball_contains_all_its_points():
    rng = Random(3)
    for family in FAMILIES:
        case = Case(family, rng, Q(3, 2), 3)
        k = case.wavenumber(rng, -1, 1)
        for width in (Q(1, 2**40), Q(1, 2**8), Q(1, 16)):
            with ball.precision(128):
                found = enclosed(case.text, 3, ball.number(k * (1 - width)).union(ball.number(k * (1 + width))))
            for part in (-1, Q(-1, 3), 0, Q(2, 5), 1):
                assert contains(found, case(number(k * (1 + part * width)))), (str(case), k, width)


# --- slopes and ranges ------------------------------------------------------------------------------------------------


class Whole:
    """The sum of factor * shape over the parts of a transform: two where a factor log r meets a stretch, else one."""

    def __init__(self, parts: tuple) -> None:
        self.parts = parts

    def range(self, k1: arb, k2: arb) -> tuple[arb, arb]:
        least, most = arb(0), arb(0)
        for factor, shape in self.parts:
            ends = [ball.real(factor) * end for end in shape.range(k1, k2)]
            least, most = least + ends[0].min(ends[1]), most + ends[0].max(ends[1])
        return least.lower(), most.upper()

    def slope(self, k1: arb, k2: arb) -> arb:
        return sum((ball.real(factor) * shape.slope(k1, k2) for factor, shape in self.parts), arb(0))

    def local(self, end: End, order: int) -> list[Local]:
        out = []
        for factor, shape in self.parts:
            size = ball.real(factor).abs_upper()
            for part in shape.local(end, order):
                rest = None if part.rest is None else replace(part.rest, bound=(part.rest.bound * size).upper())
                terms = tuple((p, m, c * factor) for p, m, c in part.terms)
                out.append(replace(part, terms=terms, rest=rest))
        return out


def shape_of(case: Case) -> tuple[mpf, Radial | Whole]:
    """(factor, shape) of an expression; the transform is their product."""
    parts = radial(written(case.text), case.n)
    if len(parts) > 1:
        return mpf(1), Whole(parts)
    ((factor, shape),) = parts
    with ball.precision(BITS):
        return exact(ball.real(factor).mid()), shape


WALKED = tuple(family for family in FAMILIES if family is not sinc)  # from n = 1 to n = 3


def check_intervals(rng: Random, family: Family, shapes: int, intervals: int, least_bits: int) -> None:
    """k F_n'(k) = -k^2/(2 pi) F_{n+2}(k): the slopes' truth is a transform in another dimension."""
    for _ in range(shapes):
        seed = rng.randrange(2**30)
        a = Q(1) if family is damped_logarithm else Q(rng.randint(1, 9), rng.randint(1, 5))  # log(a r) would be a sum
        case, beyond = (Case(family, Random(seed), a, n) for n in (1, 3))
        factor, shape = shape_of(case)
        near = rng.uniform(-3, 3)
        for _ in range(intervals):
            low = case.wavenumber(rng, near, near)
            high = low * (1 + Q(rng.randint(1, 1000), 1000) * Q(1, 2 ** rng.randint(least_bits, 12)))
            with ball.precision(128):
                ends = ball.number(low).lower(), ball.number(high).upper()
                least, most = shape.range(*ends)
                slope = shape.slope(*ends)
            for part in (Q(0), Q(1), Q(rng.randint(1, 99), 100), Q(1, 2)):
                k = low + part * (high - low)
                value, derivative = case(number(k)) / factor, -(number(k) ** 2) / (2 * mp.pi) * beyond(number(k)) / factor
                slack = abs(value) * mpf(2) ** (100 - BITS)
                assert exact(least.mid()) - exact(least.rad()) - slack <= value, (str(case), low, high, k)
                assert value <= exact(most.mid()) + exact(most.rad()) + slack, (str(case), low, high, k)
                assert contains(slope, derivative), (str(case), low, high, k)
            if high < low * Q(1001, 1000):
                size = abs(case(number(low)) / factor) + abs(derivative)
                assert exact(most) - exact(least) <= size / 20 + mpf(10) ** -12 * abs(case(mpf(2) ** -10) / factor)


@pytest.mark.parametrize("family", WALKED)
def test_slopes_and_ranges_contain_the_truth(family):
    check_intervals(Random(4), family, 1, 5, least_bits=3)


@pytest.mark.long
@pytest.mark.parametrize("family", WALKED)
def test_many_slopes_and_ranges_contain_the_truth(family):
    check_intervals(Random(5), family, 10, 20, least_bits=0)


def test_wide_intervals_tell_nothing():
    ((_, shape),) = radial(written("exp(-r**4)"), 2)
    least, most = shape.range(arb(1), arb(3))
    assert not least.is_finite() and not most.is_finite() and not shape.slope(arb(1), arb(3)).is_finite()


# --- both ends --------------------------------------------------------------------------------------------------------


def at_end(parts: tuple[Local, ...], k: mpf, end: End) -> tuple[mpf, mpf]:
    """(value, bound of the error) of an expansion at k."""
    value, error, logarithm = mpf(0), mpf(0), -mp.log(k)
    for part in parts:
        q, b = part.rate
        with ball.precision(BITS):
            fall = mp.exp(-exact(ball.real(b).mid()) * k**q) if q else mpf(1)
            terms = [(number(p), m, exact(ball.real(c).mid())) for p, m, c in part.terms]
        value += fall * sum((c * k**p * logarithm**m for p, m, c in terms), mpf(0))
        if part.rest is not None:
            error += fall * exact(part.rest.bound) * k ** number(part.rest.power) * abs(logarithm) ** part.rest.logs
    return value, error


def check_ends(rng: Random, family: Family, shapes: int, wavenumbers: int) -> dict[End, int]:
    seen = dict.fromkeys(End, 0)
    for _ in range(shapes):
        case = Case(family, rng, Q(1) if family is damped_logarithm else Q(rng.randint(1, 30), rng.randint(1, 30)))
        factor, shape = shape_of(case)
        for end in End:
            try:
                parts = shape.local(end, rng.choice((1, 2, 3, 4, 8)))
            except Undecidable:
                continue
            valid = [exact(part.valid) for part in parts]
            toward, start = (-1, min(valid)) if end is End.ZERO else (1, max(valid))
            for j in range(wavenumbers):
                k = start * 2 ** (toward * (mpf(0) if j == 0 else mpf(rng.uniform(0, 3 * j))))
                if not number(LEAST_REACH.get(family, Q(0))) / 16 <= k * number(case.a) <= 2 * MOST_REACH.get(family, inf):
                    continue
                value, error = at_end(parts, k, end)
                truth = case(k) / factor
                assert abs(truth - value) <= error + abs(truth) * mpf(2) ** (100 - BITS), (str(case), end, mp.nstr(k, 8))
                seen[end] += 1
    return seen


# No power series at r = 0 beside a factor log r or K_0, so no expansion toward infinity.
# So near k = 0 the truth of `slow` costs too much here.
NO_FAR_END = {damped_logarithm, macdonald}


@pytest.mark.parametrize("family", FAMILIES)
def test_expansions_contain_the_truth_at_both_ends(family):
    seen = check_ends(Random(6), family, 3, 4)
    assert (seen[End.ZERO] >= 3 or family is slow) and (seen[End.INFINITY] >= 3 or family in NO_FAR_END), seen


@pytest.mark.long
@pytest.mark.parametrize("family", FAMILIES)
def test_many_expansions_contain_the_truth_at_both_ends(family):
    check_ends(Random(20), family, 40, 6)


LEADING = [  # the first power of k toward infinity, by Watson's lemma; None where F falls faster than any
    ("exp(-r)*cos(r)", 1, -2), ("exp(-r)*cos(r)", 3, -4), ("exp(-r**(3/2))", 2, Q(-7, 2)), ("r*exp(-r**2)", 5, -6),
    ("1/(1+r)", 3, -4), ("exp(-sqrt(r))", 2, Q(-5, 2)), ("r**2*exp(-r**2)", 3, None), ("sech(r)", 2, None),
    ("log(1+r**2)", 1, None), ("sin(r)*exp(-r**2)", 1, -2), ("exp(-r)*(1+r)*cos(r)", 1, -4),
]  # fmt: skip


@pytest.mark.parametrize(("text", "n", "power_"), LEADING)
def test_the_decay_toward_infinity_is_found(text, n, power_):
    ((_, shape),) = radial(written(text), n)
    parts = shape.local(End.INFINITY, 4)
    powers = [p for part in parts for p, _, c in part.terms if not part.rate[0] and not c.is_zero]
    assert max(powers, default=None) == power_
    if power_ is None:
        assert all(part.rate[0] == 1 for part in parts)


# --- what the enclosures rest on --------------------------------------------------------------------------------------

PIECES = (
    "exp(-r)", "exp(-2*r)", "exp(-r**2)", "exp(-sqrt(r))", "1/(1+r**2)", "1/(2+r)", "sqrt(1+r)", "log(2+r)", "r", "r**2",
    "r**(-1/3)",
    "tanh(r)", "tanh(1/r)", "sech(r)", "sech(r/3)", "erf(r)", "erf(-1/r)", "besselk(1/2, r)", "besselk(2, 2*r)", "cos(r)",
    "sin(2*r)",
    "cos(1/r)", "besselj(1, r)", "besselj(0, exp(-r))", "exp(-1/r)", "log(1+exp(-r))", "(3+r)**(-5/2)", "(1+r**3)**(1/2)",
    "exp(-log(2+r)**2/10)", "sqrt(1+exp(-r))", "exp(1/(1+r))", "exp(-r)*(2+cos(r))", "tanh(r**2)", "sech(r**2/5)", "erf(r/2)",
    "1/r",
)  # fmt: skip


def random_tree(rng: Random) -> Tree:
    tree = written(rng.choice(PIECES))
    for _ in range(rng.randint(0, 3)):
        other = written(rng.choice(PIECES))
        tree = (
            multiply((tree, other))
            if rng.random() < 0.6
            else add((tree, multiply((Number(Q(rng.choice((-2, -1, 1, 3)))), other))))
        )
    return tree


def random_point(rng: Random, region: majorant.Region) -> Any:
    """A point of the region, often on its boundary, up to many times as far as its start."""
    start, angle = exact(region.start), exact(region.angle) - mpf(2) ** -60
    size = start * (1 if rng.random() < 0.3 else mpf(2) ** rng.uniform(0, rng.choice((1, 5))))
    turn = angle * rng.choice((-1, 0, 1, mpf(rng.uniform(-1, 1)), mpf(rng.uniform(-1, 1))))
    z = size * mp.expj(turn)
    if region.height is not None and abs(z.imag) > exact(region.height):
        z = mpc(max(z.real, start), mp.sign(z.imag) * exact(region.height))
    return z


def misses(found: majorant.Growth, z: Any, value: Any) -> bool:
    """Whether a bound is wrong at z."""
    slack = 1 + mpf(2) ** -40
    if found.decay is not None:
        q, b = found.decay
        size = mp.log(exact(found.w.abs_upper())) + number(found.p) * mp.log(abs(z)) - exact(b.lower()) * abs(z) ** number(q)
        return bool(value != 0 and mp.log(abs(value)) > size + mpf(2) ** -40)
    w = value / mp.exp(number(found.p) * mp.log(z))
    return not all(
        abs(x - exact(part.mid())) <= exact(part.rad()) * slack + abs(w) * mpf(2) ** -45
        for x, part in ((mp.re(w), found.w.real), (mp.im(w), found.w.imag))
    )


def check_growth(rng: Random, count: int) -> int:
    bounded = 0
    for _ in range(count):
        tree = random_tree(rng)
        start = ball.dyadic(rng.randint(4, 7), rng.randint(-2, 4)).max(arb(1))
        region = rng.choice(
            (
                majorant.strip(start, ball.dyadic(rng.randint(0, 8), -1)),
                majorant.sector(start, arb(rng.choice((0, 0.25, 0.5, 0.785)))),
            )
        )
        try:
            with ball.precision(64):
                ops = majorant.Ops(region)
                found = evaluate(tree, ops, ops.variable)
        except majorant.NoBound:
            continue
        bounded += 1
        for _ in range(6):
            z = random_point(rng, region)
            with mp.workprec(100 + int(3 * abs(z))):
                value = evaluate(tree, InMpmath(), mpc(z))
            assert not misses(found, z, value), (text_of(tree), region, mp.nstr(z, 20), found)
    return bounded


def test_bounds_far_out_hold():
    assert check_growth(Random(7), 100) > 25


@pytest.mark.long
@pytest.mark.parametrize("seed", range(30, 40))
def test_many_bounds_far_out_hold(seed):
    check_growth(Random(seed), 2000)


NEAR_ZERO = (
    "exp(-r)*cos(r)", "sin(r)*exp(-r**2)", "tanh(r)", "sech(r)*r**(-1/2)", "exp(-sqrt(r))", "1/(1+r)", "log(1+r**2)", "erf(r)/r",
    "sqrt(1+r**(2/3))", "exp(-r)*log(r)", "besselj(2, r)/(1+r)", "exp(-r**(3/2))*(1+sqrt(r))", "r**2*log(r)*exp(-r**2)",
    "(2+cos(r))**(1/3)",
    "besselj(0, sin(r))", "exp(cos(r))", "(1+r+r**3)**(-7/2)", "tanh(1+r)", "erf(2-r)",
)  # fmt: skip


@pytest.mark.parametrize("text", NEAR_ZERO)
def test_expansions_at_r_0_hold(text):
    rng, tree = Random(text), written(text)
    for terms in (1, 4, 9, 20):
        found = germ.germ(tree, terms)
        assert len(found.coefficients) == terms
        inner = substituted(panels.Factors.of(tree).rest, Power(1 / found.step))
        for _ in range(8):
            v = exact(found.radius) * rng.choice((1, mpf(rng.random()), mpf(2) ** -rng.randint(1, 40)))
            v *= mp.expj(rng.choice((0, mp.pi, mp.pi / 2, rng.uniform(-3.14, 3.14))))
            total = mp.fsum(exact(c.mid()) * v**m for m, c in enumerate(found.coefficients))
            slack = mp.fsum(exact(c.rad()) * abs(v) ** m for m, c in enumerate(found.coefficients)) + mpf(2) ** -250
            own = exact(found.bound) * abs(v) ** terms + slack
            assert abs(evaluate(inner, InMpmath(), v) - total) <= own, (text, terms, mp.nstr(v, 10))
            z = mp.exp(mp.log(v) / number(found.step))
            if abs(mp.arg(v)) / number(found.step) < 3.1:  # there z's own powers are principal
                whole = mp.exp(number(found.power) * mp.log(z)) * mp.log(z) ** found.logs
                assert abs(evaluate(tree, InMpmath(), z) - whole * total) <= abs(whole) * own * (1 + mpf(2) ** -200), (text, v)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_quadratures_error_holds(family):
    """For the sum and for its derivative in k: F_n'(k) = -k/(2 pi) F_{n+2}(k)."""
    rng, count = Random(8), 0
    for n, kappa in ((1, Q(1)), (3, Q(4)), (5, Q(16))):
        if n not in family(Random(9))[1]:
            continue
        case = Case(family, Random(9), Q(1), n)
        try:
            nodes = panels.integration_nodes(written(case.text), n, ball.number(kappa))
        except Undecidable:
            continue  # it needs a turned contour
        points = [(exact(r), exact(w)) for r, w in zip(nodes.points, nodes.weights, strict=True)]
        for k in (kappa, kappa * Q(rng.randint(1, 99), 100), kappa / 64):
            x = min(number(k), MOST_REACH.get(family, inf))
            total = mp.fsum(w * mp.hyp0f1(mpf(n) / 2, -((x * r) ** 2) / 4) for r, w in points)
            error = exact(nodes.error) * sphere(n)
            assert abs(sphere(n) * total - case(x)) <= error, (str(case), k)
            if n + 2 in family(Random(9))[1]:
                slope = mp.fsum(-w * x * r * r / n * mp.hyp0f1(mpf(n) / 2 + 1, -((x * r) ** 2) / 4) for r, w in points)
                truth = -x / (2 * mp.pi) * Case(family, Random(9), Q(1), n + 2)(x)
                assert abs(sphere(n) * slope - truth) <= error, (str(case), k, "slope")
            count += 1
    assert count or family in (slow, quartic, hyperbola, logarithm, tangent)


def test_ladders_hold():
    rng = Random(10)
    for _ in range(60):
        n, count = rng.randint(1, 40), rng.randint(0, 30)
        with ball.precision(140):
            x = arb(-rng.uniform(0, 1) * 10 ** rng.uniform(-6, 5))
            wide = x + arb(0, rng.choice((0, 1e-12, 1e-3)) * abs(x))
            found = ladder.ladder(arb(n) / 2, wide, count)
        for j, value in enumerate(found):
            for side in (0, -1, 1):
                at = min(exact(wide.mid()) + side * exact(wide.rad()), mpf(0))
                assert contains(value, mp.hyp0f1(mpf(n) / 2 + j, at)), (n, j, x)
            assert not wide.rad().is_zero() or value.rad() < 1e-25 * (1 + abs(value.mid())), (n, j, x)


def test_hankel_ladders_hold():
    rng = Random(11)
    for _ in range(16):
        n, count = rng.randint(1, 12), rng.randint(0, 20)
        size, turn = 10 ** rng.uniform(-1, 1.8), rng.choice((0, 0, rng.uniform(0, 1.5), rng.uniform(1.6, 3)))
        with ball.precision(ladder.bits_for(Q(n, 2) - 1, size, 150)):
            w = acb((size * mp.cos(turn)).__float__(), (size * mp.sin(turn)).__float__())
            found = ladder.hankel_ladder(Q(n, 2) - 1, w, count)
        at = mpc(exact(w.real), exact(w.imag))
        for j, value in enumerate(found):
            with mp.workprec(300 + int(4 * size)):
                truth = mp.hankel1(mpf(n) / 2 - 1 + j, at) * mp.exp(-1j * at)
            assert contains(value.real, mp.re(truth)) and contains(value.imag, mp.im(truth)), (n, j, w)
            assert value.rel_accuracy_bits() > 100, (n, j, w)


# --- refusals ---------------------------------------------------------------------------------------------------------

REFUSED = [
    ("cos(r)/(1+r**2)", 1), ("sin(r)", 2), ("besselj(0, r)", 3), ("1/(2+cos(r))", 1), ("exp(r)", 1), ("exp(-exp(r))", 2),
    ("cos(r**2)*exp(r)", 1), ("exp(-1/r**2)", 1), ("exp(-1/r)", 3), ("sqrt((r-2)**2)", 1), ("exp(-sqrt((r-2)**2))", 2),
    ("exp(-r)*sqrt((r-1)**2)", 1), ("1/(r-2)", 1), ("1/(1-r+r**2/4)", 3), ("exp(-r**2)/(r-1)", 2), ("exp(-r)/(r**2-3)", 3),
    ("tanh(1/(r-1))*exp(-r)", 1), ("exp(-r)/cos(r)", 1), ("r**(-3)", 2), ("exp(-r)/r**2", 2), ("exp(-r)/r", 1),
    ("besselk(2, r)", 1),
    ("exp(-r)*log(r)/r**3", 3), ("sech(r)/tanh(r)", 1), ("exp(-r)*(r-1)**(2/3)", 2), ("log((r-1)**2)*exp(-r)", 1),
    ("tanh(r)/r**2", 2),
    ("exp(-r**2)*cos(exp(r))", 1), ("exp(-r)", 100), ("sech(r)", 65),
]  # fmt: skip


@pytest.mark.parametrize(("text", "n"), REFUSED)
def test_what_the_method_cannot_do_is_refused_with_a_reason(text, n):
    with pytest.raises((Undecidable, InputError)) as caught:
        enclosed(text, n, arb(3) / 2)
    assert len(str(caught.value)) > 20
