"""The update rule of training on one Fourier mode: a linear map, its characteristic polynomial, and when it contracts.

A mode of w = p - q obeys w' = a w under the discriminator and w' = g w under the generator (`wgflow.conventions.growth_rate`).
One gradient step of a player with learning rate eta and momentum beta keeps a memory m (zero at the start), and with
x = eta * rate

    heavy ball   m <- beta m + x w        w <- w + m                 (Polyak 1964)
    Nesterov     m <- beta m + x w        w <- w + x w + beta m      (Nesterov 1983, as Sutskever et al. 2013 write it)

A cycle is n_critic discriminator steps, then one generator step; ``simultaneous`` takes the generator's gradient before
the last of them. It is a linear map of (w, memories), and training contracts the mode exactly where all its eigenvalues,
the multipliers, are smaller than 1 in size. All of it uses + and * alone, and so runs in floats, balls and power series.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

from wgflow.arithmetic.number import InputError, integer, rational, shown
from wgflow.conventions import both_moving
from wgflow.record import record, replace

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Matrix: TypeAlias = list[list[Any]]

MAX_CRITIC_STEPS = 100
MOVES = ("p", "both")
UPDATES = ("alternating", "simultaneous")
_ADAM_FLOOR = Fraction(1, 10**8)  # added to the root of the second moment by every implementation of Adam


@record
class Rule:
    """Learning rates (of discriminator and generator), discriminator steps a cycle, momenta in [0, 1).

    moves: "p" where the discriminator moves p alone, "both" where it moves q too. The generator moves p alone.
    """

    lr_d: Fraction
    lr_g: Fraction
    n_critic: int = 1
    momentum_d: Fraction = Fraction(0)
    momentum_g: Fraction = Fraction(0)
    nesterov: bool = False
    simultaneous: bool = False
    moves: str = "p"
    adam: Fraction | None = None  # the frozen root mean square of the gradients

    @property
    def rates(self) -> tuple[Fraction, Fraction]:
        """What multiplies the growth rates a and g of p alone: the learning rates, doubled where q moves too.

        Adam with its second moments frozen at G^2 steps by eta m/(G + 1e-8) with m <- beta m + (1 - beta) gradient: it is the
        heavy ball with the learning rate eta (1 - beta)/(G + 1e-8).
        """
        doubled = self.lr_d if self.moves == "p" else both_moving(self.lr_d)
        if self.adam is None:
            return doubled, self.lr_g
        scale = self.adam + _ADAM_FLOOR
        return doubled * (1 - self.momentum_d) / scale, self.lr_g * (1 - self.momentum_g) / scale

    @property
    def drift(self) -> tuple[Fraction, Fraction]:
        """(c_D, c_G): toward zero rates a cycle multiplies w by 1 + c_D a + c_G g: the flow that training follows."""
        rate_d, rate_g = self.rates
        return self.n_critic * rate_d / (1 - self.momentum_d), rate_g / (1 - self.momentum_g)

    @property
    def is_one_player(self) -> bool:
        return not self.lr_d or not self.lr_g

    @property
    def is_connected(self) -> bool:
        """Whether at every mode the rates (their ratio kept) that contract it are known to be an interval that begins at 0.

        One player: the region is -limit < x < 0. One simultaneous step with equal momenta: the same in x + y.
        """
        return self.is_one_player or (self.simultaneous and self.n_critic == 1 and self.momentum_d == self.momentum_g)

    @property
    def degree(self) -> int:
        """The number of multipliers: of w, and of the memories of players that move and have momentum."""
        return 1 + bool(self.lr_d and self.momentum_d) + bool(self.lr_g and self.momentum_g)

    def scaled(self, factor: Fraction) -> Rule:
        """Returns the rule with both learning rates multiplied."""
        return replace(self, lr_d=self.lr_d * factor, lr_g=self.lr_g * factor)

    def to_json(self) -> dict[str, object]:
        return {
            "lr_d": str(self.lr_d),
            "lr_g": str(self.lr_g),
            "n_critic": self.n_critic,
            "momentum": [str(self.momentum_d), str(self.momentum_g)],
            "nesterov": self.nesterov,
            "update": UPDATES[self.simultaneous],
            "moves": self.moves,
            "adam": None if self.adam is None else str(self.adam),
        }


def make_rule(
    lr_d: object,
    lr_g: object = 0,
    n_critic: object = 1,
    momentum: object = 0,
    nesterov: bool = False,
    update: object = "alternating",
    moves: object = "p",
    adam: object = None,
) -> Rule:
    """Returns the rule that these arguments spell; raises InputError (see `wgflow.learning_rate`).

    >>> make_rule("2e-4", "1e-4", 5, "0.5").drift
    (Fraction(1, 500), Fraction(1, 5000))
    """
    beta_d, beta_g = _momenta(momentum)
    rates = [_rate(value, name) for value, name in ((lr_d, "lr_d"), (lr_g, "lr_g"))]
    if not any(rates):
        raise InputError("both learning rates are 0, so that nothing trains; type for example --lr-d 1e-3.")
    if update not in UPDATES:
        raise InputError(f"update {shown(update)} is not known; type alternating or simultaneous.")
    if moves not in MOVES:
        raise InputError(f"moves {shown(moves)} is not known; type p or both.")
    scale = None if adam is None else rational(adam, "adam")
    if scale is not None and not Fraction(1, 10**100) <= scale <= 10**100:
        raise InputError(f"adam {shown(adam)} must be a positive size of the gradients, from 1e-100 to 1e100; type 1, say.")
    if scale is not None and nesterov:
        raise InputError("adam and nesterov exclude each other; Adam's momentum is a heavy ball.")
    steps = integer(n_critic, "n_critic", 1, MAX_CRITIC_STEPS)
    return Rule(rates[0], rates[1], steps, beta_d, beta_g, bool(nesterov), update == UPDATES[1], str(moves), scale)


def _rate(value: object, name: str) -> Fraction:
    rate = rational(value, name)
    if rate and not Fraction(1, 10**100) <= rate <= 10**100:
        raise InputError(f"{name} {shown(value)} must be 0 or from 1e-100 to 1e100; type --{name.replace('_', '-')} 1e-3, say.")
    return rate


def _momenta(value: object) -> tuple[Fraction, Fraction]:
    """Returns the momenta of discriminator and generator: one number for both, or two of them."""
    parts = value.split(",") if isinstance(value, str) else list(value) if isinstance(value, (tuple, list)) else [value]
    if not 1 <= len(parts) <= 2:
        raise InputError(f"momentum {shown(value)} is not one number or two; type 0.5, or 0.5,0 for discriminator, generator.")
    found = [rational(part, "momentum") for part in parts]
    for beta in found:
        if not 0 <= beta <= 1 - Fraction(1, 10**9):
            raise InputError(f"momentum {shown(value)} must be at least 0 and less than 1 (at most 1 - 1e-9); type 0.5, say.")
    return found[0], found[-1]


# --- the map ------------------------------------------------------------------------------------------------------


def cycle(rule: Rule, x: Any, y: Any, number: Callable[[Fraction], Any], order: int = 1) -> Matrix:
    """Returns the matrix of one cycle on (w, memories), memories only of players that move and have momentum.

    x, y: learning rate times growth rate, of discriminator and generator, in any arithmetic with + and *; ``number`` brings
    the momenta into it.  order: that of the compound matrix, whose entries are the minors of this order.

    >>> cycle(make_rule(1, 1, 3), Fraction(-1, 2), Fraction(-1, 4), Fraction)
    [[Fraction(3, 32)]]
    """
    last, step, count = factors(rule, x, y, number, order)
    return _product(last, power(step, count, _product)) if count else last


def factors(rule: Rule, x: Any, y: Any, number: Callable[[Fraction], Any], order: int = 1) -> tuple[Matrix, Matrix, int]:
    """Returns (last, step, count) with last * step^count the cycle, or its compound of this order.

    The compound of a product is the product of the compounds (Cauchy and Binet 1812): a step's minors have no cancellation,
    those of the cycle have much.
    """
    remembers = bool(rule.lr_d and rule.momentum_d), bool(rule.lr_g and rule.momentum_g)
    kept = [0, *(1 + i for i in range(2) if remembers[i])]
    betas = number(rule.momentum_d), number(rule.momentum_g)

    def step(x: Any, y: Any) -> Matrix:
        parts = _step(rule, (x, y), betas, remembers)
        remember, move = (_compound([[whole[i][j] for j in kept] for i in kept], order) for whole in parts)
        return _product(move, remember)

    if rule.is_one_player:
        alone = step(x if rule.lr_d else None, y if rule.lr_g else None)
        return alone, alone, 0  # the steps are all alike
    last = step(x if rule.simultaneous else None, y)
    return last, step(x, None), rule.n_critic - rule.simultaneous


def _step(rule: Rule, moves: tuple[Any, Any], betas: tuple[Any, Any], remembers: tuple[bool, bool]) -> tuple[Matrix, Matrix]:
    """Returns a step of the players that take it (None: one that rests): m <- beta m + x w, then w <- (...) w + (...) m."""
    remember: Matrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    move: Matrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    for i, z in enumerate(moves):
        if z is None:
            continue
        if remembers[i]:
            remember[1 + i] = [z, 0, 0]
            remember[1 + i][1 + i] = betas[i]
            move[0][1 + i] = betas[i] if rule.nesterov else 1
        if rule.nesterov or not remembers[i]:
            move[0][0] = move[0][0] + z
    return remember, move


def _compound(matrix: Matrix, order: int) -> Matrix:
    """Returns the minors of order 1, 2 or the matrix's own, rows and columns in lexicographic order."""
    if order == 1:
        return matrix
    sets = list(combinations(range(len(matrix)), order))
    return [[_minor([[matrix[i][j] for j in columns] for i in rows]) for columns in sets] for rows in sets]


