"""The update's margins as exact polynomials, and in balls.

A step of the cycle has entries of low degree in x and y; they are found once, exactly, by running the rule on polynomials.
In balls the steps are then multiplied, not the margins' polynomials expanded: (1 + x)^100 stays small where x is near -1.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

from flint import arb, arb_mat, arb_series, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from wgflow.arithmetic import ball
from wgflow.stability.update_rule import Rule, conditions, factors, margins, power

Terms = dict[tuple[int, int], Fraction]  # coefficients by (power of x, power of y)
Dual = tuple[arb_mat, arb_mat]  # value and slope


def _terms(value: Any) -> Terms:
    if not isinstance(value, fmpq_mpoly):
        return {(0, 0): Fraction(int(value))} if isinstance(value, int) else {(0, 0): Fraction(int(value.p), int(value.q))}
    return {(int(i), int(j)): Fraction(int(c.p), int(c.q)) for (i, j), c in value.to_dict().items()}


def _number(q: Fraction) -> fmpq:
    return fmpq(q.numerator, q.denominator)


@lru_cache(maxsize=64)
def exact_margins(rule: Rule) -> tuple[Terms, ...]:
    """Returns the margins as polynomials in x and y.

    >>> from wgflow.stability.update_rule import make_rule
    >>> exact_margins(make_rule(1, 1))[0] == {(1, 0): -1, (0, 1): -1, (1, 1): -1}  # 1 - (1 + x)(1 + y)
    True
    """
    x, y = fmpq_mpoly_ctx.get(("x", "y")).gens()
    return tuple(_terms(margin) for margin in margins(rule, x, y, _number))


@lru_cache(maxsize=64)
def _steps(rule: Rule) -> tuple[tuple[list[list[Terms]], list[list[Terms]], int], ...]:
    """Returns (last, step, count) of each order, the entries as polynomials."""
    x, y = fmpq_mpoly_ctx.get(("x", "y")).gens()
    out = []
    for order in range(1, rule.degree + 1):
        *both, count = factors(rule, x, y, _number, order)
        last, step = ([[_terms(entry) for entry in row] for row in matrix] for matrix in both)
        out.append((last, step, count))
    return tuple(out)


class BallMargins:
    """A rule's margins in balls, at the precision in force where it is made."""

    def __init__(self, rule: Rule) -> None:
        def in_balls(matrix: list[list[Terms]]) -> list[list[list[tuple[int, int, arb]]]]:
            return [[[(i, j, ball.number(c)) for (i, j), c in entry.items() if c] for entry in row] for row in matrix]

        self.steps = [(in_balls(last), in_balls(step), count) for last, step, count in _steps(rule)]

    def at(self, x: arb, y: arb) -> list[arb]:
        """Returns balls around the margins at all points of two balls."""
        powers = _powers(x), _powers(y)

        def matrix(entries: list[list[list[tuple[int, int, arb]]]]) -> arb_mat:
            return arb_mat([[_value(entry, powers) for entry in row] for row in entries])

        found = []
        for last, step, count in self.steps:
            whole = matrix(last) * power(matrix(step), count, _times) if count else matrix(last)
            found.append(_trace(whole))
        return conditions(found)

    def along(self, x: arb, y: arb, x_slope: arb, y_slope: arb) -> list[tuple[arb, arb]]:
        """Returns balls around values and slopes of the margins as x and y move with these slopes."""
        powers = _powers(x), _powers(y)

        def dual(entries: list[list[list[tuple[int, int, arb]]]]) -> Dual:
            slopes = [[_slope(entry, powers, x_slope, y_slope) for entry in row] for row in entries]
            return arb_mat([[_value(entry, powers) for entry in row] for row in entries]), arb_mat(slopes)

        found = []
        for last, step, count in self.steps:
            whole = _dual_times(dual(last), power(dual(step), count, _dual_times)) if count else dual(last)
            found.append(arb_series([_trace(whole[0]), _trace(whole[1])], prec=2))
        return [(each[0], each[1]) for each in conditions(found)]

    def first_slopes(self, x: arb, y: arb) -> tuple[arb, arb]:
        """Returns balls around dP(1)/dx and dP(1)/dy over a box of (x, y)."""
        return self.along(x, y, arb(1), arb(0))[0][1], self.along(x, y, arb(0), arb(1))[0][1]


def _powers(x: arb) -> list[arb]:
    return [arb(1), x, x * x]


def _value(entry: list[tuple[int, int, arb]], powers: tuple[list[arb], list[arb]]) -> arb:
    total = arb(0)
    for i, j, c in entry:
        total += c * powers[0][i] * powers[1][j]
    return total


def _slope(entry: list[tuple[int, int, arb]], powers: tuple[list[arb], list[arb]], x_slope: arb, y_slope: arb) -> arb:
    total = arb(0)
    for i, j, c in entry:
        if i:
            total += i * c * powers[0][i - 1] * powers[1][j] * x_slope
        if j:
            total += j * c * powers[0][i] * powers[1][j - 1] * y_slope
    return total


def _trace(matrix: arb_mat) -> arb:
    return sum((matrix[i, i] for i in range(matrix.nrows())), arb(0))


def _times(one: arb_mat, other: arb_mat) -> arb_mat:
    return one * other


def _dual_times(one: Dual, other: Dual) -> Dual:
    return one[0] * other[0], one[0] * other[1] + one[1] * other[0]
