"""The order of quantiles: what is merged where a flow would make them pass through each other."""

from __future__ import annotations

import numpy as np

from wgflow.dynamics.flow import Flow
from wgflow.dynamics.integrators import AfterSteps, Integrator, Memory
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record


def ordered(x: Floats) -> Floats:
    """Returns the nondecreasing values nearest to x in the mean square; the shape of x, (N,) or (N, 1).

    Values that are out of order get the mean of their block, so that the centre of mass stays, and the masses do (each value
    stands for 1/N). Isotonic regression by pooling adjacent violators, O(N) (Ayer et al. 1955). For quantiles it is the
    projection onto the laws on the line: sticky particles (Natile and Savare 2009, SIAM J. Math. Anal. 41). It is a contraction
    in every L^p, so that errors do not grow by it.

    >>> ordered(np.array([0.0, 3.0, 1.0, 5.0])).tolist()
    [0.0, 2.0, 2.0, 5.0]
    """
    flat = np.ravel(x)
    if not (np.diff(flat) < 0).any():  # also where a value is not finite: the time loop sees those
        return x
    from scipy.optimize import isotonic_regression  # late: scipy

    return np.asarray(isotonic_regression(flat).x.reshape(x.shape))


def group_levels(x: Floats) -> Floats:
    """Returns for each of N ordered positions the mean level of all that are at the same place; (N,).

    >>> group_levels(np.array([0.0, 1.0, 1.0, 2.0])).tolist()
    [0.125, 0.5, 0.5, 0.875]
    """
    first = np.flatnonzero(np.concatenate([[True], np.diff(x) != 0]))
    after = np.append(first[1:], x.size)
    return np.asarray(np.repeat((first + after) / (2 * x.size), after - first))


@record
class Ordered(AfterSteps):
    """Another integrator's step, after which quantiles that passed each other are merged; see `ordered`.

    For q = 0 and a kernel -c r that attracts, Euler's step becomes exact for every dt (Natile and Savare 2009, theorem 2.6).
    """

    inner: Integrator

    def step(self, flow: Flow, t: float, dt: float, state: Floats, memory: Memory) -> tuple[Floats, Memory, float | None]:
        new, kept, error = self.inner.step(flow, t, dt, state, memory)
        merged = ordered(new)
        return merged, kept if merged is new else {k: v for k, v in kept.items() if k != "slope"}, error

    def describe(self) -> str:
        return f"{self.inner.describe()}; order kept by merging"
