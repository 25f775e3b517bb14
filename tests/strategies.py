"""Random problems that carry their answer: kernel, stabilizer, dimension, and the least feasible eps from a closed form.

Every ratio R(k) = F(e)(k)/F(s)(k) below rises up to ``peak`` and falls after it (peak 0: it falls everywhere, inf: it rises
everywhere; this is shown in each comment), and F(s) > 0. So the answer for all k > 0, for a band and for a torus follow:
eps* = sup R, and eps* itself is feasible ("attained") exactly where the supremum is only approached, at k -> 0 or infinity.
All constants come from shared/MATH.md, section 2, and from mpmath; nothing of wgflow is used here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random
from typing import Any

import mpmath
from hypothesis import strategies as st

MP = mpmath.mp.clone()
MP.dps = 60
DIMS = (1, 2, 3, 4, 5, 16, 64, 128)
INFINITY = MP.inf

Number = Any  # a Fraction, or a number of MP


@dataclass(frozen=True)
class Problem:
    """The kernel decays under every eps above ``least``, and under ``least`` itself where ``attained``; None: under none."""

    how: str
    kernel: str
    stabilizer: str
    dim: int
    least: Number | None
    attained: bool = False
    ratio: Callable[[Number], Number] | None = None
    peak: Number = 0

    @property
    def least_text(self) -> str:
        """eps* as decimal text of 45 digits, or as the fraction that it is."""
        return str(self.least) if isinstance(self.least, Fraction) else MP.nstr(self.least, 45)

    def near(self, power: int, sign: int) -> str:
        """eps*(1 + sign 10^-power), as text of at most 40 digits."""
        value = mpf(self.least) * (1 + sign * MP.mpf(10) ** -power)
        return MP.nstr(value, 40, strip_zeros=True)


def mpf(value: Number) -> Any:
    return MP.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else MP.mpf(value)


# --- ingredients --------------------------------------------------------------------------------------------------


def length(rng: Random) -> Fraction:
    return Fraction(rng.randint(1, 12), rng.randint(1, 6))


def two_lengths(rng: Random) -> tuple[Fraction, Fraction]:
    """(larger, smaller), not equal."""
    one, two = length(rng), length(rng)
    return (max(one, two), min(one, two)) if one != two else two_lengths(rng)


def weight(rng: Random) -> Fraction:
    return Fraction(rng.randint(1, 20), rng.randint(1, 9))


def power_law(rng: Random, n: int) -> tuple[str, Number, Any]:
    """(text, p, C) of a kernel with F = C k^-p, C > 0."""
    name = rng.choice(("elastic", "riesz", "coulomb", "log", "energy"))
    half = mpf(Fraction(n, 2))
    if name == "elastic":
        return "elastic", Fraction(1), MP.pi if n == 1 else 2 * MP.pi ** (half + 0.5) / MP.gamma(half - 0.5)
    if name == "coulomb":
        front = {1: MP.mpf(2), 2: 2 * MP.pi}.get(n)
        return "coulomb", Fraction(2), 4 * MP.pi**half / MP.gamma(half - 1) if front is None else front
    if name == "log":
        return "log", Fraction(n), MP.mpf(2) ** (n - 1) * MP.pi**half * MP.gamma(half)
    if name == "riesz":
        a = Fraction(rng.randint(1, 8 * n - 1), 8)
        return f"riesz({a})", n - a, riesz_constant(a, n)
    beta = Fraction(rng.randint(1, 15), 8)
    return f"energy({beta})", n + beta, -riesz_constant(-beta, n)


def riesz_constant(a: Fraction, n: int) -> Any:
    return MP.mpf(2) ** mpf(n - a) * MP.pi ** mpf(Fraction(n, 2)) * MP.gamma(mpf((n - a) / 2)) / MP.gamma(mpf(a / 2))


def gaussian(scale: Fraction, n: int) -> Callable[[Number], Any]:
    return lambda k: (2 * MP.pi) ** mpf(Fraction(n, 2)) * mpf(scale) ** n * MP.exp(-((mpf(scale) * k) ** 2) / 2)


def matern(nu: Fraction, length2: Fraction, n: int) -> tuple[Any, Any, Any]:
    """(A, a^2, q) of F = A (a^2 + k^2)^-q; ``length2`` is the square of the lengthscale."""
    v, half = mpf(nu), mpf(Fraction(n, 2))
    a2 = 2 * v / mpf(length2)
    return MP.mpf(2) ** n * MP.pi**half * MP.gamma(v + half) * a2**v / MP.gamma(v), a2, v + half


def lorentzian(parts: tuple[Any, Any, Any]) -> Callable[[Number], Any]:
    front, a2, q = parts
    return lambda k: front * (a2 + k * k) ** -q


def rational_quadratic(alpha: Fraction, c: Any, n: int) -> Callable[[Number], Any]:
    nu, half, a = mpf(alpha - Fraction(n, 2)), mpf(Fraction(n, 2)), mpf(alpha)
    return lambda k: 2 * MP.pi**half * c**n / MP.gamma(a) * (c * k / 2) ** nu * MP.besselk(nu, c * k)


def matern_text(rng: Random, nu: Fraction, lengthscale: Fraction) -> str:
    if nu == Fraction(1, 2) and rng.random() < 0.5:
        return f"laplace({lengthscale})"
    return f"matern(nu={nu}, lengthscale={lengthscale})"


def whole_root(value: Fraction, power: int) -> Number:
    """value**(power/2), a Fraction where power is even."""
    return value ** (power // 2) if power % 2 == 0 else mpf(value) ** (mpf(power) / 2)


# --- the least eps is approached at k -> 0 or toward infinity, or attained between ----------------------------------


def gaussian_mixture(rng: Random, n: int) -> Problem:
    """Each F_i/F is w_i (l_i/l)^n exp(-(l_i^2 - l^2) k^2/2) with l < l_i: it falls from its limit at 0."""
    scales = [length(rng) for _ in range(rng.randint(1, 4))]
    weights = [weight(rng) for _ in scales]
    narrow, divisor = min(scales) * Fraction(rng.randint(1, 15), 16), weight(rng)
    least = sum((w * (scale / narrow) ** n for w, scale in zip(weights, scales, strict=True)), Fraction(0)) / divisor
    parts = [gaussian(scale, n) for scale in scales]

    def ratio(k: Number) -> Any:
        return sum(mpf(w) * f(k) for w, f in zip(weights, parts, strict=True)) / (mpf(divisor) * gaussian(narrow, n)(k))

    text = " + ".join(f"{w}*rbf({scale})" for w, scale in zip(weights, scales, strict=True))
    return Problem("rbf mixture, narrower rbf", text, f"{divisor}*rbf({narrow})", n, least, True, ratio)


def gaussian_in_power(rng: Random, n: int) -> Problem:
    """k^p exp(-l^2 k^2/2) is largest at k = sqrt(p)/l."""
    scale = length(rng)
    text, p, constant = power_law(rng, n)

    def ratio(k: Number) -> Any:
        return gaussian(scale, n)(k) * k ** mpf(p) / constant

    peak = MP.sqrt(mpf(p)) / mpf(scale)
    return Problem("rbf in a power", f"rbf({scale})", text, n, ratio(peak), False, ratio, peak)


def lorentzian_in_power(rng: Random, n: int) -> Problem:
    """k^p (a^2 + k^2)^-q: largest at k^2 = p a^2/(2q - p) for p < 2q; rises to 1 for p = 2q; without bound for p > 2q."""
    text, p, constant = power_law(rng, n)
    if rng.random() < 0.3:
        scale = length(rng)
        kernel, q2 = f"yukawa({scale})", Fraction(2)
        parts = (MP.mpf(1), mpf(1 / scale**2), MP.mpf(1))
    else:
        nu, scale = Fraction(rng.randint(1, 8), rng.choice((2, 4))), length(rng)
        kernel, q2, parts = matern_text(rng, nu, scale), 2 * nu + n, matern(nu, scale**2, n)

    def ratio(k: Number) -> Any:
        return lorentzian(parts)(k) * k ** mpf(p) / constant

    if p < q2:
        peak = MP.sqrt(mpf(p) * parts[1] / mpf(q2 - p))
        return Problem("matern or yukawa in a power", kernel, text, n, ratio(peak), False, ratio, peak)
    if p > q2:
        return Problem("matern or yukawa outgrows a power", kernel, text, n, None)
    return Problem("matern or yukawa, equal power", kernel, text, n, parts[0] / constant, True, ratio, INFINITY)


def matern_and_energy(rng: Random, n: int) -> Problem:
    """F(matern)/F(energy(2 nu)) rises to |Gamma(-nu)|/Gamma(nu) (nu/2)^nu l^-2nu; for nu = 1/2 that is 1/l."""
    scale = length(rng)
    nu = rng.choice((Fraction(1, 2), Fraction(1, 4), Fraction(3, 4), Fraction(7, 8)))
    v = mpf(nu)
    least = 1 / scale if nu == Fraction(1, 2) else -MP.gamma(-v) / MP.gamma(v) * (v / 2) ** v * mpf(scale) ** (-2 * v)
    parts, constant = matern(nu, scale**2, n), -riesz_constant(-2 * nu, n)

    def ratio(k: Number) -> Any:
        return lorentzian(parts)(k) * k ** mpf(2 * nu + n) / constant

    return Problem("matern, energy(2 nu)", matern_text(rng, nu, scale), f"energy({2 * nu})", n, least, True, ratio, INFINITY)


def two_materns(rng: Random, n: int) -> Problem:
    """Equal nu: R goes from (l1/l2)^n at 0 to (l2/l1)^2nu at infinity, falling for l1 > l2 and rising for l1 < l2."""
    wide, narrow = two_lengths(rng)
    nu = Fraction(rng.randint(1, 10), 2)
    one, two = (wide, narrow) if rng.random() < 0.5 else (narrow, wide)
    first, second = lorentzian(matern(nu, one**2, n)), lorentzian(matern(nu, two**2, n))
    least = (one / two) ** n if one > two else (two / one) ** int(2 * nu)
    peak = 0 if one > two else INFINITY
    kernel, stabilizer = matern_text(rng, nu, one), matern_text(rng, nu, two)
    return Problem("two materns of equal nu", kernel, stabilizer, n, least, True, lambda k: first(k) / second(k), peak)


def materns_of_one_scale(rng: Random, n: int) -> Problem:
    """Equal a^2 = 2nu/l^2: R is a constant times (1 + k^2/a^2)^(nu2 - nu1), falling for nu1 > nu2, else without bound."""
    orders = rng.sample(range(1, 11), 2)
    one, two = (Fraction(j, 2) for j in orders)
    c2 = length(rng) ** 2
    texts = [f"matern(nu={nu}, lengthscale=sqrt({2 * nu * c2}))" for nu in (one, two)]
    if one < two:
        return Problem("matern outgrows a smoother one", *texts, n, None)
    first, second = matern(one, 2 * one * c2, n), matern(two, 2 * two * c2, n)
    gamma, half = MP.gamma, mpf(Fraction(n, 2))
    least = gamma(mpf(one) + half) * gamma(mpf(two)) / (gamma(mpf(one)) * gamma(mpf(two) + half))
    return Problem("two materns of one scale", *texts, n, least, True, lambda k: lorentzian(first)(k) / lorentzian(second)(k))


def two_yukawas(rng: Random, n: int) -> Problem:
    """(1/l2^2 + k^2)/(1/l1^2 + k^2) goes from (l1/l2)^2 to 1, monotonically."""
    wide, narrow = two_lengths(rng)
    one, two = (wide, narrow) if rng.random() < 0.5 else (narrow, wide)
    least, peak = (Fraction(1), INFINITY) if one < two else ((one / two) ** 2, 0)

    def ratio(k: Number) -> Any:
        return (1 / mpf(two) ** 2 + k * k) / (1 / mpf(one) ** 2 + k * k)

    return Problem("two yukawas", f"yukawa({one})", f"yukawa({two})", n, least, True, ratio, peak)


def two_rationals(rng: Random, n: int) -> Problem:
    """Equal alpha, l1 > l2: d log(z^nu K_nu)/d log z falls, so R does, from (l1/l2)^min(n, 2 alpha).

    At alpha = n/2 the limit is approached like 1/log(1/k). With l1 < l2 the ratio grows like exp((c2 - c1) k).
    """
    wide, narrow = two_lengths(rng)
    alpha = rng.choice((Fraction(n, 2), Fraction(n, 2), Fraction(rng.randint(1, 4 * n), 4), n + Fraction(rng.randint(1, 9), 3)))
    c = [MP.sqrt(2 * mpf(alpha)) * mpf(scale) for scale in (wide, narrow)]
    text = [f"rq({alpha}, {wide})", f"imq(beta={alpha}, c=sqrt({2 * alpha * narrow**2}))"]
    if rng.random() < 0.15:
        return Problem("wider rq as stabilizer", text[1], text[0], n, None)
    first, second = (rational_quadratic(alpha, x, n) for x in c)
    least = (wide / narrow) ** n if 2 * alpha >= n else _power(wide / narrow, 2 * alpha)
    return Problem("two rq of equal alpha", *text, n, least, True, lambda k: first(k) / second(k))


def _power(base: Fraction, exponent: Fraction) -> Number:
    return base ** int(exponent) if exponent.denominator == 1 else mpf(base) ** mpf(exponent)


def rationals_of_one_scale(rng: Random, n: int) -> Problem:
    """Equal c, alpha1 < alpha2: K_{v-1}/K_v falls in v, so R falls; its limit at 0 is finite only for alpha1 > n/2."""
    low = Fraction(n, 2) + Fraction(rng.randint(-n, 12), 4)
    one, two = (x if x > 0 else Fraction(1, 4) for x in (low, low + Fraction(rng.randint(1, 8), 4)))
    c = length(rng)
    texts = [f"imq(beta={one}, c={c})", f"imq(beta={two}, c={c})"]
    if one == two:
        return rationals_of_one_scale(rng, n)
    if 2 * one <= n:
        return Problem("rq diverges at 0, alpha = n/2" if 2 * one == n else "rq diverges at 0", *texts, n, None)
    first, second = rational_quadratic(one, mpf(c), n), rational_quadratic(two, mpf(c), n)
    gamma, half = MP.gamma, mpf(Fraction(n, 2))
    least = gamma(mpf(one) - half) * gamma(mpf(two)) / (gamma(mpf(one)) * gamma(mpf(two) - half))
    return Problem("two imq of one scale", *texts, n, least, True, lambda k: first(k) / second(k))


def multiquadrics(rng: Random, n: int) -> Problem:
    """Against a narrower one R falls from c2/c1 (alpha = -1/2 in the above); against -r it falls from 1/c."""
    wide, narrow = two_lengths(rng)
    kernel, front = f"multiquadric({wide})", 1 / MP.gamma(MP.mpf(-1) / 2)
    first, second = (rational_quadratic(Fraction(-1, 2), mpf(c), n) for c in (wide, narrow))
    if rng.random() < 0.5:
        return Problem(
            "two multiquadrics", kernel, f"multiquadric({narrow})", n, narrow / wide, True, lambda k: first(k) / second(k)
        )
    assert front < 0  # the transform above is that of +(1 + r^2/c^2)^(1/2): negative
    constant = -riesz_constant(Fraction(-1), n)
    return Problem("multiquadric, energy", kernel, "energy(1)", n, 1 / wide, True, lambda k: -first(k) * k ** (n + 1) / constant)


def gaussian_and_matern(rng: Random, n: int) -> Problem:
    """exp(-l^2k^2/2) (a^2 + k^2)^q is largest at k^2 = 2q/l^2 - a^2, or at 0 where that is not positive."""
    scale, other, nu = length(rng), length(rng), Fraction(rng.randint(1, 10), 2)
    parts = matern(nu, other**2, n)
    place2 = (2 * nu + n) / scale**2 - 2 * nu / other**2

    def ratio(k: Number) -> Any:
        return gaussian(scale, n)(k) / lorentzian(parts)(k)

    peak = MP.sqrt(mpf(place2)) if place2 > 0 else 0
    return Problem("rbf, matern", f"rbf({scale})", matern_text(rng, nu, other), n, ratio(MP.mpf(peak)), place2 <= 0, ratio, peak)


def power_between(rng: Random, n: int) -> Problem:
    """k^-p against x k^-(p-u) + y k^-(p+v): x k^u + y k^-v is least at k^(u+v) = v y/(u x)."""
    drawn = sorted((power_law(rng, n) for _ in range(3)), key=lambda part: part[1])
    (low, p0, c0), (text, p, c), (high, p1, c1) = drawn
    if not p0 < p < p1:
        return power_between(rng, n)
    w0, w1, u, v = weight(rng), weight(rng), mpf(p - p0), mpf(p1 - p)

    def ratio(k: Number) -> Any:
        return c / (mpf(w0) * c0 * k**u + mpf(w1) * c1 * k**-v)

    peak = (v * mpf(w1) * c1 / (u * mpf(w0) * c0)) ** (1 / (u + v))
    return Problem("power between two", text, f"{w0}*{low} + {w1}*{high}", n, ratio(peak), False, ratio, peak)


def negative_part(rng: Random, n: int) -> Problem:
    """x rbf(l1) - y rbf(l2) against rbf(l2), l2 < l1: R + y falls from x (l1/l2)^n. Or rbf(l1) against rbf(l2) - y rbf(l1):
    1/R + y rises from (l2/l1)^n."""
    wide, narrow = two_lengths(rng)
    x, y, limit = weight(rng), weight(rng), (wide / narrow) ** n
    first, second = gaussian(wide, n), gaussian(narrow, n)
    if rng.random() < 0.5:
        text = f"{x}*rbf({wide}) - {y}*rbf({narrow})"
        return Problem(
            "negative part in e", text, f"rbf({narrow})", n, x * limit - y, True, lambda k: mpf(x) * first(k) / second(k) - mpf(y)
        )
    y = 1 / limit * Fraction(rng.randint(1, 15), 16)

    def ratio(k: Number) -> Any:
        return 1 / (second(k) / first(k) - mpf(y))

    return Problem("negative part in s", f"rbf({wide})", f"rbf({narrow}) - {y}*rbf({wide})", n, 1 / (1 / limit - y), True, ratio)


def equal_kernels(rng: Random, n: int) -> Problem:
    """e = c s, spelled differently: R is constant, so eps* = c gives rate 0 everywhere and is not feasible."""
    a, b, c = length(rng), weight(rng), weight(rng)
    pairs = [
        (f"matern(0.5, {a})", f"laplace({a})"),
        (f"rq({b}, {a})", f"imq(beta={b}, c=sqrt({2 * b * a * a}))"),
        (f"rbf({a})", f"rbf(gamma={1 / (2 * a * a)})"),
        (f"rbf(sigma={a})", f"rbf(scale={a})"),
        ("energy(1)", f"{a}*energy(scale={a})"),  # -(r/a) a
        ("coulomb", "energy(1)") if n == 1 else ("elastic", f"riesz({n - 1})"),
        ("elastic", "log") if n == 1 else ("coulomb", "log") if n == 2 else ("coulomb", f"riesz({n - 2})"),
    ]
    one, two = rng.choice(pairs)
    return Problem("equal kernels", f"{c}*({one})", two, n, c, False, lambda k: mpf(c), 1)


def bessel_in_elastic(rng: Random, n: int) -> Problem:
    """Top hat in elastic, n = 1 to 3: R is a constant times z^(1-n/2) J_n/2(z), z = kR.

    That is sin(z), J_1(z) or sin(z)/z^2 - cos(z)/z, up to a factor; in each the first maximum is no lower than later ones.
    """
    n = min(n, 3)
    radius = length(rng)
    half = mpf(Fraction(n, 2))
    constant = MP.pi if n == 1 else 2 * MP.pi ** (half + 0.5) / MP.gamma(half - 0.5)

    def ratio(k: Number) -> Any:
        return (2 * MP.pi * mpf(radius) / k) ** half * MP.besselj(half, k * mpf(radius)) * k / constant

    if n == 1:
        peak = MP.pi / 2 / mpf(radius)
    else:
        peak = MP.findroot(lambda z: MP.diff(lambda x: x ** (1 - half) * MP.besselj(half, x), z), 1.8) / mpf(radius)
    return Problem("top hat in elastic", f"tophat({radius})", "elastic", n, ratio(peak), False, None, peak)


def wendland_in_elastic(rng: Random, n: int) -> Problem:
    """Wendland in elastic, n <= 3: k F(k) with F = F(0) 1F2(l; l + m/2, l + (m+1)/2; -k^2R^2/4); its first maximum is largest."""
    n = min(n, 3)
    smoothness, radius, m2 = rng.randint(0, 2), length(rng), mpf(Fraction(n, 2))
    m, low = 2 + smoothness, (n + 1) * MP.mpf(1) / 2 + smoothness
    coefficients = {0: [1], 1: [1, 4], 2: [1, 6, Fraction(35, 3)]}[smoothness]
    beta = sum(mpf(Fraction(c)) * MP.beta(n + j, 3 + 2 * smoothness) for j, c in enumerate(coefficients))
    whole = 2 * MP.pi**m2 / MP.gamma(m2) * beta * mpf(radius) ** n
    constant = MP.pi if n == 1 else 2 * MP.pi ** (m2 + 0.5) / MP.gamma(m2 - 0.5)

    def rise(z: Number) -> Any:
        return z * MP.hyp1f2(low, low + MP.mpf(m) / 2, low + MP.mpf(m + 1) / 2, -z * z / 4)

    with MP.workdps(15):
        start = max((Fraction(j, 4) for j in range(1, 80)), key=lambda z: rise(mpf(z)))
    peak = MP.findroot(lambda z: MP.diff(rise, z), mpf(start))
    return Problem(
        "wendland in elastic", f"wendland({smoothness}, {radius})", "elastic", n, whole * rise(peak) / mpf(radius) / constant
    )


def hopeless(rng: Random, n: int) -> Problem:
    """R is unbounded: toward infinity, or (power or logarithm) toward 0."""
    wide, narrow = two_lengths(rng)
    kernel, stabilizer = rng.choice((
        (f"rbf({narrow})", f"rbf({wide})"),  # exp((l1^2 - l2^2) k^2/2)
        (f"rq({n}/2, {narrow})", f"rbf({wide})"),  # log(1/k) at 0
        (f"rq({n}/4, {wide})", f"matern(1.5, {narrow})"),  # k^-n/2 at 0
        ("energy(1)", "elastic"),  # k^-n at 0
        ("elastic", f"energy({Fraction(rng.randint(1, 15), 8)})"),  # k^(n + beta - 1) at infinity
        (f"laplace({wide})", f"rbf({narrow})"),
        (f"matern(1.5, {wide})", f"rq(2, {narrow})"),
        ("coulomb", f"yukawa({wide})"),  # k^-2 at 0
        (f"rbf({wide}) + 1/1000*rbf({narrow}/1000)", f"rbf({narrow})"),
    ))  # fmt: skip
    return Problem("no eps", kernel, stabilizer, n, None)


KINDS = (
    gaussian_mixture, gaussian_in_power, lorentzian_in_power, matern_and_energy, two_materns, materns_of_one_scale, two_yukawas,
    two_rationals, rationals_of_one_scale, multiquadrics, gaussian_and_matern, power_between, negative_part, equal_kernels,
    bessel_in_elastic, wendland_in_elastic, hopeless,
)  # fmt: skip


# Bessel functions K of high order take seconds to enclose: these meet n > 16 in a test of their own, marked long.
COSTLY = (two_rationals, rationals_of_one_scale, multiquadrics)


def problem(rng: Random, kinds: tuple[Callable[[Random, int], Problem], ...] = KINDS) -> Problem:
    kind, n = rng.choice(kinds), rng.choice(DIMS)
    return kind(rng, min(n, 16) if kind in COSTLY else n)


def problems(seed: int, count: int, feasible: bool = False) -> Iterator[Problem]:
    """Yields ``count`` problems; ``feasible``: only such that some positive eps solves."""
    rng, given = Random(seed), 0
    while given < count:
        found = problem(rng)
        if not feasible or (found.least is not None and found.least > 0):
            yield found
            given += 1


@st.composite
def any_problem(draw: Any) -> Problem:
    return problem(draw(st.randoms(use_true_random=False)))


# --- the same problems for bands and for tori -----------------------------------------------------------------------


def on_band(given: Problem, low: Fraction, high: Fraction) -> Problem:
    """R is largest at the point of [low, high] closest to the peak, and attained there: eps* is not feasible."""
    assert given.ratio is not None
    place = min(max(MP.mpf(given.peak), mpf(low)), mpf(high))
    return replace(given, how=f"{given.how}, band {low},{high}", least=given.ratio(place), attained=False)


def on_torus(given: Problem, period: Any, largest: int) -> Problem:
    """R over the modes |m|^2 <= ``largest``, every one looked at; the peak must lie well inside, or at infinity."""
    assert given.ratio is not None
    if given.peak == INFINITY:
        return given
    step = 2 * MP.pi / period
    reach = step * MP.sqrt(largest)
    assert given.peak * 2 < reach
    values = [given.ratio(step * MP.sqrt(m2)) for m2 in sums_of_squares(given.dim, largest)]
    return replace(given, how=f"{given.how}, torus", least=max(values), attained=False)


def sums_of_squares(count: int, largest: int) -> list[int]:
    """Returns every |m|^2 from 1 to ``largest`` with m in Z^count, by adding up squares."""
    reached = {0}
    for _ in range(count):
        reached = {a + b * b for a in reached for b in range(int(largest**0.5) + 1) if a + b * b <= largest}
    return sorted(reached - {0})
