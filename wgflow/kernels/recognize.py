"""Which parts of a written-out function of r are kernels of the catalogue: those have closed transforms."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from wgflow.arithmetic.exact import HALF
from wgflow.kernels.expression import (
    ONE,
    Apply,
    Expression,
    Number,
    Power,
    Product,
    R,
    Raised,
    Sum,
    Tree,
    add,
    children,
    depends_on_r,
    multiply,
    raise_to,
    split_number,
    substituted,
)  # fmt: skip
from wgflow.kernels.family import Family
from wgflow.kernels.gaussian import Gaussian
from wgflow.kernels.matern import Matern
from wgflow.kernels.rational import InverseMultiquadric
from wgflow.kernels.riesz import Energy, Logarithmic, Riesz
from wgflow.kernels.term import Term
from wgflow.record import replace

MOST_SHAPE, SMALLEST_SHAPE, MOST_DENOMINATOR = 1000, Fraction(1, 10**6), 10**12  # what the catalogue reads back
Found = tuple[Fraction, Fraction, Family]  # weight, scale^2, family


def terms_of(tree: Tree) -> Iterator[Term]:
    """Yields the terms of the kernel that a tree is: closed forms where they are known, expressions elsewhere."""
    for part in _distributed(tree):
        weight, rest = split_number(part)
        if not weight:
            continue
        found = recognized(rest)
        factor, scale2, family = found if found else (ONE, ONE, Expression(rest))
        yield Term(weight * factor, scale2, family)


def stretched(term: Term) -> Iterator[Term]:
    """Yields the terms of weight * phi(r/a), a^2 = scale2, for an expression phi."""
    assert isinstance(term.family, Expression)
    for part in terms_of(substituted(term.family.tree, multiply((raise_to(Number(term.scale2), -HALF), R)))):
        yield replace(part, weight=term.weight * part.weight)


def _distributed(tree: Tree) -> list[Tree]:
    """Returns summands: a product with one sum of few parts is multiplied out, so that closed forms are seen."""
    if isinstance(tree, Sum):
        return [part for item in tree.items for part in _distributed(item)]
    if isinstance(tree, Product):
        sums = [item for item in tree.items if isinstance(item, Sum)]
        if len(sums) == 1 and len(sums[0].items) <= 8:
            others = [item for item in tree.items if item is not sums[0]]
            total = add(x for part in sums[0].items for x in _distributed(multiply([*others, part])))
            return list(total.items) if isinstance(total, Sum) else [total]
    return [tree]


def recognized(tree: Tree) -> Found | None:
    """Returns (weight, scale^2, family) where a tree without numeric factor is a multiple of a catalogue kernel."""
    match tree:
        case Apply("exp", argument):
            return _exponential(argument)
        case Raised(base, exponent):
            return _binomial(base, exponent)
        case Power(exponent):
            return _power(exponent)
        case Sum():
            return _binomial(tree, ONE)
        case Apply("log", argument) if argument == R:
            return -ONE, ONE, Logarithmic()
    return None


def _exponential(argument: Tree) -> Found | None:
    """exp(-c r^2) and exp(-c r)."""
    weight, rest = split_number(argument)
    if isinstance(rest, Power) and weight < 0:
        if rest.exponent == 2:
            return ONE, -1 / (2 * weight), Gaussian()
        if rest.exponent == 1:
            return ONE, 1 / weight**2, Matern(HALF)
    return None


def _binomial(base: Tree, exponent: Fraction) -> Found | None:
    """(a + b r^2)^q = a^q (1 + r^2/(a/b))^q for a, b > 0 where a^q is rational."""
    if not (isinstance(base, Sum) and len(base.items) == 2):
        return None
    parts = {rest: weight for weight, rest in map(split_number, base.items)}
    a, b = parts.get(Number(ONE)), parts.get(Power(Fraction(2)))
    if a is None or b is None or a <= 0 or b <= 0 or not _is_shape(-exponent):
        return None
    front = raise_to(Number(a), exponent)
    return (front.value, a / b, InverseMultiquadric(-exponent)) if isinstance(front, Number) else None


def _is_shape(beta: Fraction) -> bool:
    return beta == -HALF or (SMALLEST_SHAPE <= beta <= MOST_SHAPE and beta.denominator <= MOST_DENOMINATOR)


def _power(exponent: Fraction) -> Found | None:
    if abs(exponent) < SMALLEST_SHAPE or exponent.denominator > MOST_DENOMINATOR:
        return None
    if 0 < exponent < 2:
        return -ONE, ONE, Energy(exponent)
    return (ONE, ONE, Riesz(-exponent)) if exponent < 0 else None


def has_no_modes(tree: Tree) -> bool:
    """Tells whether the transform vanishes for every k > 0: constants and even powers of r."""
    if isinstance(tree, Power):
        return tree.exponent >= 0 and tree.exponent.denominator == 1 and tree.exponent.numerator % 2 == 0
    if isinstance(tree, Product):
        return all(has_no_modes(item) for item in tree.items)
    return not depends_on_r(tree) and not any(depends_on_r(child) for child in children(tree))
