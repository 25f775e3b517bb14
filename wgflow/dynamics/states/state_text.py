"""Functions of position from text, such as ``1 + 0.5*cos(x)``, read by hand; nothing that a user types is ever run.

    sum     := product (('+' | '-') product)*
    product := signed (('*' | '/') signed)*
    signed  := ('+' | '-')* power
    power   := atom [ '**' signed ]
    atom    := number | 'x' | 'y' | 'z' | 'r' | 'pi' | function '(' sum ')' | '(' sum ')'

r is the distance from the origin. Text becomes a short program for a stack of arrays, the same in every dimension.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError, rational, shown
from wgflow.arithmetic.token_reader import TokenReader
from wgflow.record import record

Floats = NDArray[np.float64]

AXES = ("x", "y", "z")
MAX_TEXT, MAX_DEPTH, MAX_STEPS = 4000, 30, 1000
_TOKEN = re.compile(r"\s*(?:([0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)|([A-Za-z]+)|(\*\*|[-+*/()]))")
_EXAMPLE = "type for example '1 + 0.5*cos(x)' or 'exp(-(x**2 + y**2)/2)'."


def _erf(x: Floats) -> Floats:
    from scipy.special import erf  # late: few states have it

    return np.asarray(erf(x))


FUNCTIONS: dict[str, Callable[..., Floats]] = {
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "tan": np.tan, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "sech": lambda x: 1 / np.cosh(x), "erf": _erf, "abs": np.abs,
}  # fmt: skip
_OPERATORS: dict[str, Callable[..., Floats]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.power,
}  # fmt: skip

Step = tuple[str, object]  # ("number", Fraction), ("axis", 0), ("distance", None), ("pi", None), ("negative", None), ...


@record
class Expression:
    """A function of position as the steps of a program for a stack.

    >>> parse_state("1 + x*y")(np.array([[2.0, 3.0]]))
    array([7.])
    """

    text: str
    steps: tuple[Step, ...]

    @property
    def least_dimension(self) -> int:
        """The number of axes that the text names."""
        return max((int(str(value)) + 1 for kind, value in self.steps if kind == "axis"), default=1)

    def __call__(self, points: Floats) -> Floats:
        """Returns the values at points (..., n), of shape (...); NaN and infinity where there is no finite value."""
        stack: list[Floats] = []
        with np.errstate(all="ignore"):
            for kind, value in self.steps:
                if kind == "function":
                    stack.append(FUNCTIONS[str(value)](stack.pop()))
                elif kind == "negative":
                    stack.append(-stack.pop())
                elif kind == "operator":
                    right, left = stack.pop(), stack.pop()
                    stack.append(_OPERATORS[str(value)](left, right))
                else:
                    stack.append(_leaf(kind, value, points))
        return np.broadcast_to(np.asarray(stack[0], dtype=np.float64), points.shape[:-1]).copy()


def _leaf(kind: str, value: object, points: Floats) -> Floats:
    if kind == "axis":
        return points[..., int(str(value))]
    if kind == "distance":
        return np.sqrt(np.sum(points**2, axis=-1))
    return np.asarray(np.pi if kind == "pi" else float(Fraction(str(value))))


def parse_state(text: object) -> Expression:
    """Returns the function that text spells; raises InputError where it is not understood.

    >>> parse_state("2*x**2/pi").least_dimension
    1
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"a state is described by text, not by {shown(text)}; {_EXAMPLE}")
    if len(text) > MAX_TEXT:
        raise InputError(f"the text of the state has {len(text)} characters; at most {MAX_TEXT} are read.")
    parser = _Parser(text)
    parser.sum()
    if parser.peek():
        raise parser.error(f"{parser.peek()!r} is left over")
    return Expression(" ".join(text.split()), tuple(parser.steps))


class _Parser(TokenReader):
    def __init__(self, text: str) -> None:
        super().__init__("state", text, _TOKEN, _EXAMPLE)
        self.depth, self.steps = 0, list[Step]()

    def add(self, kind: str, value: object = None) -> None:
        if len(self.steps) >= MAX_STEPS:
            raise self.error(f"more than {MAX_STEPS} parts")
        self.steps.append((kind, value))

    def sum(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"nested deeper than {MAX_DEPTH}")
        self.product()
        while self.peek() in ("+", "-"):
            operator = self.take()
            self.product()
            self.add("operator", operator)
        self.depth -= 1

    def product(self) -> None:
        self.signed()
        while self.peek() in ("*", "/"):
            operator = self.take()
            self.signed()
            self.add("operator", operator)

    def signed(self) -> None:
        minus = False
        while self.peek() in ("+", "-"):
            minus ^= self.take() == "-"
        self.atom()
        if self.peek() == "**":
            self.take()
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise self.error(f"nested deeper than {MAX_DEPTH}")
            self.signed()
            self.depth -= 1
            self.add("operator", "**")
        if minus:
            self.add("negative")

    def atom(self) -> None:
        token = self.peek()
        if token == "(":
            self.take()
            self.sum()
            self.take(")")
        elif token and (token[0].isdigit() or token[0] == "."):
            value = rational(self.take(), "number")
            if not -(10**300) < value < 10**300:
                raise self.error("a number is beyond 1e300")
            self.add("number", value)
        elif token and token[0].isalpha():
            self.name(self.take())
        else:
            raise self.error(f"expected a number, x or a function before {token!r}" if token else "it ends too early")

    def name(self, name: str) -> None:
        if name in AXES:
            self.add("axis", AXES.index(name))
        elif name in ("pi", "r"):
            self.add("pi" if name == "pi" else "distance")
        elif name in FUNCTIONS:
            self.take("(")
            self.sum()
            self.take(")")
            self.add("function", name)
        else:
            raise self.error(f"{shown(name)} is not known (x, y, z, r, pi and the functions {', '.join(FUNCTIONS)})")
