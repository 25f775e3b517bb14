"""The largest stable learning rate and the least stable eps, found by float64 scans and enclosed by two proofs each."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from wgflow.fourier.asymptotics import End, Undecidable
from wgflow.fourier.domain import Band, Period
from wgflow.record import record
from wgflow.stability.suggest import beyond
from wgflow.stability.update_bounds import Training
from wgflow.stability.update_ends import has_no_bound
from wgflow.stability.update_prove import contraction
from wgflow.stability.update_scan import crossing, eps_values, grid, rate_values

WIDTHS = (Fraction(1, 10**9), Fraction(1, 10**7), Fraction(1, 10**5), Fraction(1, 10**3))


@record
class Threshold:
    """Training is proved stable at one end of [low, high] and proved not to be at the other: it changes between them."""

    low: Fraction
    high: Fraction


def unbounded_ends(training: Training) -> list[End]:
    """Returns the ends of the domain where a growth rate of a player that trains has no bound: no learning rate is stable."""
    domain = training.discriminator.domain
    ends = [] if isinstance(domain, Band) else [End.INFINITY] if isinstance(domain, Period) else list(End)
    return [end for end in ends if has_no_bound(training, end)]


def largest_rate(training: Training) -> Threshold | None:
    """Returns the factor of both learning rates up to which training is stable: the first change that a scan shows.

    None where none is found: small rates are unstable too, or the growth rates have no bound.
    """
    if unbounded_ends(training):
        return None
    points = grid(training)
    values = rate_values(training, points)
    if not values.size:
        return None
    found = crossing(training, points, values, False, 0, False)
    if found is None or found <= values[0]:
        return None
    return _enclosed(found, training.scaled, stable_below=True)


def least_eps(training: Training) -> Threshold | None:
    """Returns the least eps >= 0 for which training is stable at the given learning rates, [0, 0] where 0 is enough.

    It is the first change that a scan from eps = 0 on shows; None where it shows none.
    """
    if unbounded_ends(training):
        return None
    points = grid(training)
    found = crossing(training, points, eps_values(training, points), True, 0, True)
    if found is None:
        return None
    if found == 0:
        return Threshold(Fraction(0), Fraction(0)) if _is_stable(training.at_eps(Fraction(0))) else None
    return _enclosed(found, training.at_eps, stable_below=False)


def _enclosed(value: float, at: Callable[[Fraction], Training], stable_below: bool) -> Threshold | None:
    for width in WIDTHS:
        ends = [Fraction(beyond(Fraction(value) * (1 + sign * width), sign, 12)) for sign in (-1, 1)]
        stable, unstable = ends if stable_below else ends[::-1]
        if _is_unstable(at(unstable)) and _is_stable(at(stable)):
            return Threshold(ends[0], ends[1])
    return None


def _is_stable(training: Training) -> bool:
    try:
        return contraction(training, first_only=True).holds
    except (Undecidable, OverflowError):
        return False


def _is_unstable(training: Training) -> bool:
    try:
        return bool(contraction(training, first_only=True).fails)
    except (Undecidable, OverflowError):
        return False
