"""Kernel text to Kernel: a small grammar, read by hand; nothing that a user types is ever evaluated.

    sum     := product (('+' | '-') product)*
    product := power (('*' | '/') power)*
    power   := ('+' | '-')* atom [ '**' power ]
    atom    := number | 'r' | 'pi' | function '(' sum ')' | name [ '(' arguments ')' ] | '(' sum ')'

Arguments are numbers (``2``, ``0.5``, ``1/2``; lengths also ``sqrt(1/2)``), by position or by name. Every kernel also
takes ``scale=a``, the stretch r -> r/a. Functions of r (`FUNCTIONS`) make expressions such as ``exp(-r**4)``.
"""

from __future__ import annotations

import re
from fractions import Fraction

from wgflow.arithmetic.number import MAX_DIGITS, InputError, rational, shown
from wgflow.kernels.catalogue import LENGTH_EXPONENT, Entry, find
from wgflow.kernels.kernel import Kernel
from wgflow.record import replace

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up

MAX_TEXT = 8000
MAX_TERMS = 64
MAX_DEPTH = 20
MAX_NODES = 400

_TOKEN = re.compile(
    r"\s*(?:([0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)|([A-Za-z][A-Za-z0-9]*)|(\*\*|[-+*/(),=]))"
)
_EXAMPLE = "type for example 'rbf(1) + 0.5*rq(alpha=0.5)' or 'exp(-r**4)'; `wgflow kernels` lists the names."
FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tanh", "sech", "erf", "besselk", "besselj")


class _Root:
    """sqrt(value): allowed where a length is expected."""

    def __init__(self, squared: Fraction) -> None:
        self.squared = squared