def _minor(m: Matrix) -> Any:
    if len(m) == 2:
        return m[0][0] * m[1][1] - m[0][1] * m[1][0]
    rest = [[row[:j] + row[j + 1 :] for row in m[1:]] for j in range(3)]
    return m[0][0] * _minor(rest[0]) - m[0][1] * _minor(rest[1]) + m[0][2] * _minor(rest[2])


def _product(one: Matrix, other: Matrix) -> Matrix:
    columns = list(zip(*other, strict=True))
    return [[_dot(row, column) for column in columns] for row in one]


def _dot(row: Any, column: Any) -> Any:
    """The sum of products, those with an exact 0 or 1 not made."""
    total: Any = 0
    for a, b in zip(row, column, strict=True):
        if not (_is(a, 0) or _is(b, 0)):
            total = total + (b if _is(a, 1) else a if _is(b, 1) else a * b)
    return total


def _is(value: Any, number: int) -> bool:
    return type(value) is int and value == number


def power(base: Any, count: int, times: Callable[[Any, Any], Any]) -> Any:
    """Returns base^count, count >= 1, by squaring: in balls a long product would grow where its factors' sizes do."""
    if count == 1:
        return base
    half = power(base, count // 2, times)
    squared = times(half, half)
    return times(base, squared) if count % 2 else squared


def margins(rule: Rule, x: Any, y: Any, number: Callable[[Fraction], Any]) -> list[Any]:
    """Returns numbers that are all positive exactly where every multiplier is smaller than 1 in size; P(1) is the first.

    P(z) = det(z - M) is the characteristic polynomial of the cycle M, of degree d <= 3: P(1), (-1)^d P(-1), and for d > 1 what
    is left of the conditions of Schur (1917), Cohn (1922) and Jury (1964).

    >>> [float(m) for m in margins(make_rule(1, 0, 1, "0.5"), -3.0, 0.0, float)]  # heavy ball: -2 (1 + 1/2) < x < 0
    [3.0, 0.0, 0.5]
    """
    return conditions([_trace(cycle(rule, x, y, number, order)) for order in range(1, rule.degree + 1)])


def conditions(invariants: list[Any]) -> list[Any]:
    """Returns the margins from the sums of the principal minors of order 1 ... d of the cycle."""
    one, two, three = [*invariants, 0, 0][:3]
    first = [1 - one + two - three, 1 + one + two + three]
    if len(invariants) == 3:
        return [*first, 1 - two + three * (one - three), 1 - three, 1 + three]
    return [*first, 1 - two] if len(invariants) == 2 else first


def _trace(matrix: Matrix) -> Any:
    return sum((row[i] for i, row in enumerate(matrix)), 0)
