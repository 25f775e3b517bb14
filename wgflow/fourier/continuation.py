"""Where a function of r continues analytically into the complex plane: contours may be moved only there.

Of the functions that expressions are made of, only powers, logarithms, tanh, sech and Bessel functions have
singularities: where an inner function vanishes or meets the cut (-infinity, 0]. Inside a closed loop, log g is analytic
with |Im log g| < pi where that holds on the loop and g does not wind around 0 (argument and maximum principles). That is
looked at on many points of the loop: whole numbers, so no small residue is overlooked because it is small.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from wgflow.arithmetic.complex_floating import OPS, point
from wgflow.kernels.expression import (
    ONE,
    Apply,
    Number,
    Pi,
    Power,
    Product,
    Raised,
    Sum,
    Tree,
    add,
    apply,
    children,
    evaluate,
    multiply,
)

_TURN = 1.2  # the largest change of an argument between neighbours that is taken for resolved
_CUT = np.pi - 1e-7  # arguments beyond are taken for the cut


def hazards(tree: Tree) -> Iterator[tuple[Tree, bool]]:
    """Yields (g, cut): the tree is analytic where each g has no zero and, given ``cut``, does not meet (-infinity, 0]."""
    for child in children(tree):
        yield from hazards(child)
    match tree:
        case Raised(base, exponent) if exponent.denominator > 1 or exponent < 0:
            yield base, exponent.denominator > 1
        case Apply("log" | "besselk", argument):
            yield argument, True
        case Apply("besselj", argument, order) if order is not None and order.denominator > 1:
            yield argument, True
        case Apply("tanh" | "sech", argument):
            yield add((Number(ONE), apply("exp", multiply((Number(Fraction(-2)), argument))))), False


def is_analytic(tree: Tree, loop: Any) -> bool:
    """Tells whether a tree is analytic inside a closed loop of points in the closed first quadrant, 0 left out."""
    z = point(loop)
    for inner, cut in {pair: None for pair in hazards(tree) if not isinstance(pair[0], (Power, Number, Pi))}:
        values = np.broadcast_to(evaluate(inner, OPS, z).value, z.value.shape)
        if not np.all(np.isfinite(values)) or np.any(values == 0):
            return False
        steps = np.angle(values[1:] / values[:-1])
        arguments = np.angle(values[0]) + np.concatenate(([0.0], np.cumsum(steps)))
        if np.max(np.abs(steps)) > _TURN or abs(arguments[-1] - arguments[0]) > 0.5:
            return False
        if cut and np.max(np.abs(arguments)) > _CUT:
            return False
    return True


def parity(tree: Tree) -> int:
    """Returns 1 or -1 where the tree is known to be an even or odd function that is analytic or has a pole at 0, else 0."""
    match tree:
        case Number() | Pi():
            return 1
        case Power(exponent):
            return 0 if exponent.denominator > 1 else 1 - 2 * (exponent.numerator % 2)
        case Sum(items):
            kinds = {parity(item) for item in items}
            return kinds.pop() if len(kinds) == 1 else 0
        case Product(items):
            return int(np.prod([parity(item) for item in items]))
        case Raised(base, exponent):
            inner = parity(base)
            if exponent.denominator > 1:
                return 1 if inner == 1 and not _may_vanish_at_zero(base) else 0
            return inner if exponent.numerator % 2 else abs(inner)
        case Apply("exp", argument):
            return 1 if parity(argument) == 1 else 0
        case Apply("log", argument):
            return 1 if parity(argument) == 1 and not _may_vanish_at_zero(argument) else 0
        case Apply("cos" | "sech", argument):
            return abs(parity(argument))
        case Apply("sin" | "tanh" | "erf", argument):
            return parity(argument)
        case Apply("besselj", argument, order) if order is not None and order.denominator == 1:
            inner = parity(argument)
            return inner if order.numerator % 2 else abs(inner)
    return 0


def _may_vanish_at_zero(tree: Tree) -> bool:
    near = complex(np.asarray(evaluate(tree, OPS, point(1e-9)).value))
    return not 1e-7 < abs(near) < 1e7
