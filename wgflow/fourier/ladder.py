"""Lambda_n, Lambda_{n+2}, ..., the kernels of Fourier transforms of radial functions in dimensions two apart.

With b = n/2 and x = -z^2/4, Lambda_n(z) = 0F1(; b; x), and d/dx raises b by one: so the Taylor coefficients of a
transform in k^2 are transforms in higher dimensions, F_n' = -F_{n+2}/(4 pi) in the variable k^2.
"""

from __future__ import annotations

from fractions import Fraction

from flint import acb, arb, ctx

from wgflow.arithmetic.ball import number, precision


def sphere(n: int) -> arb:
    """The area of the unit sphere in R^n, 2 pi^{n/2}/Gamma(n/2)."""
    half = number(Fraction(n, 2))
    return 2 * arb.pi() ** half / half.gamma()


def front(n: int) -> arb:
    """(2 pi)^{n/2}, which stands before the transform written with Bessel functions of order n/2 - 1."""
    return (2 * arb.pi()) ** number(Fraction(n, 2))


def hankel_factor(n: int, size: arb, above: bool = False) -> arb:
    """|H1_nu(w)| sqrt(pi |w|/2) exp(Im w) <= 1 + y exp(y), y = (pi/2) |nu^2 - 1/4|/|w|, for Re w >= 0, |w| >= size, nu = n/2 - 1.

    ``above``: for 0 <= arg w <= pi only, where pi/2 is not needed; there it bounds K_nu(w) sqrt(2 w/pi) exp(w), w > 0, too.
    DLMF 10.17.13 to 10.17.15 and 10.40.10 to 10.40.12 with one term.
    """
    nu = Fraction(n, 2) - 1
    y = (arb(1) if above else arb.pi() / 2) * number(abs(nu * nu - Fraction(1, 4))) / size
    return 1 + y * y.exp()


def ladder(b: arb, x: arb, count: int) -> list[arb]:
    """Returns 0F1(; b + j; x) for j = 0..count and a narrow ball x <= 0, b >= 1/2.

    0F1(b-1) = 0F1(b) + x/(b(b-1)) 0F1(b+1): stable downward, and upward while the order stays well below z. The radius of
    x is added last, as the derivative is at most 1/b in size: series that cancel would blow it up.
    """
    radius = x.rad()
    if radius.is_zero():
        return _at(b, x, count)
    return [value + arb(0, (radius / (b + j)).upper()) for j, value in enumerate(_at(b, x.mid(), count))]


def _at(b: arb, x: arb, count: int) -> list[arb]:
    size = 2 * float((-x).upper().nonnegative_part().sqrt())
    bits = ctx.prec
    if size > 200 + 2 * (float(b) + count):
        return _upward(b, x, count)
    with precision(bits + 16 + int(1.45 * size)):
        top = [x.hypgeom_0f1(b + count), x.hypgeom_0f1(b + count - 1)] if count else [x.hypgeom_0f1(b)]
    values = top
    for j in range(count - 2, -1, -1):
        c = b + j + 1
        values.append(values[-1] + x / (c * (c - 1)) * values[-2])
    return values[::-1]


def _upward(b: arb, x: arb, count: int) -> list[arb]:
    """From Bessel functions J, or in odd dimensions from cos z = 0F1(; 1/2; x) and sin(z)/z = 0F1(; 3/2; x)."""
    with precision(ctx.prec + 64):
        z = 2 * (-x).sqrt()
        skipped = float(b) - 0.5
        if skipped.is_integer():
            lowest, values = arb(1) / 2, [z.cos(), z.sin() / z]
        else:
            skipped, lowest = 0, b
            front = b.gamma() * (2 / z) ** (b - 1)
            values = [front * z.bessel_j(b - 1), front * b * (2 / z) * z.bessel_j(b)]
        for j in range(1, count + int(skipped)):
            c = lowest + j
            values.append((values[-2] - values[-1]) * (c * (c - 1)) / x)
    return values[int(skipped) : int(skipped) + count + 1]


def bits_for(nu: Fraction, size: float, bits: int) -> int:
    """Returns the bits to work with so that `hankel_ladder` is good to ``bits`` at |w| = size.

    Arb's power series of K loses about 3 |w| bits, of w's own accuracy too; half-integer orders need no series.
    """
    return bits + 32 + (0 if nu.denominator == 2 else int(3 * min(size, bits)))


def hankel_ladder(nu: Fraction, w: acb, count: int) -> list[acb]:
    """Returns exp(-i w) H1_{nu+j}(w) for j = 0..count, 0 <= arg w < pi, nu >= -1/2: upward, the stable direction (DLMF 10.6.1).

    K_nu(-i w) = (pi i/2) exp(i pi nu/2) H1_nu(w) (DLMF 10.27.8), and K_{1/2}(z) = K_{-1/2}(z) = sqrt(pi/(2 z)) exp(-z).
    """
    minus = acb(0, -1) * w
    if nu.denominator == 2:
        lowest = Fraction(-1, 2)
        root = (arb.pi() / (2 * minus)).sqrt()
        pair = [root, root]
    else:
        lowest = nu
        pair = [minus.bessel_k(acb(number(nu + j)), scaled=True) for j in (0, 1)]
    values = [k * (2 / arb.pi()) * _turn(lowest + j) for j, k in enumerate(pair)]
    skipped = int(nu - lowest)
    for j in range(1, count + skipped):
        values.append(2 * number(lowest + j) / w * values[-1] - values[-2])
    return values[skipped : skipped + count + 1]


def _turn(nu: Fraction) -> acb:
    """-i exp(-i pi nu/2)."""
    return acb(0, -1) * acb(number(-nu / 2)).exp_pi_i()
