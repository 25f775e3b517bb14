"""An independent value of every catalogue kernel's Fourier transform, in mpmath, from the table of MATH.md section 2.

Nothing of wgflow is imported: the formulas are written a second time, from the table and not from the library, and
mpmath shares no code with FLINT. A disagreement therefore means that one of the two is wrong. Values are good to a
relative error of 2^-(mp.prec) at the precision in force when a function is called.

Parameters are exact. A length (lengthscale, c, radius) is given by its square, so that irrational lengths occur too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import comb

from mpmath import mp, mpf

Params = Mapping[str, Fraction]
# weight, square of the stretch a, kernel name, parameters: the kernel weight * e(r/a).
Term = tuple[Fraction, Fraction, str, Params]

_GUARD = 100
# Beyond this k R the power series would need thousands of bits; there mpmath's asymptotic series of 1F2 takes over.
SERIES_UP_TO = 700


def _number(value: Fraction) -> mpf:
    return mpf(value.numerator) / value.denominator


def _length(squared: Fraction) -> mpf:
    return mp.sqrt(_number(squared))


def _rbf(p: Params, n: int, k: mpf) -> mpf:
    ell = _length(p["lengthscale"])
    return mp.sqrt(2 * mp.pi) ** n * ell**n * mp.exp(-((ell * k) ** 2) / 2)


def bessel_k(order: mpf, z: mpf) -> mpf:
    """K_order(z) = integral_0^oo exp(-z cosh t) cosh(order t) dt (DLMF 10.32.9), by the trapezoidal rule.

    With step h the error is about exp(-2 pi d/h) times the integral on the line Im t = d, which is K at z cos d: at most
    exp(z (1 - cos d)) cos(d)^-|order| times K. (mpmath.besselk takes seconds where z is about the number of bits.)
    """
    with mp.extraprec(60):
        bits = mp.prec * mp.log(2)
        d = min(mpf(1.2), mp.sqrt(2 * bits / z))
        h = 2 * mp.pi * d / (bits + z * (1 - mp.cos(d)) - abs(order) * mp.log(mp.cos(d)))
        factor, twist = mp.exp(h), mp.exp(order * h)
        up, turn, total = mpf(1), mpf(1), mpf(1) / 2
        while True:
            up, turn = up * factor, turn * twist
            term = mp.exp(-z * (up + 1 / up - 2) / 2) * (turn + 1 / turn) / 2
            total += term
            if term < mp.ldexp(total, -mp.prec):  # terms rise at most once, so before their peak none is that small
                return h * mp.exp(-z) * total


def _power_of_quadratic(alpha: mpf, c: mpf, n: int, k: mpf) -> mpf:
    """(1 + r^2/c^2)^-alpha; for alpha = -1/2 the generalized transform."""
    order = alpha - mpf(n) / 2
    return 2 * mp.sqrt(mp.pi) ** n * c**n / mp.gamma(alpha) * (c * k / 2) ** order * bessel_k(order, c * k)


def _rq(p: Params, n: int, k: mpf) -> mpf:
    alpha = _number(p["alpha"])
    return _power_of_quadratic(alpha, mp.sqrt(2 * alpha) * _length(p["lengthscale"]), n, k)


def _imq(p: Params, n: int, k: mpf) -> mpf:
    return _power_of_quadratic(_number(p["beta"]), _length(p["c"]), n, k)


def _multiquadric(p: Params, n: int, k: mpf) -> mpf:
    return -_power_of_quadratic(mpf(-1) / 2, _length(p["c"]), n, k)


def _laplace(p: Params, n: int, k: mpf) -> mpf:
    ell, half = _length(p["lengthscale"]), mpf(n + 1) / 2
    return mpf(2) ** n * mp.pi ** (half - 1) * mp.gamma(half) * ell**n * (1 + (ell * k) ** 2) ** -half


def _matern(p: Params, n: int, k: mpf) -> mpf:
    nu, ell = _number(p["nu"]), _length(p["lengthscale"])
    order = nu + mpf(n) / 2
    front = mpf(2) ** n * mp.sqrt(mp.pi) ** n * mp.gamma(order) / mp.gamma(nu) * (2 * nu) ** nu / ell ** (2 * nu)
    return front * (2 * nu / ell**2 + k**2) ** -order


def _energy(p: Params, n: int, k: mpf) -> mpf:
    beta = _number(p["beta"])
    return -(2 ** (n + beta)) * mp.sqrt(mp.pi) ** n * mp.gamma((n + beta) / 2) / mp.gamma(-beta / 2) * k ** (-n - beta)


def _riesz(p: Params, n: int, k: mpf) -> mpf:
    a = _number(p["a"])
    return 2 ** (n - a) * mp.sqrt(mp.pi) ** n * mp.gamma((n - a) / 2) / mp.gamma(a / 2) * k ** (a - n)


def _elastic(p: Params, n: int, k: mpf) -> mpf:
    if n == 1:
        return mp.pi / k
    return 2 * mp.pi ** (mpf(n + 1) / 2) / mp.gamma(mpf(n - 1) / 2) / k


def _log(p: Params, n: int, k: mpf) -> mpf:
    return mpf(2) ** (n - 1) * mp.sqrt(mp.pi) ** n * mp.gamma(mpf(n) / 2) / k**n


def _coulomb(p: Params, n: int, k: mpf) -> mpf:
    if n <= 2:
        return (2 if n == 1 else 2 * mp.pi) / k**2
    return 4 * mp.sqrt(mp.pi) ** n / mp.gamma(mpf(n) / 2 - 1) / k**2


def _yukawa(p: Params, n: int, k: mpf) -> mpf:
    return 1 / (1 / _number(p["lengthscale"]) + k**2)


def _tophat(p: Params, n: int, k: mpf) -> mpf:
    radius = _length(p["radius"])
    return mp.sqrt(2 * mp.pi * radius / k) ** n * mp.besselj(mpf(n) / 2, k * radius)


# phi_{3,s}(r) = (1-r)^{2+2s} p(r) for r < 1 (Wendland 1995): the coefficients of p, lowest power first.
_WENDLAND_FACTOR = {0: (1,), 1: (1, 4), 2: (1, 6, Fraction(35, 3))}


def wendland_polynomial(smoothness: int) -> list[Fraction]:
    """Returns the coefficients of phi_{3,s} on [0, 1], lowest power first."""
    top = 2 + 2 * smoothness
    factor = _WENDLAND_FACTOR[smoothness]
    out = [Fraction(0)] * (top + len(factor))
    for i in range(top + 1):
        for j, c in enumerate(factor):
            out[i + j] += (-1) ** i * comb(top, i) * c
    return out


def _wendland(p: Params, n: int, k: mpf) -> mpf:
    """The sum over the monomials r^j of phi of omega_{n-1} R^n times integral_0^1 r^{n-1+j} 0F1(; n/2; -(z r)^2/4) dr, z = k R.

    omega_{n-1} = 2 pi^{n/2}/Gamma(n/2) is the area of the sphere. One such integral is 1F2/(n+j).
    """
    radius = _length(p["radius"])
    polynomial = wendland_polynomial(int(p["smoothness"]))
    integral = by_series if k * radius <= SERIES_UP_TO else by_monomials
    return 2 * mp.sqrt(mp.pi) ** n / mp.gamma(mpf(n) / 2) * radius**n * integral(polynomial, n, k * radius)


def by_series(polynomial: list[Fraction], n: int, z: mpf) -> mpf:
    """All the 1F2 summed at once, power by power of z: z^{2i} meets the moment sum_j p_j/(n+2i+j), an exact rational.

    The terms reach exp(z) in size and cancel down to z^{-n-8} or so, hence the bits.
    """
    with mp.extraprec(int(1.45 * z + (n + 20) * mp.log(z + 2, 2))):
        x = z * z / 4
        total, power, i = mpf(0), mpf(1), 0
        while True:
            moment = sum((c / (n + 2 * i + j) for j, c in enumerate(polynomial)), Fraction(0))
            total += power * moment.numerator / moment.denominator
            i += 1
            power *= -x / ((mpf(n) / 2 + i - 1) * i)
            if i > z and abs(power) < mpf(2) ** (-mp.prec):
                return total


def by_monomials(polynomial: list[Fraction], n: int, z: mpf) -> mpf:
    """One 1F2 for each monomial. Each decays like z^{-(n+1)/2} at worst, their sum faster than z^{-n-8}: hence the bits."""
    with mp.extraprec(int((n + 20) * mp.log(z, 2))):
        total = mpf(0)
        for j, c in enumerate(polynomial):
            if c:
                a = mpf(n + j) / 2
                total += _number(c) / (n + j) * mp.hyp1f2(a, mpf(n) / 2, a + 1, -z * z / 4)
        return total


_FORMULAS: Mapping[str, Callable[[Params, int, mpf], mpf]] = {
    "rbf": _rbf, "rq": _rq, "imq": _imq, "multiquadric": _multiquadric, "laplace": _laplace, "matern": _matern,
    "energy": _energy, "riesz": _riesz, "elastic": _elastic, "log": _log, "coulomb": _coulomb, "yukawa": _yukawa,
    "wendland": _wendland, "tophat": _tophat,
}  # fmt: skip


def transform(name: str, params: Params, n: int, k: mpf) -> mpf:
    """Returns F(e)(k) in R^n for the catalogue kernel ``name``; k is exact.

    The working precision exceeds the asked one by 100 bits and by the magnitudes of k and of the parameters, which
    exponentials and oscillations cost; mpmath raises it further by itself where its Bessel functions cancel.
    """
    magnitudes = abs(mp.log(k, 2)) + sum(abs(mp.log(_number(value), 2)) for value in params.values() if value)
    with mp.extraprec(_GUARD + 2 * int(magnitudes)):
        value = _FORMULAS[name](params, n, k)
    return +value


def combined(terms: Iterable[Term], n: int, k: mpf) -> tuple[mpf, mpf]:
    """Returns (value, size) at k of the sum of weight * e(r/a): F is the sum of weight * a^n F(e)(a k).

    ``size`` is the sum of the terms' sizes: value is good to an absolute error of size * 2^-(mp.prec - 3).
    """
    with mp.extraprec(2 * _GUARD):  # for a * k, whose error the exponentials multiply by (a k)^2
        parts = []
        for weight, stretch2, name, params in terms:
            a = _length(stretch2)
            argument = a * k
            with mp.extraprec(-2 * _GUARD):
                value = transform(name, params, n, argument)
            parts.append(_number(weight) * a**n * value)
        value, size = mp.fsum(parts), mp.fsum(parts, absolute=True)
    return +value, +size
