"""What is known of the modes about a state: rates, agreement, verdict."""

from __future__ import annotations

import numpy as np

from wgflow.conventions import both_moving, growth_rate
from wgflow.dynamics.states.essential import COMPACT, UNBOUNDED, Toward
from wgflow.dynamics.states.rest import Residual
from wgflow.dynamics.states.state_text import Floats
from wgflow.record import record
from wgflow.stability.answer import Verdict
from wgflow.stability.claim import Claim

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xarray import Dataset


@record
class StateModes:
    """Modes of the flow linearized about a state p0: numeric, found at two resolutions.

    rate: (K,) growth rates in 1/time, fastest growing first, all real.  digits: (K,) decimal digits in which two resolutions
    agree; NaN for samples, which are exact up to rounding.  left_out: how many eigenvalues at the ends of the spectrum did
    not agree.  mode: (K, points...) density of each mode, max |v| = 1; (K, N, n) displacements for samples.
    density: (points...), the state at ``points`` (points..., n); the weights (N,) for samples.
    mass: of p0.  extremes: (min, max) of p0 on a fine grid.  trace: sum of all rates at the finest resolution.
    trace_exact: role * mass * (-Laplacian e(0)), None where that is infinite.  toward: k^2 F(e - eps s)(k) as k -> infinity.
    residual: of the equilibrium; None where q = p0.  resolutions: unknowns of the two.
    proved: the verdict of `wgflow.certify` about constant states on the same torus or space.
    """

    claim: Claim
    state: str
    target: str | None
    moves: str
    rate: Floats
    digits: Floats
    left_out: int
    mode: Floats
    points: Floats
    density: Floats
    mass: float
    extremes: tuple[float, float]
    trace: float
    trace_exact: float | None
    toward: Toward
    residual: Residual | None
    resolutions: tuple[int, int]
    proved: Verdict
    sampled: bool = False

    @property
    def band(self) -> tuple[float, float] | None:
        """(low, high): the continuous part of the rates, None where there is none; infinite where they have no bound."""
        if self.sampled or self.toward.kind == COMPACT:
            return None
        c = float(growth_rate(self.claim.role, 1, self.toward.limit))
        if self.moves == "both":
            c = float(both_moving(c))
        if self.toward.kind == UNBOUNDED and c == 0:
            return -np.inf, np.inf
        if self.toward.kind == UNBOUNDED:
            return (0.0, np.inf) if c > 0 else (-np.inf, 0.0)
        low, high = sorted((c * self.extremes[0], c * self.extremes[1]))
        return low, high

    @property
    def verdict(self) -> Verdict:
        """DECAYS, GROWS or UNDECIDED about this state: numeric, not proved, but where `proved` already is DECAYS."""
        if self.residual is not None and not self.residual.at_rest:
            return Verdict.UNDECIDED
        if self.proved is Verdict.DECAYS:
            return Verdict.DECAYS
        grows = bool(np.any(self.rate > 0)) or (self.band is not None and self.band[1] > 0)
        return Verdict.GROWS if grows else Verdict.UNDECIDED

    def to_json(self) -> dict[str, object]:
        """Returns plain data in the schema wgflow.modes/1, without the modes' shapes."""
        from wgflow.dynamics.states.state_modes_words import modes_json

        return modes_json(self)

    def to_dataset(self) -> Dataset:
        """Returns an xarray.Dataset over mode and place (x, y, z, or sample), with units, one sentence a variable."""
        from wgflow.dynamics.states.state_modes_words import modes_dataset

        return modes_dataset(self)

    def plot(self, axes: object = None) -> object:
        """Draws the state and its leading modes; returns the first Matplotlib axes."""
        from wgflow.dynamics.states.state_modes_drawing import plot_modes

        return plot_modes(self.to_dataset(), axes)

    def summary(self) -> str:
        from wgflow.dynamics.states.state_modes_words import summary_lines

        return "\n".join(summary_lines(self))

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        from wgflow.dynamics.states.state_modes_words import modes_html

        return modes_html(self)
