"""The largest sensible step of an explicit method, from the rates of the linearized flow."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, isfinite, log

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.tableau import Tableau
from wgflow.record import record

HALVINGS = 60
MARCH = 1 / 64


@record
class StepLimit:
    """The largest step that is stable for the decaying modes, and the largest that is accurate for the growing ones."""

    stable: float  # inf where no mode decays
    accurate: float  # inf where no mode grows

    @property
    def dt(self) -> float:
        return min(self.stable, self.accurate)


def step_limit(tableau: Tableau, rates: Iterable[float], growth_error: float = 1e-3) -> StepLimit:
    """Returns the limits on dt for modes v' = rate v.

    rates: 1/time, any signs; the extreme ones decide.  growth_error: the permitted relative error of the measured rate
    log R(rate dt) / dt of the fastest growing mode, R the stability polynomial. Raises InputError for rates that are not finite.

    >>> from wgflow.dynamics.tableau import EULER, RK4
    >>> limit = step_limit(EULER, [-4.0, 0.1], growth_error=0.01)
    >>> limit.stable, round(limit.accurate, 3)  # log(1 + z) = 0.99 z at z = 0.0203
    (0.5, 0.203)
    >>> step_limit(RK4, [])
    StepLimit(stable=inf, accurate=inf)
    """
    if not 0 < growth_error < 1:
        raise InputError(f"the permitted error {growth_error:g} of a growth rate is not between 0 and 1; type 0.001, say.")
    values = [float(rate) for rate in rates]
    if not all(map(isfinite, values)):
        raise InputError("a rate is infinite or not a number, and there is no step for it; leave those modes out.")
    lowest, highest = min(values, default=0.0), max(values, default=0.0)
    return StepLimit(
        tableau.decay_interval / -lowest if lowest < 0 else inf,
        _accurate(tableau, growth_error) / highest if highest > 0 else inf,
    )


def _accurate(tableau: Tableau, error: float) -> float:
    """Returns the first z > 0 where log R(z) leaves (1 +- error) z."""
    low = high = 0.0
    while _kept(tableau, high, error):
        low, high = high, high + MARCH
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _kept(tableau, middle, error) else (low, middle)
    return low


def _kept(tableau: Tableau, z: float, error: float) -> bool:
    return abs(log(tableau.factor(z)) - z) <= error * z
