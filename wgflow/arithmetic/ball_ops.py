"""The formulas' arithmetic in balls (see wgflow.arithmetic for what each operation means)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from flint import arb, ctx, fmpq

from wgflow.arithmetic import beta_bessel
from wgflow.arithmetic.ball import number, precision, real

# From z = 2 sqrt(-x) on, 1F2 is taken from its Bessel form: the power series would cancel z/log(2) bits.
_SERIES_UP_TO = 600


def _around(middle: arb, x: arb, slope: arb) -> arb:
    """Widens a function's value at the midpoint of x to all of x, given a bound of its derivative for x <= 0.

    Series that cancel would blow up the radius of x by as many bits as they cancel.
    """
    return middle + arb(0, (x.rad() * slope).upper())


def _hyp1f2(a: Fraction, m: int, x: arb) -> arb:
    """|1F2| <= 1 for x <= 0, so its derivative a/(b c) 1F2(a+1; b+1, c+1) is at most a/(b c)."""
    middle = _hyp1f2_at(a, m, x.mid())
    if x.is_exact():
        return middle
    low = a + Fraction(m, 2)
    size = beta_bessel.magnitude_1f2(a + 1, m, _least_z(x))
    around = _around(middle, x, number(a / (low * (low + Fraction(1, 2)))) * size)
    least, most = beta_bessel.range_1f2(a, m, _least_z(x), (2 * (-x.lower()).sqrt()).upper())
    outer = least.union(most)  # at huge z even a tiny radius hides the phase of the oscillation, but not its size
    return outer if outer.rad() < around.rad() else around


def _least_z(x: arb) -> arb:
    """Returns the least z >= 0 with -z^2/4 in x."""
    return (2 * (-x.upper()).nonnegative_part().sqrt()).lower().nonnegative_part()


def _hyp1f2_at(a: Fraction, m: int, x: arb) -> arb:
    with precision(2 * ctx.prec + 64):
        z = 2 * (-x).sqrt()
    bits = ctx.prec
    size = float(z.mid())  # infinite beyond the doubles
    if size <= max(_SERIES_UP_TO, 4 * float(a)):
        with precision(bits + int(1.5 * size) + 16):
            low = a + Fraction(m, 2)
            return x.hypgeom([number(a)], [number(low), number(low + Fraction(1, 2))])
    with precision(2 * bits + 64):
        total = arb(0)
        for (kind, order), row in beta_bessel.linear_form(a, m).items():
            if kind == "constant":
                function = arb(1)
            else:
                function = beta_bessel.tail_value(z, bits + 32) if kind == "tail" else z.bessel_j(number(order))
            total += function * sum((real(c) * Ops.power(z, power) for power, c in row.items()), arb(0))
        return total


def _accurate(function: Callable[[], arb], z: float, growth: float) -> arb:
    """Returns a Bessel-type function at an exact point to the relative accuracy of the working precision, where bits allow.

    Arb takes the power series or the asymptotic one. The first loses ``growth * z`` bits to cancellation, and the
    second has about as many; asking for more than those leads back to the first.
    """
    bits = ctx.prec
    lost = int(growth * min(z, 4.0 * bits))
    # Where the asymptotic series has nearly enough bits, the power series would cost a hundred times as much.
    spare = 60 if 100 <= bits <= 160 else 8
    tries = [16 if lost > bits + 40 else 16 + lost, 64 + lost + bits, 64 + 3 * bits, 8 * bits]
    if bits + 40 >= lost > bits - spare + 10:
        tries.insert(0, min(lost - bits - 4, 16))
    value = arb(0)
    for extra in tries:
        with precision(bits + extra):
            value = function()
        if value.rel_accuracy_bits() >= bits - spare:
            break
    return value


def _log_zk_at(order: Fraction, z2: arb) -> arb:
    """log(z^v K_v(z)) at an exact point z2."""
    scaled = _accurate(lambda: z2.sqrt().bessel_k(number(abs(order)), scaled=True), float(z2.mid()) ** 0.5, 3)
    with precision(ctx.prec + 16):
        return number(order / 2) * z2.log() + scaled.log() - z2.sqrt()


class _Pi:
    """pi at the precision in force when it is used."""

    def __get__(self, instance: object, owner: type) -> arb:
        return arb.pi()


class Ops:
    """Every operation returns a ball that contains the true value."""

    pi = _Pi()
    number = staticmethod(number)
    exp = staticmethod(arb.exp)
    log = staticmethod(arb.log)
    log1p = staticmethod(arb.log1p)
    sqrt = staticmethod(arb.sqrt)

    @staticmethod
    def power(base: arb, exponent: Fraction) -> arb:
        return base ** fmpq(exponent.numerator, exponent.denominator)

    @staticmethod
    def gamma(argument: Fraction) -> arb:
        return arb.gamma_fmpq(fmpq(argument.numerator, argument.denominator))

    @staticmethod
    def log_zk(order: Fraction, z2: arb) -> arb:
        """|d log(z^v K_v)/d log z| = z K_{v-1}/K_v <= z + 2 |v| + 1: K grows with |order|, K_{m+1} = K_{m-1} + (2m/z) K_m."""
        middle = _log_zk_at(order, z2.mid())
        if z2.is_exact():
            return middle
        slope = z2.upper().sqrt() + number(2 * abs(order) + 1)
        return middle + arb(0, (slope * (z2.upper() / z2.lower()).log() / 2).upper())

    @staticmethod
    def hyp0f1(b: Fraction, x: arb) -> arb:
        """|0F1| <= 1 for x <= 0 (b >= 1/2: a mean of cosines), so its derivative is at most 1/b."""
        exact_x = x.mid()
        middle = _accurate(lambda: exact_x.hypgeom_0f1(number(b)), 2 * abs(float(exact_x)) ** 0.5, 1.5)
        if x.is_exact():
            return middle
        around = _around(middle, x, number(1 / b) * beta_bessel.magnitude_0f1(b + 1, _least_z(x)))
        size = beta_bessel.magnitude_0f1(b, _least_z(x))
        return around if around.rad() < size else arb(0, size)

    @staticmethod
    def hyp1f2(a: Fraction, m: int, x: arb) -> arb:
        return _hyp1f2(a, m, x)

    @staticmethod
    def positive_part(x: arb) -> arb:
        return x.nonnegative_part()

    @staticmethod
    def step(x: arb) -> arb:
        return (x.sgn() + 1) / 2


OPS = Ops()
