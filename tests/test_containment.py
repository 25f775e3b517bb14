"""Balls contain the truth: transforms of random kernels against an independent mpmath value (tests/witness.py).

A ball that misses the true value would make every proof built on it worthless, so a single miss is a failure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import exp, log, log2
from random import Random

import pytest
import witness
from flint import arb, fmpz
from mpmath import mp, mpf

from wgflow.arithmetic.ball import precision
from wgflow.fourier.spectral_sum import transform
from wgflow.kernels.catalogue import CATALOGUE
from wgflow.kernels.kernel import Kernel, Term

NAMES = sorted(CATALOGUE)
DIMENSIONS = (1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64, 128)
MOST_BITS = 400
EXTRA_BITS = 200  # of the witness beyond those of the ball: 60 digits
# Up to this k R mpmath's 1F2 takes milliseconds; the library changes its method at k R = 600, well inside.
MOST_WENDLAND = 3000


@dataclass(frozen=True)
class Case:
    terms: tuple[witness.Term, ...]
    n: int
    k: float
    bits: int

    def kernel(self) -> Kernel:
        out = []
        for weight, stretch2, name, params in self.terms:
            term = CATALOGUE[name].term(params)
            out.append(Term(weight * term.weight, stretch2 * term.scale2, term.family))
        return Kernel.of(out)


def _rational(rng: Random, low: float, high: float) -> Fraction:
    """A random rational in [low, high]: short, of a power of two, or with many digits; log-uniform."""
    value = exp(rng.uniform(log(low), log(high)))
    found = Fraction(value).limit_denominator(rng.choice((2, 4, 12, 1000, 10**6)))
    return found if low <= found <= high else Fraction(low).limit_denominator(10**6)


def _length2(rng: Random) -> Fraction:
    """The square of a length; half of them irrational lengths, a few extreme."""
    if rng.random() < 0.1:
        return Fraction(10) ** rng.randint(-6, 6)
    value = _rational(rng, 0.1, 10)
    return value if rng.random() < 0.5 else value**2


def _order(rng: Random, most: float) -> Fraction:
    """A shape parameter in (0, most): integers, halves, near-integers, tiny and generic ones, since methods differ there."""
    kind = rng.randrange(6)
    if kind <= 1:
        return Fraction(rng.randint(1, max(1, int(2 * most) - 1)), 2)
    if kind == 2:
        return Fraction(rng.randint(1, max(1, int(most) - 1))) + rng.choice((-1, 1)) * Fraction(1, 10 ** rng.randint(1, 9))
    if kind == 3:
        return Fraction(1, rng.randint(2, 10**6))
    return _rational(rng, 0.01, most * 0.99)


def _params(rng: Random, name: str, n: int) -> dict[str, Fraction]:
    out = {}
    for parameter in CATALOGUE[name].parameters:
        if parameter.is_length:
            out[parameter.name] = _length2(rng)
        elif parameter.choices:
            out[parameter.name] = Fraction(rng.choice(parameter.choices))
        else:
            most = {"beta": 2 if name == "energy" else 40, "a": n}.get(parameter.name, 40)
            value = _order(rng, most)
            while not 0 < value < most:
                value = _order(rng, most)
            out[parameter.name] = value
    return out


def _one_term(rng: Random, n: int) -> witness.Term:
    name = rng.choice(NAMES)
    weight = rng.choice((-1, 1)) * _rational(rng, 0.01, 100)
    stretch2 = Fraction(1) if rng.random() < 0.5 else _length2(rng)
    return weight, stretch2, name, _params(rng, name, n)


def cases(count: int, seed: int) -> Iterator[Case]:
    """Yields ``count`` random cases; the same ones for the same seed."""
    rng = Random(seed)
    for _ in range(count):
        n = rng.choice(DIMENSIONS) if rng.random() < 0.8 else rng.randint(1, 128)
        terms = tuple(_one_term(rng, n) for _ in range(rng.choice((1, 1, 2, 3))))
        k = exp(rng.uniform(log(1e-6), log(1e6)))
        for _, stretch2, name, params in terms:
            if name == "wendland":
                k = min(k, MOST_WENDLAND / float(stretch2 * params["radius"]) ** 0.5 * rng.random())
        yield Case(terms, n, k, rng.randint(30, MOST_BITS))


def exact_ball(value: mpf) -> arb:
    """Returns an mpf as an exact point, whatever its exponent."""
    sign, mantissa, exponent, _ = value._mpf_
    return arb((-fmpz(mantissa) if sign else fmpz(mantissa), fmpz(exponent)))


def true_interval(case: Case) -> arb:
    """Returns a ball around the mpmath value that contains the true one: it is good to 2^-(bits - 3) of the terms' sizes."""
    with mp.workprec(case.bits + EXTRA_BITS):
        value, size = witness.combined(case.terms, case.n, mpf(case.k))
    with precision(2 * (MOST_BITS + EXTRA_BITS)):
        return exact_ball(value) + arb(0, (exact_ball(size) * arb(2) ** -(case.bits + EXTRA_BITS - 10)).upper())


def library_ball(case: Case) -> arb:
    with precision(case.bits):
        return transform(case.kernel(), case.n).value(arb(case.k))


def lost_bits(case: Case) -> float:
    """Returns how many bits a single term may lose: exponents and phases grow like (k length)^2 and n log k, orders like n.

    Near-integer Bessel orders, at most 10^-9 away, cost up to 30 bits and are part of the constant.
    """
    (_, stretch2, _, params), *_ = case.terms
    lengths = [log2(value) / 2 for value in (*params.values(), stretch2) if value]
    reach = log2(case.k) + sum(abs(x) for x in lengths)
    return 80 + 2 * max(0.0, reach) + log2(case.n) + abs(log2(case.k))


def misses(count: int, seed: int) -> list[Case]:
    """Returns the cases whose ball misses the true value, is not finite, or is too wide to mean anything."""
    return [case for case in cases(count, seed) if not _holds(case)]


def _holds(case: Case) -> bool:
    ball, truth = library_ball(case), true_interval(case)
    if not ball.overlaps(truth):
        return False
    demanded = case.bits - lost_bits(case)
    # Several terms may cancel to any degree, and an oscillating one may be near a zero; single positive terms may not.
    return len(case.terms) > 1 or demanded < 1 or ball.rel_accuracy_bits() >= demanded


def test_two_thousand_balls_contain_the_truth():
    assert misses(2000, seed=1) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 150))
def test_hundred_thousand_balls_contain_the_truth(seed):
    assert misses(2000, seed) == []
