"""The formulas' arithmetic in balls (see wgflow.arithmetic for what each operation means)."""

from __future__ import annotations

from fractions import Fraction

from flint import arb, ctx, fmpq

from wgflow.arithmetic import beta_bessel
from wgflow.arithmetic.ball import number, precision, real

# From z = 2 sqrt(-x) on, 1F2 is taken from its Bessel form: the power series would cancel z/log(2) bits.
_SERIES_UP_TO = 600


def _hyp1f2(a: Fraction, m: int, x: arb) -> arb:
    z = 2 * (-x).sqrt()
    bits = ctx.prec
    size = float(z.mid())
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
        z = z2.sqrt()
        return number(order / 2) * z2.log() + z.bessel_k(number(abs(order)), scaled=True).log() - z

    @staticmethod
    def hyp0f1(b: Fraction, x: arb) -> arb:
        return x.hypgeom_0f1(number(b))

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
