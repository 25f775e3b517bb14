"""SymPy expressions as plain JSON data, rebuilt node by node from a list of known names; no text is ever evaluated."""

from __future__ import annotations

import re
from typing import Any

import sympy

_CONSTANTS = {
    "pi": sympy.pi, "e": sympy.E, "i": sympy.I, "euler": sympy.EulerGamma, "catalan": sympy.Catalan,
}  # fmt: skip
_FUNCTIONS = (
    "Add", "Mul", "Pow", "Tuple", "exp", "log", "sin", "cos", "tan", "cot", "sinh", "cosh", "tanh", "coth", "sech", "csch",
    "asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh", "re", "im", "Abs", "Max", "Heaviside",
    "gamma", "loggamma", "polygamma", "lowergamma", "uppergamma", "erf", "erfc", "erfi", "expint", "Ei", "Si", "Ci", "Shi", "Chi",
    "besselj", "bessely", "besseli", "besselk", "fresnels", "fresnelc", "elliptic_k", "elliptic_e", "polylog", "zeta",
    "exp_polar", "hyper", "meijerg",
)  # fmt: skip
_NODES = {name: getattr(sympy, name) for name in _FUNCTIONS}
_NAMES = {node: name for name, node in _NODES.items()}
_SYMBOLS = {"r": {"positive": True}, "k": {"positive": True}, "n": {"positive": True, "integer": True}}
MOST_NODES = 5000
MOST_DEPTH = 60
_INTEGER = re.compile(r"-?[0-9]{1,4000}")

Data = list[Any]


class Foreign(ValueError):
    """An expression or data with a part that is not known here."""


def encode(expression: Any) -> Data:
    """Returns an expression as nested lists of text: ``[name, part, ...]``; raises Foreign for a part that is not known.

    >>> k = sympy.Symbol("k", positive=True)
    >>> encode(sympy.pi * sympy.sech(k / 2))
    ['Mul', ['pi'], ['sech', ['Mul', ['number', '1', '2'], ['k']]]]
    """
    for name, constant in _CONSTANTS.items():
        if expression == constant:
            return [name]
    if expression.is_Rational:
        return ["number", str(expression.p), str(expression.q)]
    if expression.is_Symbol:
        if expression.name not in _SYMBOLS:
            raise Foreign(f"the symbol {expression.name}")
        return [expression.name]
    name = "Tuple" if isinstance(expression, sympy.Tuple) else _NAMES.get(expression.func, "")
    if not name:
        raise Foreign(f"the function {expression.func.__name__}")
    return [name, *(encode(part) for part in expression.args)]


def decode(data: object) -> Any:
    """Returns the SymPy expression that data from `encode` describe; raises Foreign for anything else.

    >>> decode(["Mul", ["number", "3", "2"], ["Pow", ["k"], ["number", "-2", "1"]]])
    3/(2*k**2)
    """
    return _decoded(data, [MOST_NODES], MOST_DEPTH)


def _decoded(data: object, left: list[int], depth: int) -> Any:
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        raise Foreign("an expression that is too long")
    if not isinstance(data, list) or not data or not isinstance(data[0], str):
        raise Foreign(f"data of type {type(data).__name__}")
    name, parts = data[0], data[1:]
    if name == "number":
        return sympy.Rational(*map(_integer, parts)) if len(parts) == 2 and parts[1] != "0" else _fail(name)
    if name in _CONSTANTS and not parts:
        return _CONSTANTS[name]
    if name in _SYMBOLS and not parts:
        return sympy.Symbol(name, **_SYMBOLS[name])
    if name not in _NODES or not (parts or name == "Tuple"):
        return _fail(name)
    return _NODES[name](*(_decoded(part, left, depth - 1) for part in parts))


def _integer(text: object) -> int:
    if not isinstance(text, str) or not _INTEGER.fullmatch(text):
        raise Foreign("a number that is not one")
    return int(text)


def _fail(name: str) -> Any:
    raise Foreign(f"the part {name[:40]!r}")
