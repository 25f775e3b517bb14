"""What to type so that every mode decays."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from flint import arb

from wgflow.arithmetic import ball
from wgflow.fourier.asymptotics import Undecidable
from wgflow.record import replace
from wgflow.stability.answer import Feasible
from wgflow.stability.claim import Claim
from wgflow.stability.feasible import feasible
from wgflow.stability.stabilizer import default_stabilizer


def suggestion(claim: Claim, found: Feasible | None) -> str | None:
    """Returns the options to change so that every mode decays, or None where none are known.

    claim: one that does not hold.  found: its interval of feasible eps.
    """
    if found is None:
        return None
    if found.empty is None:
        eps = feasible_value(found)
        return None if eps is None else f"--eps {eps}"
    other = default_stabilizer(claim.kernel, claim.dim)
    if other == claim.stabilizer:
        return None
    try:
        again = feasible(*replace(claim, stabilizer=other).sides, claim.domain, claim.dim)
    except (Undecidable, OverflowError):
        return None
    eps = None if again.empty else feasible_value(again)
    return None if eps is None else f"--stabilizer '{other}' --eps {eps}"


def feasible_value(found: Feasible) -> str | None:
    """Returns a short decimal that lies inside the feasible interval, next to its lower end where there is one.

    None where the interval lies beyond what can be typed, or is too narrow.
    """
    lower = _fraction(found.lower.high) if found.lower else None
    upper = _fraction(found.upper.low) if found.upper else None
    if found.lower is not None and found.lower.attained and lower == _fraction(found.lower.low) == 0:
        return "0"
    if (found.lower is not None and lower is None) or (found.upper is not None and upper is None):
        return None
    if lower is None:
        return "0" if upper is None or upper > 0 else beyond(upper, -1, 2)
    for digits in (2, 3, 4, 6, 9, 12):
        text = beyond(lower, 1, digits)
        if lower < Fraction(text) and (upper is None or Fraction(text) < upper):
            return text
    return None


def _fraction(point: arb) -> Fraction | None:
    """Returns an exact point as a Fraction, None outside the range of numbers that can be typed."""
    size = abs(point)
    if not point.is_zero() and not (ball.dyadic(1, -3200) < size < ball.dyadic(1, 3200)):
        return None
    return ball.point_fraction(point)


def beyond(value: Fraction, direction: int, digits: int) -> str:
    """Returns the next decimal of few digits beyond ``value``, upwards (1) or downwards (-1).

    >>> beyond(Fraction(606531, 10**6), 1, 2), beyond(Fraction(10)**400, 1, 2), beyond(Fraction(0), -1, 2)
    ('0.61', '1.1E+400', '-0.01')
    """
    if value == 0:
        return "0.01" if direction > 0 else "-0.01"
    exponent = len(str(abs(value.numerator))) - len(str(value.denominator)) - digits
    while abs(value) >= Fraction(10) ** (exponent + digits):
        exponent += 1
    unit = Fraction(10) ** exponent
    steps = floor(value / unit) + 1 if direction > 0 else ceil(value / unit) - 1
    if -12 <= exponent <= 3:
        return f"{Decimal(steps).scaleb(exponent):f}"
    return str(Decimal(steps).scaleb(exponent))