if TYPE_CHECKING:
    from wgflow.kernels.expression import Tree, Written

    Value = Fraction | Kernel | _Root | Written


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise InputError(f"kernel {shown(text)} has {text[position:].strip()[0]!r}, which is not understood; {_EXAMPLE}")
        tokens.append(match[1] or match[2] or match[3])
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.at, self.depth = text, _tokens(text), 0, 0

    def error(self, problem: str) -> InputError:
        return InputError(f"kernel {shown(self.text)}: {problem}; {_EXAMPLE}")

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if not token or (expected and token != expected):
            raise self.error(f"expected {expected!r}" + (f" before {token!r}" if token else " at the end"))
        self.at += 1
        return token

    def sum(self) -> Value:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"parentheses are nested deeper than {MAX_DEPTH}")
        total = self.product()
        while self.peek() in ("+", "-"):
            minus = self.take() == "-"
            total = self._added(total, self.product(), minus)
        self.depth -= 1
        return total

    def _added(self, left: Value, right: Value, minus: bool) -> Value:
        if isinstance(left, Fraction) and isinstance(right, Fraction):
            return left - right if minus else left + right
        if (isinstance(left, Kernel) and isinstance(right, Fraction)) or (
            isinstance(left, Fraction) and isinstance(right, Kernel)
        ):
            raise self.error("a kernel and a number cannot be added (a constant has no effect on any mode)")
        if isinstance(left, Kernel) or isinstance(right, Kernel):
            one, two = self._kernel(left), self._kernel(right)
            total = one - two if minus else one + two
            if len(total.terms) > MAX_TERMS:
                raise self.error(f"more than {MAX_TERMS} terms")
            return total
        one_tree, two_tree = self._written(left), self._written(right)
        return one_tree - two_tree if minus else one_tree + two_tree

    def _kernel(self, value: Value) -> Kernel:
        if isinstance(value, Kernel):
            return value
        from wgflow.kernels.expression import count_nodes  # late: most kernels are named
        from wgflow.kernels.recognize import terms_of

        tree = self._tree(value)
        if count_nodes(tree) > MAX_NODES:
            raise self.error(f"an expression of more than {MAX_NODES} parts")
        return Kernel.of(terms_of(tree))

    def _written(self, value: Value) -> Written:
        from wgflow.kernels.expression import Written  # late: most kernels are named

        return Written(self._tree(value))

    def _tree(self, value: Value) -> Tree:
        from wgflow.kernels import expression  # late: most kernels are named

        if isinstance(value, Kernel):
            raise self.error(
                "a named kernel inside a product, a power or a function; write it out in r (rbf is exp(-r**2/2)). "
                "A product of kernels is a convolution of their transforms"
            )
        if isinstance(value, _Root):
            return expression.raise_to(expression.Number(value.squared), Fraction(1, 2))
        return expression.number(value) if isinstance(value, Fraction) else value.tree

    def product(self) -> Value:
        value = self.power()
        while self.peek() in ("*", "/"):
            operator = self.take()
            if self.peek() in ("*", "/"):
                raise self.error(f"{operator}{self.peek()} is not understood")
            right = self.power()
            if operator == "*":
                value = self._times(value, right)
            elif isinstance(right, Fraction):
                if right == 0:
                    raise self.error("division by 0; a nonzero number is needed")
                value = self._times(1 / right, value)
            elif isinstance(right, Kernel):
                raise self.error("only division by a nonzero number or by an expression in r is allowed")
            else:
                value = self._times(value, self._written(Fraction(1)) / self._written(right))
        return value

    def _times(self, left: Value, right: Value) -> Value:
        if isinstance(left, Kernel) and isinstance(right, Kernel):
            raise self.error("a product of kernels is a convolution of their transforms, which wgflow cannot certify")
        if isinstance(left, Fraction) and isinstance(right, Fraction | Kernel):
            return left * right
        if isinstance(left, Kernel) and isinstance(right, Fraction):
            return left * right
        return self._written(left) * self._written(right)

    def power(self) -> Value:
        minus = False
        while self.peek() in ("+", "-"):
            minus ^= self.take() == "-"
        base = self.atom()
        if self.peek() == "**":
            self.take()
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise self.error(f"powers are nested deeper than {MAX_DEPTH}")
            base = self._raised(base, self.power())
            self.depth -= 1
        return self._times(Fraction(-1), base) if minus else base

    def _raised(self, base: Value, exponent: Value) -> Value:
        from wgflow.kernels.expression import Number, Written, raise_to  # late: most kernels are named

        if not isinstance(exponent, Fraction):
            raise self.error("an exponent must be a number; type exp(...) for exponentials")
        tree = raise_to(self._tree(base), exponent)
        return tree.value if isinstance(tree, Number) else Written(tree)

    def atom(self) -> Value:
        token = self.peek()
        if token == "(":
            self.take()
            value = self.sum()
            self.take(")")
            return value
        if token and (token[0].isdigit() or token[0] == "."):
            return rational(self.take(), "number")
        if token and token[0].isalpha():
            return self.name(self.take())
        raise self.error(f"expected a kernel or a number before {token!r}" if token else "it ends too early")

    def name(self, name: str) -> Value:
        if name in ("r", "pi"):
            from wgflow.kernels.expression import Pi, R, Written  # late: most kernels are named

            return Written(R if name == "r" else Pi())
        if name in FUNCTIONS and not (name == "log" and self._is_named_log()):
            return self.function(name)
        return self.call(name)

    def _is_named_log(self) -> bool:
        """``log`` without an argument in r is the catalogue's kernel -log r."""
        following = self.tokens[self.at : self.at + 3]
        return following[:1] != ["("] or following[1:2] == [")"] or following[1:] == ["scale", "="]

    def function(self, name: str) -> Value:
        from wgflow.kernels.expression import Written, apply  # late: most kernels are named

        if self.peek() != "(":
            raise self.error(f"{name} is a function; type {name}(...)")
        self.take("(")
        order: Fraction | None = None
        inner = self.sum()
        if name in ("besselk", "besselj"):
            if not isinstance(inner, Fraction) or self.peek() != ",":
                raise self.error(f"{name} takes an order (a number) and an argument, as in {name}(1/2, r)")
            self.take(",")
            order, inner = inner, self.sum()
        self.take(")")
        if name == "sqrt" and isinstance(inner, Fraction):
            if inner <= 0:
                raise self.error("sqrt(...) takes a positive number")
            return _Root(inner)
        return Written(apply(name, self._tree(inner), order))

    def call(self, name: str) -> Value:
        try:
            entry = find(name)
        except InputError as problem:
            raise InputError(f"kernel {shown(self.text)}: {problem}") from None
        given = self.arguments(entry) if self.peek() == "(" else {}
        scale2 = given.pop("scale", Fraction(1))
        values = {p.name: given.get(p.name, p.default) for p in entry.parameters}
        try:
            term = entry.term(values)
        except InputError as problem:
            raise InputError(f"kernel {shown(self.text)}: {name}: {problem}") from None
        return Kernel.of([replace(term, scale2=term.scale2 * scale2)])

    def arguments(self, entry: Entry) -> dict[str, Fraction]:
        self.take("(")
        given: dict[str, Fraction] = {}
        position = 0
        while self.peek() != ")":
            if given:
                self.take(",")
            token = self.peek()
            if token and token[0].isalpha() and self.at + 1 < len(self.tokens) and self.tokens[self.at + 1] == "=":
                self.at += 2
                name, value = self._named(entry, token, self.sum())
                position = len(entry.parameters)
            else:
                if position >= len(entry.parameters):
                    raise self.error(f"{entry.name} takes {_signature(entry)}")
                name, value = self._named(entry, entry.parameters[position].name, self.sum())
                position += 1
            if name in given:
                raise self.error(f"{name} is given twice")
            given[name] = value
        self.take(")")
        return given

    def _named(self, entry: Entry, name: str, value: Value) -> tuple[str, Fraction]:
        """Returns (parameter, value) with lengths squared; converts sigma= and gamma= of rbf."""
        if not isinstance(value, (Fraction, _Root)):
            raise self.error(f"{entry.name}: {name} must be a number")
        lengths = {p.name for p in entry.parameters if p.is_length} | {"scale"}
        if entry.name == "rbf" and name == "sigma":
            name = "lengthscale"
        if entry.name == "rbf" and name == "gamma":
            if isinstance(value, _Root) or value <= 0:
                raise self.error("rbf: gamma must be a positive number (gamma= means exp(-gamma r^2))")
            return "lengthscale", 1 / (2 * value)
        if name not in lengths and name not in {p.name for p in entry.parameters}:
            raise self.error(f"{entry.name} has no parameter {shown(name)}; it takes {_signature(entry)}")
        if name not in lengths:
            if isinstance(value, _Root):
                raise self.error(f"{entry.name}: {name} must be rational")
            return name, value
        if isinstance(value, _Root):
            return name, value.squared
        low = Fraction(10) ** -LENGTH_EXPONENT
        if not low <= value <= 1 / low:
            raise self.error(f"{entry.name}: {name} must be positive, between 1e-{LENGTH_EXPONENT} and 1e{LENGTH_EXPONENT}")
        return name, value * value


