"""Exact numbers from text: 0.2 means 1/5, never the nearest double.

Every number that a user types passes here, so that a certificate speaks about exactly that number.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import isqrt

MAX_CHARACTERS = 4000
MAX_BITS = 6000  # of numerator and denominator: the canonical text of every number that is read can be read again
MAX_DIGITS = 1800  # 6000 bits are 1806 digits
MAX_EXPONENT = 1000

_DECIMAL = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?")


class InputError(ValueError):
    """Wrong input: one line that says what was got and what to type instead."""


def shown(text: object, limit: int = 60) -> str:
    """Returns user text quoted for an error message: one line, at most ``limit`` characters.

    >>> shown("rbf" * 100, 12)
    "'rbfrbfrbfrbf...'"
    """
    plain = str(text)
    return repr(plain if len(plain) <= limit else plain[:limit] + "...")


def _decimal(text: str, what: str) -> Fraction:
    match = _DECIMAL.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise InputError(f"{what} {shown(text)} is not a number; type a decimal such as 0.2 or a fraction such as 1/5.")
    sign, whole, part, exponent = match[1], match[2], match[3] or "", match[4] or "0"
    if len(exponent) > 6 or abs(int(exponent)) > MAX_EXPONENT:
        raise InputError(f"{what} {shown(text)} is out of range; type a number between 1e-{MAX_EXPONENT} and 1e{MAX_EXPONENT}.")
    value = Fraction(int(whole + part or "0"), 1) * Fraction(10) ** (int(exponent) - len(part))
    return -value if sign == "-" else value


def _short_enough(value: Fraction, what: str) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise InputError(f"{what} has more than {MAX_DIGITS} digits; type a shorter number.")
    return value


def rational(value: object, what: str = "number") -> Fraction:
    """Returns the exact rational that ``value`` denotes: text, int, Fraction, or a float by its shortest decimal.

    Raises InputError for anything else, for NaN and infinities, and for numbers over 1,800 digits or
    outside 1e-1000 ... 1e1000.

    >>> rational("0.2"), rational("-3/4"), rational(0.1), rational("5e-324") == Fraction(5, 10**324)
    (Fraction(1, 5), Fraction(-3, 4), Fraction(1, 10), True)
    """
    if isinstance(value, Fraction):
        return _short_enough(value, what)
    if isinstance(value, bool):
        raise InputError(f"{what} {value!r} is not a number; type a decimal such as 0.2.")
    if isinstance(value, int):
        return _short_enough(Fraction(value), what)
    if not isinstance(value, str) and hasattr(type(value), "__float__"):
        value = float(value)  # type: ignore[arg-type]  # also NumPy's and other real scalars
    text = value.strip() if isinstance(value, str) else repr(value)
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"{what} {shown(text, 20)} has {len(text)} characters; at most {MAX_CHARACTERS} are read.")
    top, slash, bottom = text.partition("/")
    if not slash:
        return _short_enough(_decimal(top, what), what)
    denominator = _decimal(bottom.strip(), what)
    if denominator == 0:
        raise InputError(f"{what} {shown(text)} divides by zero; type a fraction such as 1/5.")
    return _short_enough(_decimal(top.strip(), what) / denominator, what)


def rational_text(value: Fraction) -> str:
    """Returns the canonical text of a rational, ``1/5`` or ``3``; `rational` reads it back."""
    return str(value)


def integer(value: object, what: str, least: int, most: int) -> int:
    """Returns a whole number in [least, most]; raises InputError naming the range otherwise.

    >>> integer("16", "dim", 1, 4096)
    16
    """
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?[0-9]{1,19}", text) or not least <= int(text) <= most:
        raise InputError(f"{what} {shown(text)} is not a whole number from {least} to {most}.")
    return int(text)


def square_root(value: Fraction) -> Fraction | None:
    """Returns the rational square root of a rational >= 0, or None where it is irrational.

    >>> square_root(Fraction(9, 4)), square_root(Fraction(2))
    (Fraction(3, 2), None)
    """
    top, bottom = isqrt(value.numerator), isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom)
    return None
