"""How the errors of a whole state become one number, and what is tolerated."""

from __future__ import annotations

import enum

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record


class Norm(enum.Enum):
    """How the errors of all entries of a state become one number."""

    MAX = "max"
    RMS = "rms"

    def of(self, values: Floats) -> float:
        """Returns the norm of an array of any shape.

        >>> Norm.MAX.of(np.array([3.0, -4.0])), Norm.RMS.of(np.array([1.0, -7.0]))
        (4.0, 5.0)
        """
        if not values.size:
            return 0.0
        return float(np.abs(values).max() if self is Norm.MAX else np.sqrt(np.mean(values * values)))


@record
class Tolerance:
    """What error one step may make: atol + rtol * (the state's spread), in the norm.

    The spread is the root mean square deviation, one length for all particles: where the origin lies changes nothing.
    """

    rtol: float = 1e-6
    atol: float = 1e-9
    norm: Norm = Norm.RMS

    def allowed(self, state: Floats) -> float:
        """Returns the permitted error in the unit of the state. Raises InputError for tolerances that are no positive numbers."""
        if not (0 <= self.rtol < np.inf and 0 <= self.atol < np.inf and self.rtol + self.atol > 0):
            raise InputError(f"tolerances {self.rtol:g} and {self.atol:g} must be positive; type --rtol 1e-6, say.")
        allowed = self.atol + self.rtol * spread(state)
        if not allowed:
            raise InputError(
                "all particles are at one point, so a relative tolerance means nothing; give an absolute one, or fixed steps: "
                "--integrator rk4."
            )
        return allowed


def spread(state: Floats) -> float:
    """Returns the root mean square deviation of a state's entries from their means over axis 0.

    >>> spread(np.array([[10.0, 0.0], [12.0, 2.0]]))
    1.0
    """
    return float(np.sqrt(np.mean((state - state.mean(axis=0)) ** 2))) if state.size else 0.0
