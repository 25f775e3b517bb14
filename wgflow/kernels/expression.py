"""Functions of the distance r written out, such as exp(-r**4) or sech(r)/(1 + r**2), as trees of exact parts.

A tree is plain data in a normal form: sums and products are flat and sorted, numbers and powers of r are merged. It is
evaluated in any arithmetic (floats, complex balls, SymPy symbols, ...) by `evaluate`; nothing a user types is ever run.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from wgflow.arithmetic.number import InputError, shown, square_root
from wgflow.kernels.family import Family
from wgflow.record import record

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any, TypeAlias

MOST_EXPONENT = 200
MOST_ORDER = 100  # of a Bessel function
MOST_BITS = 400  # of a number inside an expression
ONE = Fraction(1)


@record
class Number:
    """An exact rational."""

    value: Fraction


@record
class Pi:
    """The number pi."""


@record
class Power:
    """r**exponent."""

    exponent: Fraction


@record
class Sum:
    items: tuple[Tree, ...]


@record
class Product:
    items: tuple[Tree, ...]


@record
class Raised:
    """base**exponent, where the base is not a number, not a power of r and not a product with these."""

    base: Tree
    exponent: Fraction


@record
class Apply:
    """A function of one argument; ``order`` is that of a Bessel function."""

    name: str
    argument: Tree
    order: Fraction | None = None


Tree: TypeAlias = "Number | Pi | Power | Sum | Product | Raised | Apply"
R = Power(ONE)


def number(value: Fraction | int) -> Number:
    """Returns a number; raises InputError where it is too long to be part of an expression."""
    exact = Fraction(value)
    if max(exact.numerator.bit_length(), exact.denominator.bit_length()) > MOST_BITS:
        raise InputError(f"an expression has a number of more than {MOST_BITS * 3 // 10} digits; type shorter numbers.")
    return Number(exact)


def add(items: Iterable[Tree]) -> Tree:
    """Returns the sum, flat and sorted, with equal parts merged."""
    weights: dict[Tree, Fraction] = {}
    for item in items:
        for part in item.items if isinstance(item, Sum) else (item,):
            factor, rest = split_number(part)
            weights[rest] = weights.get(rest, Fraction(0)) + factor
    parts = [multiply((number(weight), rest)) for rest, weight in weights.items() if weight]
    if not parts:
        return Number(Fraction(0))
    return parts[0] if len(parts) == 1 else Sum(tuple(sorted(parts, key=_key)))


def split_number(tree: Tree) -> tuple[Fraction, Tree]:
    """Returns (number, rest) with tree = number * rest."""
    if isinstance(tree, Number):
        return tree.value, Number(ONE)
    if isinstance(tree, Product) and isinstance(tree.items[0], Number):
        rest = tree.items[1:]
        return tree.items[0].value, rest[0] if len(rest) == 1 else Product(rest)
    return ONE, tree


def multiply(items: Iterable[Tree]) -> Tree:
    """Returns the product, flat and sorted, with numbers, powers of r and powers of equal bases merged."""
    factor, exponents = ONE, dict[Tree, Fraction]()
    for item in items:
        for part in item.items if isinstance(item, Product) else (item,):
            if isinstance(part, Number):
                factor *= part.value
                continue
            base, exponent = _base(part)
            exponents[base] = exponents.get(base, Fraction(0)) + exponent
    if factor == 0:
        return Number(Fraction(0))
    powers = {base: raise_to(base, exponent) for base, exponent in exponents.items() if exponent}
    if any(isinstance(x, (Number, Product)) or _base(x)[0] != base for base, x in powers.items()):
        return multiply((number(factor), *powers.values()))  # a merged power took another form: sqrt(2)*sqrt(2)
    if len(powers) == 1 and factor != 1 and isinstance(only := next(iter(powers.values())), Sum):
        return add(multiply((number(factor), part)) for part in only.items)
    parts = sorted(powers.values(), key=_key) if len(powers) > 1 else list(powers.values())
    if factor != 1 or not parts:
        parts.insert(0, number(factor))
    return parts[0] if len(parts) == 1 else Product(tuple(parts))


def _base(part: Tree) -> tuple[Tree, Fraction]:
    if isinstance(part, Power):
        return R, part.exponent
    if isinstance(part, Raised):
        return part.base, part.exponent
    return part, ONE


def raise_to(base: Tree, exponent: Fraction) -> Tree:
    """Returns base**exponent, with r > 0; raises InputError for a division by zero or a root of a negative number."""
    if abs(exponent) > MOST_EXPONENT:
        raise InputError(f"an expression has an exponent beyond {MOST_EXPONENT}; type a smaller one.")
    if max(exponent.numerator.bit_length(), exponent.denominator.bit_length()) > MOST_BITS:
        raise InputError(f"an expression has an exponent of more than {MOST_BITS * 3 // 10} digits; type a shorter one.")
    if exponent == 0:
        return Number(ONE)
    if exponent == 1:
        return base
    match base:
        case Power(inner):
            return _power_of_r(inner * exponent)
        case Raised(base=inner_base, exponent=inner) if exponent.denominator == 1 or 0 < inner <= 1:
            # (x^p)^q = x^(pq) needs |arg x^p| <= pi: true for 0 < p <= 1 and any q, and for whole q.
            return raise_to(inner_base, inner * exponent)
        case Number(value):
            return _number_power(value, exponent)
        case Product(items):
            factor, rest = split_number(base)
            if exponent.denominator == 1 or all(isinstance(x, Number) or _is_positive_factor(x) for x in items):
                return multiply(raise_to(x, exponent) for x in items)
            if factor not in (1, -1):
                inside = rest if factor > 0 else multiply((Number(-ONE), rest))
                return multiply((raise_to(Number(abs(factor)), exponent), raise_to(inside, exponent)))
    return Raised(base, exponent)


def _power_of_r(exponent: Fraction) -> Tree:
    if abs(exponent) > MOST_EXPONENT:
        raise InputError(f"an expression has an exponent beyond {MOST_EXPONENT}; type a smaller one.")
    return Power(exponent) if exponent else Number(ONE)


def _number_power(value: Fraction, exponent: Fraction) -> Tree:
    if value == 0 and exponent < 0:
        raise InputError("an expression divides by zero.")
    if exponent.denominator == 1:
        bits = max(value.numerator.bit_length(), value.denominator.bit_length()) * abs(exponent.numerator)
        if bits > 2 * MOST_BITS:
            raise InputError(f"an expression has a number of more than {MOST_BITS * 3 // 10} digits; type shorter numbers.")
        return number(value**exponent.numerator)
    if value < 0:
        raise InputError(f"an expression has a root of the negative number {shown(value, 20)}; kernels are real.")
    if exponent.denominator == 2 and (root := square_root(value)) is not None:
        return _number_power(root, Fraction(exponent.numerator))
    return Number(value) if value in (0, 1) else Raised(Number(value), exponent)


def apply(name: str, argument: Tree, order: Fraction | None = None) -> Tree:
    """Returns name(argument); sqrt becomes a power, and values at 0 and 1 are folded."""
    if name == "sqrt":
        return raise_to(argument, Fraction(1, 2))
    if argument == Number(Fraction(0)) and name in ("exp", "cos", "sech", "sin", "tanh", "erf"):
        return Number(ONE if name in ("exp", "cos", "sech") else Fraction(0))
    if name == "log":
        if argument == Number(ONE):
            return Number(Fraction(0))
        if isinstance(argument, Power):
            return multiply((number(argument.exponent), Apply("log", R)))
        if isinstance(argument, Product) and all(_is_positive_factor(x) for x in argument.items):
            return add(apply("log", x) for x in argument.items)
        if isinstance(argument, Number) and argument.value <= 0:
            raise InputError(f"log({shown(argument.value, 20)}) is not a real number.")
    if order is not None and (abs(order) > MOST_ORDER or order.denominator.bit_length() > MOST_BITS):
        raise InputError(f"{name} has order {shown(order, 20)}; orders up to {MOST_ORDER} are read, with few digits.")
    return Apply(name, argument, order)


def _is_positive_factor(tree: Tree) -> bool:
    if isinstance(tree, Raised):
        return _is_positive_factor(tree.base)
    return isinstance(tree, (Pi, Power)) or (isinstance(tree, Number) and tree.value > 0)


def count_nodes(tree: Tree) -> int:
    """Returns the number of nodes of a tree."""
    return 1 + sum(count_nodes(child) for child in children(tree))


def children(tree: Tree) -> tuple[Tree, ...]:
    match tree:
        case Sum(items) | Product(items):
            return items
        case Raised(base=base):
            return (base,)
        case Apply(argument=argument):
            return (argument,)
    return ()


def depends_on_r(tree: Tree) -> bool:
    """Tells whether r occurs in a tree."""
    return isinstance(tree, Power) or any(depends_on_r(child) for child in children(tree))


def substituted(tree: Tree, r: Tree) -> Tree:
    """Returns the tree with another positive tree in place of r."""
    match tree:
        case Power(exponent):
            return raise_to(r, exponent)
        case Sum(items):
            return add(substituted(x, r) for x in items)
        case Product(items):
            return multiply(substituted(x, r) for x in items)
        case Raised(base, exponent):
            return raise_to(substituted(base, r), exponent)
        case Apply(name, argument, order):
            return apply(name, substituted(argument, r), order)
    return tree


def evaluate(tree: Tree, ops: Any, r: Any) -> Any:
    """Returns the value of a tree at r in the arithmetic ``ops``."""
    match tree:
        case Number(value):
            return ops.number(value)
        case Pi():
            return ops.pi + ops.number(Fraction(0))
        case Power(exponent):
            return r if exponent == 1 else ops.power(r, exponent)
        case Sum(items):
            total = evaluate(items[0], ops, r)
            for item in items[1:]:
                total = total + evaluate(item, ops, r)
            return total
        case Product(items):
            total = evaluate(items[0], ops, r)
            for item in items[1:]:
                total = total * evaluate(item, ops, r)
            return total
        case Raised(base, exponent):
            return ops.power(evaluate(base, ops, r), exponent)
        case Apply(name, argument, None):
            return getattr(ops, name)(evaluate(argument, ops, r))  # `text.FUNCTIONS` is all there is
        case Apply(name, argument, order):
            return getattr(ops, name)(order, evaluate(argument, ops, r))
    raise TypeError(f"{tree!r} is not a tree")


class Trees:
    """Trees as an arithmetic: a formula of the catalogue evaluated in it at r^2 = ``Power(2)`` is written out."""

    @property
    def pi(self) -> Written:
        return Written(Pi())

    @staticmethod
    def number(value: Fraction) -> Written:
        return Written(number(value))

    @staticmethod
    def power(base: Written, exponent: Fraction) -> Written:
        return Written(raise_to(base.tree, Fraction(exponent)))

    @staticmethod
    def gamma(argument: Fraction) -> Written:
        """Gamma at whole numbers and halves, and elsewhere where it is rational times such."""
        base, factor = Fraction(argument), Fraction(1)
        while base > 1:
            base -= 1
            factor *= base
        if base not in (1, Fraction(1, 2)):
            raise InputError(f"Gamma({argument}) is not written out.")
        root = raise_to(Pi(), Fraction(1, 2)) if base != 1 else Number(ONE)
        return Written(multiply((number(factor), root)))

    @staticmethod
    def log_zk(order: Fraction, z2: Written) -> Written:
        """log(z^v K_v(z)), which formulas only exponentiate: see `exp`."""
        z = raise_to(z2.tree, Fraction(1, 2))
        return Written(apply("log", multiply((raise_to(z, order), apply("besselk", z, abs(order))))))

    @staticmethod
    def exp(x: Written) -> Written:
        if isinstance(x.tree, Apply) and x.tree.name == "log":
            return Written(x.tree.argument)
        return Written(apply("exp", x.tree))

    @staticmethod
    def log(x: Written) -> Written:
        return Written(apply("log", x.tree))

    @staticmethod
    def sqrt(x: Written) -> Written:
        return Written(apply("sqrt", x.tree))


@record
class Written:
    """A tree under + - * /, so that formulas can be evaluated in trees."""

    tree: Tree

    def __add__(self, other: Written | int) -> Written:
        return Written(add((self.tree, _tree(other))))

    __radd__ = __add__

    def __neg__(self) -> Written:
        return Written(multiply((Number(-ONE), self.tree)))

    def __sub__(self, other: Written | int) -> Written:
        return self + -Written(_tree(other))

    def __rsub__(self, other: int) -> Written:
        return Written(_tree(other)) + -self

    def __mul__(self, other: Written | Fraction | int) -> Written:
        return Written(multiply((self.tree, _tree(other))))

    __rmul__ = __mul__

    def __truediv__(self, other: Written | Fraction | int) -> Written:
        return Written(multiply((self.tree, raise_to(_tree(other), -ONE))))


def _tree(value: Any) -> Tree:
    return value.tree if isinstance(value, Written) else number(value)


# --- text ---------------------------------------------------------------------------------------------------------


def _key(tree: Tree) -> tuple[int, str]:
    kinds = (Number, Pi, Power, Raised, Apply, Product, Sum)
    return kinds.index(type(tree)), text_of(tree)


def text_of(tree: Tree) -> str:
    """Returns the canonical text of a tree; the kernel parser reads it back to an equal tree."""
    match tree:
        case Number(value):
            return str(value)
        case Pi():
            return "pi"
        case Power(exponent):
            return "r" if exponent == 1 else f"r**{_exponent(exponent)}"
        case Sum(items):
            return _sum_text(items)
        case Product(items):
            return _product_text(items)
        case Raised(base, exponent):
            inner = text_of(base)
            simple = isinstance(base, (Apply, Pi)) or (isinstance(base, Number) and base.value.denominator == 1)
            return f"{inner if simple else f'({inner})'}**{_exponent(exponent)}"
        case Apply(name, argument, order):
            first = "" if order is None else f"{order}, "
            return f"{name}({first}{text_of(argument)})"
    raise TypeError(f"{tree!r} is not a tree")


def _exponent(value: Fraction) -> str:
    return str(value) if value.denominator == 1 and value > 0 else f"({value})"


def _sum_text(items: tuple[Tree, ...]) -> str:
    out = ""
    for item in items:
        factor, rest = split_number(item)
        items_of_rest = rest.items if isinstance(rest, Product) else () if rest == Number(ONE) else (rest,)
        size = (Number(abs(factor)),) if abs(factor) != 1 or not items_of_rest else ()
        body = _product_text((*size, *items_of_rest))
        joint = (" - " if factor < 0 else " + ") if out else ("-" if factor < 0 else "")
        out += joint + body
    return out


def _product_text(items: tuple[Tree, ...]) -> str:
    sign = ""
    if items[0] == Number(-ONE):
        sign, items = "-", items[1:]
    return sign + "*".join(f"({text_of(x)})" if isinstance(x, Sum) else text_of(x) for x in items)


# --- a tree as a kernel -------------------------------------------------------------------------------------------


@record
class Expression(Family):
    """phi(r) given by a tree. Its transform has no closed form here; `wgflow.fourier` encloses it by quadrature."""

    tree: Tree

    def profile(self, ops: Any, r2: Any, n: Any) -> Any:
        return evaluate(self.tree, ops, ops.sqrt(r2))

    def amplitude(self, ops: Any, n: Any) -> Any:
        raise TypeError("an expression has no amplitude")

    def shape(self, n: Any) -> Any:
        raise TypeError("an expression has no shape of its own")

    def is_written(self) -> bool:
        return True
