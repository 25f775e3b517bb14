"""What to type so that every mode decays."""

from __future__ import annotations

from fractions import Fraction
from math import floor, inf, log10

from wgflow.fourier.enclose import Undecidable
from wgflow.record import replace
from wgflow.stability.answer import Feasible, rounded
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
    except Undecidable:
        return None
    eps = None if again.empty else feasible_value(again)
    return None if eps is None else f"--stabilizer '{other}' --eps {eps}"


def feasible_value(found: Feasible) -> str | None:
    """Returns a short decimal that lies inside the feasible interval, next to its lower end where there is one."""
    lower = rounded(found.lower.low, found.lower.high)[1] if found.lower else -inf
    upper = rounded(found.upper.low, found.upper.high)[0] if found.upper else inf
    if found.lower is not None and found.lower.attained and found.lower.low == found.lower.high == 0:
        return "0"
    if lower == -inf:
        return "0" if upper > 0 else (_short(upper, -1) if upper > -inf else None)
    for digits in (2, 3, 4, 6, 9, 12):
        text = _short(lower, 1, digits)
        if lower < float(Fraction(text)) < upper:
            return text
    return None


def _short(value: float, direction: int, digits: int = 2) -> str:
    """Returns the next decimal of few digits beyond ``value`` in a direction."""
    if value == 0:
        return "0.01" if direction > 0 else "-0.01"
    exponent = floor(log10(abs(value))) - digits + 1
    unit = Fraction(10) ** exponent
    steps = floor(Fraction(value) / unit) + 1 if direction > 0 else -(floor(-Fraction(value) / unit) + 1)
    result = steps * unit
    return f"{float(result):.{digits}g}" if abs(exponent) > 12 else str(_decimal(result, max(0, -exponent)))


def _decimal(value: Fraction, places: int) -> str:
    return f"{float(value):.{places}f}"
