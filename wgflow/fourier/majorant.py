"""Bounds of an expression far out: on all z with |z| >= X in a strip |Im z| <= a, or in a sector |arg z| <= angle.

An expression is evaluated in `Growth` values, which say on the whole unbounded region

    v(z) = z^p w(z), w(z) in a ball        (``decay`` is None), or
    |v(z)| <= |z|^p |w| exp(-b |z|^q)      (``decay`` is (q, b), b > 0).

A value also proves that v is analytic on the region. Where no rule applies, `NoBound` says which function is to blame.
"""

from __future__ import annotations

from fractions import Fraction

from flint import acb, arb

from wgflow.arithmetic.ball import number
from wgflow.arithmetic.complex_ball import off_the_cut
from wgflow.record import record, replace

_IOTA = Fraction(1, 8)  # |log z| is bounded by a multiple of |z|^(1/8)
ZERO = Fraction(0)


class NoBound(Exception):
    """No bound of an expression far out was found, with the reason."""


@record
class Region:
    """All z with |z| >= start and |arg z| <= angle; in a strip also |Im z| <= height. ``start`` >= 1."""

    start: arb
    angle: arb
    height: arb | None = None


def strip(start: arb, height: arb) -> Region:
    """Returns the part Re z >= start of the strip |Im z| <= height (on it |z| >= start)."""
    return Region(start, (height / start).atan().upper(), height)


def sector(start: arb, angle: arb) -> Region:
    return Region(start, angle)


def disc(radius: arb) -> acb:
    """Returns a ball around all complex numbers of at most this size."""
    size = arb(0, radius.abs_upper())
    return acb(size, size)


@record
class Growth:
    """See the module's text. ``real``: w is a real constant (an exact number times z^p)."""

    region: Region
    p: Fraction
    w: acb
    decay: tuple[Fraction, arb] | None = None
    real: bool = False

    @property
    def size(self) -> arb:
        return self.w.abs_upper()

    def __add__(self, other: Growth) -> Growth:
        if self.decay and other.decay:
            return _decaying_sum(self, other)
        if self.decay or (not other.decay and self.p < other.p):
            return other + self
        if other.decay:
            return replace(self, w=self.w + disc(_decaying_size(other, other.p - self.p)), real=False)
        shift = _far_power(self.region, other.p - self.p)
        return replace(self, w=self.w + shift * other.w, real=self.real and other.real and self.p == other.p)

    def __mul__(self, other: Growth) -> Growth:
        decay = self.decay or other.decay
        if self.decay and other.decay:
            (q, b), (q2, b2) = self.decay, other.decay
            decay = (q, b + b2) if q == q2 else max(self.decay, other.decay, key=lambda d: d[0])
        return Growth(self.region, self.p + other.p, self.w * other.w, decay, self.real and other.real)


def _far_power(region: Region, p: Fraction) -> acb:
    """Returns a ball around z^p on the region, p <= 0."""
    return acb(1) if p == 0 else disc(region.start ** number(p))


def _decaying_size(v: Growth, p: Fraction) -> arb:
    """Bounds |w| |z|^p exp(-b |z|^q) on the region; the product must fall from the start on."""
    assert v.decay is not None
    q, b = v.decay
    top = b * number(q) * v.region.start ** number(q)
    if not top >= number(p):
        raise NoBound("a decaying part is not yet falling")
    return v.size * v.region.start ** number(p) * (-b * v.region.start ** number(q)).exp()


def _decaying_sum(one: Growth, two: Growth) -> Growth:
    assert one.decay and two.decay
    slow, fast = (one, two) if one.decay[0] <= two.decay[0] else (two, one)
    (q, b), (q2, b2) = slow.decay or one.decay, fast.decay or two.decay
    x = slow.region.start
    if q != q2 and not b2 * x ** number(q2) >= b * x ** number(q):
        raise NoBound("two decaying parts are not yet in order")
    least = b.min(b2) if q == q2 else b
    p = max(slow.p, fast.p)
    shift = [x ** number(v.p - p) for v in (slow, fast)]
    return Growth(slow.region, p, disc(slow.size * shift[0] + fast.size * shift[1]), (q, least))


