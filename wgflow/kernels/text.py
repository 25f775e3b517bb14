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

from wgflow.arithmetic.number import MAX_BITS, MAX_DIGITS, InputError, rational, shown
from wgflow.arithmetic.token_reader import TokenReader
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


class _Parser(TokenReader):
    def __init__(self, text: str) -> None:
        super().__init__("kernel", text, _TOKEN, _EXAMPLE)
        self.depth = 0

    def sum(self) -> Value:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"parentheses are nested deeper than {MAX_DEPTH}")
        parts = [self.product()]
        while self.peek() in ("+", "-"):
            minus = self.take() == "-"
            part = self.product()
            parts.append(self._times([Fraction(-1), part]) if minus else part)
        self.depth -= 1
        return parts[0] if len(parts) == 1 else self._total(parts)

    def _total(self, parts: list[Value]) -> Value:
        """The sum of all parts at once: adding them one by one would sort a long sum as often."""
        numbers = [part for part in parts if isinstance(part, Fraction)]
        kernels = [part for part in parts if isinstance(part, Kernel)]
        trees = [self._tree(part) for part in parts if not isinstance(part, Fraction | Kernel)]
        number = Fraction(0)
        for each in numbers:
            number = self._short(number + each)
        if not kernels and not trees:
            return number
        if kernels and numbers and not trees:
            raise self.error("a kernel and a number cannot be added (a constant has no effect on any mode)")
        terms = [term for kernel in kernels for term in kernel.terms]
        if trees:
            from wgflow.kernels import expression  # late: most kernels are named

            written = self._written(expression.add([*trees, expression.number(number)]))
            if not kernels:
                return written
            terms += self._kernel(written).terms
        return self._sized(Kernel.of(terms))

    def _sized(self, kernel: Kernel) -> Kernel:
        if len(kernel.terms) > MAX_TERMS:
            raise self.error(f"more than {MAX_TERMS} terms")
        for term in kernel.terms:
            self._short(term.weight)
        return kernel

    def _short(self, value: Fraction) -> Fraction:
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
            raise self.error("its exact numbers grow too long")
        return value

    def _kernel(self, value: Kernel | Written) -> Kernel:
        if isinstance(value, Kernel):
            return value
        from wgflow.kernels.recognize import terms_of  # late: most kernels are named

        return self._sized(Kernel.of(terms_of(value.tree)))

    def _written(self, tree: Tree) -> Written:
        from wgflow.kernels.expression import Written, count_nodes  # late: most kernels are named

        if count_nodes(tree) > MAX_NODES:
            raise self.error(f"an expression of more than {MAX_NODES} parts")
        return Written(tree)

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
        parts = self.signed_power()
        while self.peek() in ("*", "/"):
            operator = self.take()
            if self.peek() in ("*", "/"):
                raise self.error(f"{operator}{self.peek()} is not understood")
            parts += self.signed_power() if operator == "*" else [self._inverse(self.power())]
        return self._times(parts)

    def _inverse(self, value: Value) -> Value:
        if isinstance(value, Kernel):
            raise self.error("only division by a nonzero number or by an expression in r is allowed")
        if isinstance(value, Fraction):
            if value == 0:
                raise self.error("division by 0; a nonzero number is needed")
            return 1 / value
        from wgflow.kernels.expression import raise_to  # late: most kernels are named

        return self._written(raise_to(self._tree(value), Fraction(-1)))

    def _times(self, parts: list[Value]) -> Value:
        """The product of all parts at once."""
        if len(parts) == 1:
            return parts[0]
        number = Fraction(1)
        others: list[Value] = []
        for part in parts:
            if isinstance(part, Fraction):
                number = self._short(number * part)
            else:
                others.append(part)
        kernels = [part for part in others if isinstance(part, Kernel)]
        if len(kernels) > 1:
            raise self.error("a product of kernels is a convolution of their transforms, which wgflow cannot certify")
        if not others:
            return number
        if kernels and len(others) == 1:
            return self._sized(number * kernels[0])
        from wgflow.kernels import expression  # late: most kernels are named

        return self._written(expression.multiply([expression.number(number), *map(self._tree, others)]))

    def power(self) -> Value:
        return self._times(self.signed_power())

    def signed_power(self) -> list[Value]:
        """Reads a power; its minus sign is a factor of the whole product that it stands in: -(1 + r)*(1 + r**3)."""
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
        return [Fraction(-1), base] if minus else [base]

    def _raised(self, base: Value, exponent: Value) -> Value:
        from wgflow.kernels.expression import Number, raise_to  # late: most kernels are named

        if not isinstance(exponent, Fraction):
            raise self.error("an exponent must be a number; type exp(...) for exponentials")
        tree = raise_to(self._tree(base), exponent)
        return tree.value if isinstance(tree, Number) else self._written(tree)

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
        from wgflow.kernels.expression import apply  # late: most kernels are named

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
        return self._written(apply(name, self._tree(inner), order))

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
    if callable(text) or hasattr(text, "shape") or type(text).__name__ == "Table":
        raise InputError(
            "a table does not determine the kernel between and beyond its points, nor a function where it is not called; "
            "no proof is possible; use `wgflow transform --table` or wgflow.transform."
        )
    if not isinstance(text, str):
        raise InputError(f"a kernel is given as text, not as {type(text).__name__}; {_EXAMPLE}")
    if len(text) > MAX_TEXT:
        raise InputError(f"kernel text has {len(text)} characters; at most {MAX_TEXT} are read.")
    if not text.strip():
        raise InputError(f"the kernel text is empty; {_EXAMPLE}")
    value = _read(text)
    problem = _misfit(value)
    if problem:
        raise InputError(f"kernel {shown(text)}: {problem}; {_EXAMPLE}")
    return value


def _read(text: str) -> Kernel:
    parser = _Parser(text)
    try:
        value = parser.sum()
        if parser.peek():
            raise parser.error(f"{shown(parser.peek())} is not expected here")
        if isinstance(value, Fraction) and value == 0:
            return Kernel(())
        if isinstance(value, (Fraction, _Root)):
            raise parser.error("this is a number, not a kernel")
        return parser._kernel(value)
    except InputError as problem:
        if str(problem).startswith("kernel "):
            raise
        raise parser.error(str(problem).rstrip(".")) from None


def _misfit(value: Kernel) -> str:
    """Returns why a kernel that was read is refused, or nothing; what is accepted can be read again from its text."""
    if len(value.text) > MAX_TEXT or re.search(rf"[0-9]{{{MAX_DIGITS},}}", value.text):
        return "its exact numbers grow too long"
    if not any(term.family.is_written() for term in value.terms):
        return ""
    from wgflow.kernels.expression import Expression, Number  # late: most kernels are named
    from wgflow.kernels.real_valued import not_real

    trees = [term.family.tree for term in value.terms if isinstance(term.family, Expression)]
    if all(isinstance(tree, Number) for tree in trees):
        return "a number cannot be a kernel or be added to one (a constant has no effect on any mode); leave it out"
    found = next(filter(None, map(not_real, trees)), None)
    if found is not None:
        return f"it is not real everywhere ({found}); kernels are real"
    try:
        return "" if _read(value.text) == value else "it has no normal form here; write it in another way"
    except InputError:
        return "its normal form is too long or nested too deeply; write it in a simpler way"