def _signature(entry: Entry) -> str:
    names = [p.name for p in entry.parameters] + ["scale"]
    if entry.name == "rbf":
        names[0] = "lengthscale (or sigma, or gamma for exp(-gamma r^2))"
    return ", ".join(names)


def parse(text: object) -> Kernel:
    """Returns the Kernel that ``text`` spells; raises InputError (one line that says what to type) otherwise.

    >>> parse("matern(0.5)") == parse("laplace"), str(parse("rbf(gamma=2) + 1/3*energy"))
    (True, '1/3*energy(beta=1) + rbf(lengthscale=1/2)')
    """
    if isinstance(text, Kernel):
        return text
    if not isinstance(text, str):
        raise InputError(f"a kernel is given as text, not as {type(text).__name__}; {_EXAMPLE}")
    if len(text) > MAX_TEXT:
        raise InputError(f"kernel text has {len(text)} characters; at most {MAX_TEXT} are read.")
    if not text.strip():
        raise InputError(f"the kernel text is empty; {_EXAMPLE}")
    parser = _Parser(text)
    try:
        value = parser.sum()
    except InputError as problem:
        if str(problem).startswith("kernel "):
            raise
        raise parser.error(str(problem).rstrip(".")) from None
    if parser.peek():
        raise parser.error(f"{shown(parser.peek())} is not expected here")
    if isinstance(value, (Fraction, _Root)):
        if value == 0:
            return Kernel(())
        raise parser.error("this is a number, not a kernel")
    value = parser._kernel(value)
    if len(value.text) > MAX_TEXT or re.search(rf"[0-9]{{{MAX_DIGITS},}}", value.text):
        raise parser.error("its exact numbers grow too long")  # the canonical text must be readable again
    return value