class Ops:
    """The arithmetic of `Growth` over one region."""

    def __init__(self, region: Region) -> None:
        self.region = region

    @property
    def pi(self) -> Growth:
        return Growth(self.region, ZERO, acb(arb.pi()), None, True)

    @property
    def variable(self) -> Growth:
        return Growth(self.region, Fraction(1), acb(1), None, True)

    def number(self, value: Fraction) -> Growth:
        return Growth(self.region, ZERO, acb(number(value)), None, True)

    def _bounded(self, w: acb) -> Growth:
        if not w.is_finite():
            raise NoBound("a function is not known to be analytic far out")
        return Growth(self.region, ZERO, w)

    def power(self, base: Growth, exponent: Fraction) -> Growth:
        if base.decay:
            if exponent <= 0:
                raise NoBound("1 divided by a decaying part grows")
            q, b = base.decay
            if exponent.denominator > 1:
                raise NoBound("the branch of a root of a decaying part is not known")
            return Growth(self.region, base.p * exponent, disc(base.size ** number(exponent)), (q, b * number(exponent)))
        if exponent.denominator == 1:
            w = base.w ** int(exponent)
        else:
            w = (self._log(base) * acb(number(exponent))).exp()
        if not w.is_finite():
            raise NoBound("a power is not known to be analytic far out")
        return Growth(self.region, base.p * exponent, w, None, base.real)

    def _log(self, base: Growth) -> acb:
        """log w, where log(z^p w) = p log z + log w: the arguments stay within (-pi, pi)."""
        if not off_the_cut(base.w):
            raise NoBound("the branch of a root or logarithm is not known far out")
        turn = abs(number(base.p)) * self.region.angle + abs(base.w.arg())
        if not turn < arb.pi():
            raise NoBound("the branch of a root or logarithm is not known far out")
        return base.w.log(analytic=True)

    def sqrt(self, x: Growth) -> Growth:
        return self.power(x, Fraction(1, 2))

    def log(self, x: Growth) -> Growth:
        if x.decay:
            raise NoBound("the logarithm of a decaying part")
        own = self._log(x)
        if x.p == 0:
            return replace(self._bounded(own), real=x.real)
        start = self.region.start  # log|z| <= |z|^iota / (iota e), |arg z| <= angle
        logarithm = 1 / (number(_IOTA) * arb.const_e())
        rest = (abs(number(x.p)) * self.region.angle + own.abs_upper()) / start ** number(_IOTA)
        return Growth(self.region, _IOTA, disc(abs(number(x.p)) * logarithm + rest))

    def _turned(self, x: Growth) -> arb:
        """A ball around Re(z^p w)/|z|^p on the region."""
        turn = number(x.p) * self.region.angle
        around = acb(turn.cos().union(arb(1)), arb(0, turn.sin().abs_upper())) if turn < arb.pi() / 2 else disc(arb(1))
        return (around * x.w).real

    def exp(self, x: Growth) -> Growth:
        if x.decay:
            return self._bounded(disc(_decaying_size(x, x.p)).exp())
        if x.p <= 0:
            return replace(self._bounded((_far_power(self.region, x.p) * x.w).exp()), real=x.p == 0 and x.real)
        real = self._turned(x)
        if not real < 0:
            raise NoBound("an exponential grows, or turns, far out")
        return Growth(self.region, ZERO, disc(arb(1)), (x.p, (-real).lower()))

    def _near(self, x: Growth) -> acb | None:
        """A ball around all values of x where these are bounded."""
        if x.decay:
            return disc(_decaying_size(x, x.p))
        return _far_power(self.region, x.p) * x.w if x.p <= 0 else None

    def sin(self, x: Growth) -> Growth:
        near = self._near(x)
        return self._bounded(near.sin() if near is not None else disc(self._imaginary(x).cosh()))

    def cos(self, x: Growth) -> Growth:
        near = self._near(x)
        return self._bounded(near.cos() if near is not None else disc(self._imaginary(x).cosh()))

    def _imaginary(self, x: Growth) -> arb:
        """Bounds |Im(w z^p)| on a strip, p <= 1 and w real: |Im z^p| <= |z|^p sin(p arg z) <= |z|^{p-1} height pi/2."""
        if self.region.height is None or not x.real or x.p > 1:
            raise NoBound("sin or cos is not bounded far out")
        return (x.size * self.region.start ** number(x.p - 1) * self.region.height * arb.pi() / 2).abs_upper()

    def _grown(self, x: Growth, name: str) -> tuple[Growth, int]:
        """Returns (|x| with Re > 0, its sign), for functions that settle as Re x grows."""
        real = self._turned(x)
        if real > 0:
            return x, 1
        if real < 0:
            return replace(x, w=-x.w), -1
        raise NoBound(f"{name} does not settle far out")

    def tanh(self, x: Growth) -> Growth:
        near = self._near(x)
        if near is not None:
            return self._bounded(near.tanh())
        grown, sign = self._grown(x, "tanh")  # tanh = 1 - 2 E/(1 + E), E = exp(-2x)
        size = _decaying_size(self.exp(replace(grown, w=-2 * grown.w)), ZERO)
        if not size < 1:
            raise NoBound("tanh has not settled yet")
        return self._bounded(sign * (1 + disc(2 * size / (1 - size))))

    def sech(self, x: Growth) -> Growth:
        near = self._near(x)
        if near is not None:
            return self._bounded(near.sech())
        grown, _ = self._grown(x, "sech")  # sech = 2 exp(-x)/(1 + exp(-2x))
        size = _decaying_size(self.exp(replace(grown, w=-2 * grown.w)), ZERO)
        if not size < 1:
            raise NoBound("sech has not settled yet")
        return self.exp(replace(grown, w=-grown.w)) * self._bounded(disc(2 / (1 - size)))

    def erf(self, x: Growth) -> Growth:
        near = self._near(x)
        if near is not None:
            return self._bounded(near.erf())
        grown, sign = self._grown(x, "erf")  # |erfc(x)| <= |exp(-x^2)| for Re x >= 0 (DLMF 7.7.1: |w| <= 1 above the axis)
        minus_square = grown * grown * self.number(Fraction(-1))
        return self._bounded(sign * (1 + disc(_decaying_size(self.exp(minus_square), ZERO))))

    def besselk(self, order: Fraction, x: Growth) -> Growth:
        """|K_v(x)| <= K_v(Re x) (DLMF 10.32.9), and sqrt(t) exp(t) K_v(t) is monotone toward sqrt(pi/2)."""
        if x.decay or x.p <= 0:
            near = self._near(x)
            if near is None or not off_the_cut(near):
                raise NoBound("besselk near its singularity")
            return self._bounded(near.bessel_k(acb(number(order))))
        real = self._turned(x)
        if not real > 0:
            raise NoBound("besselk grows, or turns, far out")
        least = real.lower() * self.region.start ** number(x.p)
        top = (arb.pi() / 2).sqrt()
        size = top.max(least.sqrt() * least.bessel_k(number(order), scaled=True)) / least.sqrt()
        return Growth(self.region, ZERO, disc(size), (x.p, real.lower()))

    def besselj(self, order: Fraction, x: Growth) -> Growth:
        """|J_v(x)| <= |x/2|^v exp(|Im x|)/Gamma(v+1) for v >= -1/2 (DLMF 10.14.4)."""
        near = self._near(x)
        if near is not None and (order.denominator == 1 or off_the_cut(near)):
            return self._bounded(near.bessel_j(acb(number(order))))
        if near is not None or order < Fraction(-1, 2):
            raise NoBound("besselj near its singularity")
        size = x.size if order >= 0 else x.w.abs_lower()
        front = (size / 2) ** number(order) / arb.gamma(number(order + 1))
        return Growth(self.region, x.p * order, disc(front * self._imaginary(x).exp()))
