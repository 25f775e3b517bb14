"""The transform of an expression at both ends: toward k = 0, and toward infinity.

Toward infinity the contour of F(k) = (2 pi)^{n/2} k^-nu Re of the integral of e(z) z^{n/2} H1_nu(k z) dz, nu = n/2 - 1,
is moved from the positive real axis up to 0 -> i a -> i a + oo. With e(it) = sum c (it)^beta + rest on the first part,

    F(k) = sum over beta of c F(r^beta)(k)  +  O(k^{-n-B})  (from the rest)  +  O(k^{-(n-1)/2} exp(-k a)),

each with an explicit constant (Watson's lemma). F(r^beta) is the transform of a power, which vanishes for beta = 0, 2, 4, ...:
a smooth even expression leaves the exponential only. Olver 1974, Asymptotics and Special Functions, chapters 3 and 4.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, factorial

from flint import arb

from wgflow.arithmetic import ball, exact
from wgflow.arithmetic.ball import number
from wgflow.fourier.cells import cells_of
from wgflow.fourier.germ import Germ, common_step, germ, is_smooth
from wgflow.fourier.ladder import front, hankel_factor
from wgflow.fourier.local import NO_RATE, Local, Rest, Undecidable
from wgflow.fourier.panels import BOX_BITS, IOTA, Factors
from wgflow.fourier.raised import height_for, line_integral
from wgflow.fourier.slow import slow_at_zero
from wgflow.kernels.expression import Tree
from wgflow.kernels.riesz import riesz_amplitude

# --- toward zero --------------------------------------------------------------------------------------------------


def at_zero(tree: Tree, n: int, order: int) -> tuple[Local, ...]:
    """The Taylor polynomial in k^2 of the first cell: its coefficients' middles are terms, their radii rests."""
    cells = cells_of(tree, n)
    if cells.sums.first_octave is None:
        return slow_at_zero(tree, n)
    cell = cells.cell_at(arb(0))[0]
    valid = (cell.half * 2).sqrt().lower()
    parts = []
    moved = _shifted(cell.coefficients, cell.centre)
    for j, c in enumerate(moved[:order]):
        terms = ((Fraction(2 * j), 0, ball.exact_point(c.mid())),)
        parts.append(Local(NO_RATE, terms, Rest(c.rad().upper(), Fraction(2 * j)), valid))
    power = 2 * min(order, len(moved))
    left = sum((abs(c) * valid ** (2 * (j + order) - power) for j, c in enumerate(moved[order:])), arb(0))
    parts.append(Local(NO_RATE, (), Rest(left.abs_upper(), Fraction(power)), valid))
    parts.append(Local(NO_RATE, (), Rest(cell.error, Fraction(0)), valid))
    return tuple(parts)


def _shifted(coefficients: tuple[arb, ...], centre: arb) -> list[arb]:
    """Returns the polynomial's coefficients about 0, by repeated synthetic division."""
    out = list(coefficients)
    for i in range(len(out) - 1):
        for j in range(len(out) - 2, i - 1, -1):
            out[j] = out[j] - centre * out[j + 1]
    return out


# --- toward infinity ----------------------------------------------------------------------------------------------


def at_infinity(tree: Tree, n: int, order: int) -> tuple[Local, ...]:
    """Raises Undecidable where e is not known to be analytic beside the axis, or has no power series at 0."""
    if n + Factors.of(tree).power <= 0:
        raise Undecidable(f"the expression is not proved to be integrable at r = 0 in dimension {n}")
    if is_smooth(tree):
        return (_exponential(tree, n, height_for(tree, order), order),)
    found = germ(tree, _terms_needed(tree, n, order))
    with ball.precision(BOX_BITS):
        top = (found.radius ** number(1 / found.step)).lower()
    height = height_for(tree, order, top)
    return (*_powers(n, found, height, order), _exponential(tree, n, height, order))


def _terms_needed(tree: Tree, n: int, order: int) -> int:
    """Enough powers of v to reach r^{2 order + 1} beyond the factor in front, and for the rest's integral to exist at 0."""
    factors = Factors.of(tree)
    nu = abs(Fraction(n, 2) - 1)
    least = nu - Fraction(n, 2) - 1 - factors.power + factors.logs * IOTA
    return ceil(max(Fraction(2 * order + 1), least) / common_step(factors.rest)) + 1


