"""The integrators by name, as a command takes them."""

from __future__ import annotations

from collections.abc import Callable

from wgflow.arithmetic.number import InputError, shown
from wgflow.dynamics.exponential import ExponentialEuler, ExponentialRosenbrock32
from wgflow.dynamics.integrators import EmbeddedRungeKutta, Integrator, RungeKutta
from wgflow.dynamics.particles.alternating import Cycle
from wgflow.dynamics.tableau import BOGACKI_SHAMPINE, DORMAND_PRINCE, EULER, HEUN, RK4
from wgflow.dynamics.tolerance import Tolerance

MAKERS: dict[str, Callable[[Tolerance], Integrator]] = {
    "euler": lambda tolerance: RungeKutta(EULER),
    "heun": lambda tolerance: RungeKutta(HEUN),
    "rk4": lambda tolerance: RungeKutta(RK4),
    "bs32": lambda tolerance: EmbeddedRungeKutta(BOGACKI_SHAMPINE, tolerance),
    "dp54": lambda tolerance: EmbeddedRungeKutta(DORMAND_PRINCE, tolerance),
    "exponential-euler": lambda tolerance: ExponentialEuler(tolerance),
    "exprb32": lambda tolerance: ExponentialRosenbrock32(tolerance),
    "cycle": lambda tolerance: Cycle(),  # for alternations alone
}


def integrator(name: str, tolerance: Tolerance | None = None) -> Integrator:
    """Returns the integrator of a name; those with fixed explicit steps have no use for the tolerance.

    Raises InputError for a name that is not in MAKERS.

    >>> integrator("dp54").order
    5
    """
    if name not in MAKERS:
        raise InputError(f"integrator {shown(name)} is not known; type one of {', '.join(MAKERS)}.")
    return MAKERS[name](tolerance or Tolerance())
