"""Exact real numbers of the kind that amplitudes of Fourier transforms are made of.

A `Real` is a finite sum of rational multiples of monomials in pi, Gamma(q), rational powers of integers, logarithms
of integers and Euler's constant. Sums that cancel exactly are recognized as zero, which floats and balls can never
do: this is what decides whether the end of the interval of feasible eps belongs to it.

The converse is not claimed: a Real that is zero by an identity unknown here (say the reflection formula of Gamma)
keeps its terms, and a proof that needs its sign stays undecided.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from math import isqrt

ONE = Fraction(1)
HALF = Fraction(1, 2)

# An atom is (kind, argument): ("pi", 1), ("gamma", q), ("base", integer), ("log", integer), ("euler", 1), ("e", 1).
# A monomial is a sorted tuple of (atom, exponent).
Atom = tuple[str, Fraction]
Monomial = tuple[tuple[Atom, Fraction], ...]

# Gamma(q) is reduced to Gamma(q mod 1) times a rational up to this size; beyond, it stays an atom of its own.
_REDUCED_GAMMA = 200
_MOST_EXPANDED = 10_000  # integer powers of integers up to this exponent are multiplied out
_SMALL_PRIMES = [p for p in range(2, 200) if all(p % q for q in range(2, isqrt(p) + 1))]


@lru_cache(maxsize=4096)
def _factors(number: int) -> tuple[tuple[int, int], ...]:
    """Returns (base, multiplicity) pairs with product ``number``; small primes, and one cofactor as it stands."""
    found = []
    for prime in _SMALL_PRIMES:
        if prime * prime > number:
            break
        count = 0
        while number % prime == 0:
            number //= prime
            count += 1
        if count:
            found.append((prime, count))
    if number > 1:
        root = isqrt(number)
        found.append((root, 2) if root * root == number else (number, 1))
    return tuple(found)


def _signed_factors(value: Fraction) -> tuple[tuple[int, int], ...]:
    down = tuple((base, -count) for base, count in _factors(value.denominator))
    return _factors(value.numerator) + down


class Real:
    """A finite sum of rational multiples of monomials; immutable, hashable, exact under + - * and division by one monomial.

    >>> half = number(Fraction(1, 2))
    >>> (power(number(2), Fraction(1, 2)) * power(number(8), Fraction(1, 2)) - number(4)).is_zero
    True
    """

    __slots__ = ("_hash", "terms")

    def __init__(self, terms: Mapping[Monomial, Fraction]) -> None:
        self.terms = dict(sorted((key, weight) for key, weight in terms.items() if weight))
        self._hash = hash(tuple(self.terms.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Real) and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Real({self.terms!r})"

    @property
    def is_zero(self) -> bool:
        return not self.terms

    @property
    def is_monomial(self) -> bool:
        return len(self.terms) == 1

    def __add__(self, other: Real) -> Real:
        merged = dict(self.terms)
        for key, weight in other.terms.items():
            merged[key] = merged.get(key, Fraction(0)) + weight
        return Real(merged)

    def __neg__(self) -> Real:
        return Real({key: -weight for key, weight in self.terms.items()})

    def __sub__(self, other: Real) -> Real:
        return self + (-other)

    def __mul__(self, other: Real | Fraction | int) -> Real:
        if not isinstance(other, Real):
            return Real({key: weight * other for key, weight in self.terms.items()})
        merged: dict[Monomial, Fraction] = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                key, factor = _multiply(left, right)
                merged[key] = merged.get(key, Fraction(0)) + a * b * factor
        return Real(merged)

    __rmul__ = __mul__

    def __truediv__(self, other: Real | Fraction | int) -> Real:
        if isinstance(other, Real):
            return self * power(other, Fraction(-1))
        return self * (ONE / Fraction(other))

    def rational(self) -> Fraction | None:
        """Returns the value where it is rational, else None."""
        if self.is_zero:
            return Fraction(0)
        return self.terms.get(()) if self.is_monomial else None


def _multiply(left: Monomial, right: Monomial) -> tuple[Monomial, Fraction]:
    if not left or not right:
        return left or right, ONE
    exponents = dict(left)
    for atom, exponent in right:
        exponents[atom] = exponents.get(atom, Fraction(0)) + exponent
    return _normal(exponents)


def _normal(exponents: Mapping[Atom, Fraction]) -> tuple[Monomial, Fraction]:
    """Returns the monomial with its integer powers of integers moved into a rational factor, unless that is very long."""
    factor, kept = ONE, []
    for atom, exponent in exponents.items():
        if atom[0] == "base" and abs(exponent) <= _MOST_EXPANDED:
            whole = exponent.numerator // exponent.denominator
            factor *= atom[1] ** whole
            exponent -= whole
        if exponent:
            kept.append((atom, exponent))
    return tuple(sorted(kept)), factor


def number(value: Fraction | int) -> Real:
    """Returns the rational ``value`` as a Real."""
    return Real({(): Fraction(value)})


def dyadic(mantissa: int, exponent: int) -> Real:
    """Returns mantissa * 2**exponent, whatever the exponent: a long power of two stays a power."""
    if abs(exponent) <= _MOST_EXPANDED:
        return number(Fraction(mantissa) * Fraction(2) ** exponent)
    return Real({((("base", Fraction(2)), Fraction(exponent)),): Fraction(mantissa)})


ZERO = Real({})
ONE_REAL = number(1)
pi = Real({((("pi", ONE), ONE),): ONE})
euler = Real({((("euler", ONE), ONE),): ONE})


def power(base: Real | Fraction | int, exponent: Fraction | int) -> Real:
    """Returns base**exponent for a positive monomial ``base`` (or any base and a whole exponent >= 0).

    Raises ValueError where the result is no Real: a sum to a fractional or negative power, a root of a negative number.
    """
    value = base if isinstance(base, Real) else number(base)
    exponent = Fraction(exponent)
    if exponent.denominator == 1 and exponent >= 0 and not value.is_monomial:
        result = number(1)
        for _ in range(int(exponent)):
            result = result * value
        return result
    if not value.is_monomial:
        raise ValueError("only a monomial has fractional and negative powers")
    ((key, weight),) = value.terms.items()
    if exponent.denominator == 1:
        scaled, factor = _normal({atom: e * exponent for atom, e in key})
        return Real({scaled: weight**exponent.numerator * factor})
    if weight < 0:
        raise ValueError("a negative number has no real root here")
    exponents = {atom: e * exponent for atom, e in key}
    for integer, count in _signed_factors(weight):
        atom = ("base", Fraction(integer))
        exponents[atom] = exponents.get(atom, Fraction(0)) + count * exponent
    scaled, factor = _normal(exponents)
    return Real({scaled: factor})


@lru_cache(maxsize=4096)
def gamma(argument: Fraction) -> Real:
    """Returns Gamma(argument); integers and halves in closed form, others reduced to (0, 1] where that is short."""
    argument = Fraction(argument)
    if argument.denominator == 1 and argument <= 0:
        raise ValueError(f"Gamma has a pole at {argument}")
    if argument.denominator > 2 and abs(argument) > _REDUCED_GAMMA:
        return Real({((("gamma", argument), ONE),): ONE})
    top, bottom, base = 1, 1, argument
    while base > 1:  # Gamma(x) = (x-1) Gamma(x-1)
        base -= 1
        top, bottom = top * base.numerator, bottom * base.denominator
    while base <= 0:  # Gamma(x) = Gamma(x+1)/x
        top, bottom = top * base.denominator, bottom * base.numerator
        base += 1
    factor = Fraction(top, bottom)
    if base == 1:
        return number(factor)
    if base == HALF:
        return power(pi, HALF) * factor
    return Real({((("gamma", base), ONE),): factor})


def log(value: Real | Fraction) -> Real:
    """Returns log(value) for a positive rational, as a combination of logarithms of integers."""
    argument = value.rational() if isinstance(value, Real) else value
    if argument is None or argument <= 0:
        raise ValueError("only positive rationals have a logarithm here")
    total = ZERO
    for integer, count in _signed_factors(argument):
        total = total + Real({((("log", Fraction(integer)), ONE),): Fraction(count)})
    return total


def log1p(value: Real) -> Real:
    """Returns log(1 + value)."""
    return log(number(1) + value)


def exp(value: Real) -> Real:
    """Returns exp(value) for a rational combination of 1 and logarithms of integers."""
    result = number(1)
    for monomial, weight in value.terms.items():
        match monomial:
            case ():
                result = result * Real({((("e", ONE), weight),): ONE})
            case (((("log", integer), exponent)),) if exponent == 1:
                result = result * power(number(integer), weight)
            case _:
                raise ValueError("this exponential is no Real")
    return result
