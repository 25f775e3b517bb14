"""1F2(a; a + m/2, a + (m+1)/2; -z^2/4) for large z, m a positive integer, 2a an integer: Wendland's transforms.

With nu = a - 1/2 the function is (Poisson's integral; Gasper 1975, SIAM J. Math. Anal. 6, eq. 2.1)

    Gamma(nu+1) 2^nu / Beta(2a, m) * z^{-2 nu - m} * integral_0^z t^nu (z - t)^{m-1} J_nu(t) dt.

Expanding (z-t)^{m-1} leaves T_j = integral_0^z t^{nu+j} J_nu, which integration by parts reduces to Bessel functions at
z and one elementary integral. The result is kept as a linear form, so that values and bounds come from one derivation.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import comb

from flint import arb

from wgflow.arithmetic import exact
from wgflow.arithmetic.ball import number, real
from wgflow.arithmetic.exact import HALF

# A linear form: {(kind, order): {power: coefficient}}, meaning the sum of coefficient * z^power * function, where the
# function is 1 for "constant", J_order(z) for "bessel", and the tail integral_z^infinity J_0 for "tail".
Key = tuple[str, Fraction]
Form = dict[Key, dict[Fraction, exact.Real]]

CONSTANT: Key = ("constant", Fraction(0))
TAIL: Key = ("tail", Fraction(0))


def _add(form: Form, other: Form, factor: exact.Real, power: Fraction = Fraction(0)) -> Form:
    """Adds factor * z^power * other to form, in place."""
    for key, row in other.items():
        mine = form.setdefault(key, {})
        for exponent, coefficient in row.items():
            at = exponent + power
            mine[at] = mine.get(at, exact.ZERO) + coefficient * factor
    return form


def _bessel(order: Fraction, power: Fraction, coefficient: Fraction = Fraction(1)) -> Form:
    return {("bessel", order): {power: exact.number(coefficient)}}


@lru_cache(maxsize=256)
def _t0(nu: Fraction) -> Form:
    """integral_0^z t^nu J_nu, from T_0(nu) = -z^nu J_{nu-1} + (2 nu - 1) T_0(nu - 1)."""
    one, zero = exact.number(1), Fraction(0)
    if nu == 0:
        return {CONSTANT: {zero: one}, TAIL: {zero: exact.number(-1)}}
    if nu == HALF:  # sqrt(2/pi) (1 - cos z), and cos z = sqrt(pi z/2) J_{-1/2}(z)
        constant = exact.power(exact.number(2) / exact.pi, HALF)
        return {CONSTANT: {zero: constant}, ("bessel", -HALF): {HALF: exact.number(-1)}}
    form = _bessel(nu - 1, nu, Fraction(-1))
    return _add(form, _t0(nu - 1), exact.number(2 * nu - 1))


def _t(j: int, nu: Fraction) -> Form:
    """integral_0^z t^{nu+j} J_nu for j = 0..3."""
    if j == 0:
        return _t0(nu)
    if j == 1:
        return _bessel(nu + 1, nu + 1)
    if j == 2:
        return _add(_bessel(nu + 1, nu + 2), _t0(nu + 1), exact.number(-1))
    return _add(_bessel(nu + 1, nu + 3), _bessel(nu + 2, nu + 2), exact.number(-2))


def _reduced(form: Form) -> Form:
    """Rewrites all Bessel functions by two of neighbouring orders (0, 1 or -1/2, 1/2), so that what cancels is gone.

    From the highest order down: J_mu = (2 (mu-1)/z) J_{mu-1} - J_{mu-2}.
    """
    out = {key: dict(row) for key, row in form.items()}
    orders = sorted((order for kind, order in out if kind == "bessel"), reverse=True)
    mu = orders[0]
    while mu > 1:
        row = out.pop(("bessel", mu), {})
        _add(out, {("bessel", mu - 1): row}, exact.number(2 * (mu - 1)), Fraction(-1))
        _add(out, {("bessel", mu - 2): row}, exact.number(-1))
        mu -= 1
    return _without_zeros(out)


def _without_zeros(form: Form) -> Form:
    kept = {key: {p: c for p, c in row.items() if not c.is_zero} for key, row in form.items()}
    return {key: row for key, row in kept.items() if row}


@lru_cache(maxsize=256)
def linear_form(a: Fraction, m: int) -> Form:
    """Returns the function, all of it, as a linear form in 1, two Bessel functions and the tail of J_0.

    m is 1 to 4, and a >= m - 1 (as for all of Wendland's functions in every dimension).

    Every term but the constants decays like z^{-a-m} or faster, which is the true decay of the oscillation.
    """
    nu = a - HALF
    beta = exact.gamma(2 * a) * exact.gamma(Fraction(m)) / exact.gamma(2 * a + m)
    front = exact.gamma(nu + 1) * exact.power(2, nu) / beta
    form: Form = {}
    for j in range(m):
        weight = front * (comb(m - 1, j) * (-1) ** j)
        _add(form, _t(j, nu), weight, m - 1 - j - 2 * nu - m)
    form = _reduced(form)
    slowest = max(power - HALF for key, row in form.items() if key != CONSTANT for power in row)
    assert slowest <= -a - m, "an oscillating term decays more slowly than the function can"
    return form


def bessel_bound(order: Fraction, z: arb) -> arb:
    """Returns a bound of sqrt(pi z'/2) |J_order(z')| for all z' >= z > |order|, order >= -1/2.

    (z^2 - nu^2)^{1/2} (J^2 + Y^2) increases to 2/pi for nu > 1/2, and z (J^2 + Y^2) does for |nu| <= 1/2
    (Watson 1944, Theory of Bessel Functions, 13.74).
    """
    if abs(order) <= HALF:
        return arb(1)
    ratio = number(order) / z
    return (1 - ratio * ratio) ** arb(-0.25)


def tail_bound(z: arb) -> arb:
    """Returns a bound of sqrt(pi z'/2) |integral_z'^infinity J_0| for z' >= z >= 1.

    Two integrations by parts: the integral is -J_1(z) + J_0(z)/z - integral_z^infinity J_0(t)/t^2 dt.
    """
    return bessel_bound(Fraction(1), z) + (1 + arb(2) / 3) / z


def magnitude_0f1(b: Fraction, z: arb) -> arb:
    """Returns a bound of |0F1(; b; -z'^2/4)| = Gamma(b) (2/z')^{b-1} |J_{b-1}(z')| for all z' >= z, b >= 1/2.

    1 bounds it everywhere; from z > b on its decay does.
    """
    nu = b - 1
    if not z > number(b):
        return arb(1)
    front = real(exact.gamma(b) * exact.power(2, nu)) * z ** number(-nu)
    return (front * bessel_bound(nu, z) * (2 / (arb.pi() * z)).sqrt()).abs_upper().min(arb(1))


def magnitude_1f2(a: Fraction, m: int, z: arb) -> arb:
    """Returns a bound of |1F2(a; a + m/2, a + (m+1)/2; -z'^2/4)| for all z' >= z: 1, or its decay from z > a + 3 on."""
    return magnitude(a, m, z).abs_upper().min(arb(1)) if z > number(a + 3) else arb(1)


def range_1f2(a: Fraction, m: int, low: arb, high: arb) -> tuple[arb, arb]:
    """Returns bounds of 1F2(a; a + m/2, a + (m+1)/2; -z^2/4) over low <= z <= high, exact points.

    From z > a + 3 on: its algebraic part, each power monotone, plus or minus its oscillation; else -1 and 1.
    """
    if not low > number(a + 3):
        return arb(-1), arb(1)
    swing = magnitude(a, m, low, oscillating_only=True)
    least, most = -swing, swing
    for power, coefficient in linear_form(a, m)[CONSTANT].items():
        ends = [real(coefficient) * z ** number(power) for z in (low, high)]
        least += ends[0].min(ends[1])
        most += ends[0].max(ends[1])
    return least.max(arb(-1)), most.min(arb(1))


def magnitude(a: Fraction, m: int, z: arb, oscillating_only: bool = False) -> arb:
    """Returns a bound of |1F2(...)(z')| for all z' >= z, where z exceeds the largest order; 1 bounds it everywhere.

    Every term of the linear form decreases in size. ``oscillating_only`` leaves the constant terms out.
    """
    total = arb(0)
    root = (2 / arb.pi()).sqrt()
    for (kind, order), row in linear_form(a, m).items():
        if kind == "constant":
            size = arb(0 if oscillating_only else 1)
        else:
            size = root / z.sqrt() * (tail_bound(z) if kind == "tail" else bessel_bound(order, z))
        for power, coefficient in row.items():
            total += abs(real(coefficient)) * size * z ** number(power)
    return total


def tail_value(z: arb, bits: int) -> arb:
    """Returns integral_z^infinity J_0 by repeated integration by parts, to about ``bits`` bits where z allows.

    A_m = integral J_0/t^{2m} = -J_1(z) z^{-2m} + (2m+1) J_0(z) z^{-2m-1} - (2m+1)^2 A_{m+1}, and
    |A_M| <= sqrt(2/pi) z^{1/2-2M} / (2M - 1/2).
    """
    j0, j1 = z.bessel_j(arb(0)), z.bessel_j(arb(1))
    total, factor, power = arb(0), arb(1), arb(1)
    steps = bits if z > 2 * bits else max(2, int(float(z.lower())) // 2)
    for m in range(steps):
        total += factor * power * (-j1 + (2 * m + 1) * j0 / z)
        factor *= -((2 * m + 1) ** 2)
        power /= z * z
        if m and factor.abs_upper() * power.abs_upper() < arb(2) ** -bits:
            break
    last = m + 1
    bound = (factor * power).abs_upper() * (2 / arb.pi()).sqrt() * z.sqrt() / (2 * last - arb(0.5))
    return total + arb(0, bound.upper())
