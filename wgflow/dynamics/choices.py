"""Choices of a run, read from text or numbers: exact, within bounds, from a list."""

from __future__ import annotations

from fractions import Fraction

from wgflow.arithmetic.number import InputError, rational, rational_text, shown
from wgflow.kernels.kernel import ZERO, Kernel
from wgflow.kernels.text import parse
from wgflow.stability.claim import make_claim
from wgflow.stability.stabilizer import default_stabilizer


def stabilizer_of(kernel: object, stabilizer: object, eps: object, dim: object) -> tuple[Kernel, Fraction]:
    """Returns s and eps; without a stabilizer the default one where eps is not 0."""
    strength = rational(eps, "eps")
    if stabilizer is not None:
        if strength == 0:
            raise InputError("a stabilizer needs its strength; type --eps 1, say, with --stabilizer.")
        return parse(stabilizer), strength
    if strength == 0:
        return ZERO, strength
    return default_stabilizer(parse(kernel), make_claim(kernel, ZERO, 0, dim).dim), strength


def bounded(value: object, what: str, least: int | None = None, above: int | None = None, most: int | None = None) -> str:
    """Returns the exact text of a number; raises InputError outside the bounds, and beyond 1e-300 ... 1e300.

    >>> bounded("0.2", "step", above=0)
    '1/5'
    """
    number = rational(value, what)
    if (least is not None and number < least) or (above is not None and number <= above) or (most is not None and number > most):
        low = f"at least {least}" if above is None else f"greater than {above}"
        high = "" if most is None else f" and at most {most}"
        raise InputError(f"{what} {shown(value)} must be {low}{high}.")
    if number and not 1e-300 < abs(float(number)) < 1e300:
        raise InputError(f"{what} {shown(value)} is outside 1e-300 ... 1e300.")
    return rational_text(number)


def one_of(value: object, known: tuple[str, ...], what: str) -> str:
    """Returns one of the known words; raises InputError for another."""
    if value not in known:
        raise InputError(f"{what} {shown(value)} is not known; type one of {', '.join(known)}.")
    return str(value)