def _start(n: int, height: arb, order: int) -> arb:
    """From this k on |nu^2 - 1/4|/(k a) <= order in `hankel_factor`: the higher the order the sooner, at a larger constant."""
    nu = Fraction(n, 2) - 1
    return (number(max(Fraction(1, 4), abs(nu * nu - Fraction(1, 4)) / order)) / height).upper()


def _exponential(tree: Tree, n: int, height: arb, order: int) -> Local:
    """(2 pi)^{n/2} k^-nu sqrt(2/(pi k)) exp(-k a) times the integral of |e(z)| |z|^{(n-1)/2} over the raised line."""
    start = _start(n, height, order)
    integral = line_integral(tree, n, height, start)
    bound = front(n) * (2 / arb.pi()).sqrt() * hankel_factor(n, start * height, above=True) * integral
    return Local((1, ball.exact_point(height)), (), Rest(bound.abs_upper(), Fraction(1 - n, 2)), start)


def _powers(n: int, found: Germ, height: arb, order: int) -> tuple[Local, ...]:
    start = _start(n, height, order)
    nu = Fraction(n, 2) - 1
    out = []
    tails: dict[Fraction, arb] = {}
    for m, c in enumerate(found.coefficients):
        beta = found.power + m * found.step
        if c.is_zero():
            continue
        amplitude = power_amplitude(beta, n, found.logs)
        if amplitude is None:
            continue
        power = -n - beta
        middle = ball.exact_point(c.mid())
        radius = (c.rad() * abs(ball.real(amplitude))).upper()
        out.append(Local(NO_RATE, ((power, 0, amplitude * middle),), Rest(radius, power), start))
        tails[beta] = abs(c) * (arb.pi() / 2 if found.logs else 1)
    last = found.power + len(found.coefficients) * found.step - found.logs * IOTA
    mu = last + Fraction(n, 2) + 1
    if not mu > abs(nu):
        raise Undecidable("too few terms of the expansion at r = 0")
    gammas = arb.gamma(number((mu - abs(nu)) / 2)) * arb.gamma(number((mu + abs(nu)) / 2))
    # |log z| <= |z|^-iota (2/(iota e) + 2) for |z| <= 16, which no height exceeds
    size = found.bound * (2 / (number(IOTA) * arb.const_e()) + 2) ** found.logs
    rest = size * front(n) * 2 / arb.pi() * arb(2) ** number(mu - 2) * gammas
    out.append(Local(NO_RATE, (), Rest(rest.abs_upper(), -n - last), start))
    out += [_cut_power(n, beta, size, height, start) for beta, size in tails.items()]
    return tuple(out)


def power_amplitude(beta: Fraction, n: int, logs: int) -> exact.Real | None:
    """The constant of F(r^beta log(r)^logs) = constant k^{-n-beta}; None where it vanishes."""
    even = beta >= 0 and beta.denominator == 1 and beta.numerator % 2 == 0
    if logs == 0:
        return None if even else riesz_amplitude(exact, -beta, Fraction(n))
    if logs == 1 and even:
        # d/d beta of 2^{n+beta} pi^{n/2} Gamma((n+beta)/2)/Gamma(-beta/2) at beta = 2 m, where 1/Gamma vanishes.
        m = int(beta) // 2
        gamma = exact.gamma(Fraction(n, 2) + m)
        signed = Fraction((-1) ** (m + 1) * factorial(m), 2)
        return exact.power(2, n + beta) * exact.power(exact.pi, Fraction(n, 2)) * gamma * signed
    raise Undecidable("the transform has a logarithm of k toward infinity")


def _cut_power(n: int, beta: Fraction, size: arb, height: arb, start: arb) -> Local:
    """What c (it)^beta contributes beyond t = a: the integral of t^s exp(-k t), s = beta + (n-1)/2, is at most
    a^{s+1} exp(-k a)/(k a - max(s, 0)) there."""
    s = beta + Fraction(n - 1, 2)
    rising = number(max(s, Fraction(0)))  # for s < 0 the factor t^s <= a^s does not help
    least = start.max((rising + 1) / height).upper()
    rate = (least * height - rising).lower()
    bound = (
        size * front(n) * (2 / arb.pi()).sqrt() * hankel_factor(n, least * height, above=True) * height ** number(s + 1) / rate
    )
    return Local((1, ball.exact_point(height)), (), Rest(bound.abs_upper(), Fraction(1 - n, 2)), least)
