"""The flow of weighted particles, in the role of the generator or the discriminator."""

from __future__ import annotations

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.conventions import HALF_IN_ENERGY, Role
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.sums.sum_method import Floats, SumMethod
from wgflow.record import record

MAX_AXES = 2  # a state is (particles, axes)


@record
class ParticleFlow(Flow):
    """Weighted particles p = sum_i w_i delta(x_i) against a target q = sum_j v_j delta(y_j), driven by one kernel e.

        x_i' = +role grad (e * (p - q))(x_i)
        y_j' = -role grad (e * (p - q))(y_j)    if q moves

    (Chen, Wu and Xiang 2023, sections 3 and 4; for a discriminator e is the stabilized kernel.) Both directions are those
    in which the energy E changes as the role wants: x_i' = role (1/w_i) dE/dx_i, y_j' = role (1/v_j) dE/dy_j.

    The state is (P, n): the N particles of p and, where q rides in the state, the M particles of q after them. Without
    particles of q (an empty target, or on a torus a uniform one, which exerts no force) p interacts with itself alone.
    Make one with `particle_flow`, which checks the data.
    """

    sums: SumMethod
    role: Role
    weights: Floats  # (N,), positive
    target_weights: Floats  # (M,), positive; (0,) for no target
    target: Floats | None  # (M, n), fixed; None where q is empty or rides in the state
    target_moves: bool

    random = False

    @property
    def rows(self) -> int:
        """The number of particles in the state."""
        return self.weights.size + (self.target_weights.size if self.target is None else 0)

    def sources(self, state: Floats) -> tuple[Floats, Floats]:
        """Returns (positions (S, n), signed weights (S,)) of p - q."""
        if state.ndim != MAX_AXES or state.shape[0] != self.rows:
            raise InputError(f"the state has shape {state.shape}; this flow needs ({self.rows}, n).")
        positions = state if self.target is None else np.concatenate([state, self.target])
        return positions, np.concatenate([self.weights, -self.target_weights])

    def force(self, state: Floats, points: Floats) -> Floats:
        """Returns role * grad(e * (p - q)) at ``points`` (P', n), with p and q as in ``state``; (P', n)."""
        return self.role.value * self.sums.gradient(points, *self.sources(state))

    def rhs(self, t: float, state: Floats) -> Floats:
        return self.velocity(state, state)

    def velocity(self, state: Floats, points: Floats) -> Floats:
        """Returns the velocities of all rows, with the kernel's gradient taken at ``points`` instead of the state; (P, n)."""
        n_p = self.weights.size
        if self.target_moves:
            out = self.force(state, points)
            np.negative(out[n_p:], out=out[n_p:])
            return out
        out = np.zeros_like(state)
        out[:n_p] = self.force(state, points[:n_p])
        return out

    def energy(self, state: Floats) -> float:
        """Returns E = 1/2 D_e[p, q], self terms excluded where e is singular (see `SumMethod`)."""
        positions, signed = self.sources(state)
        return float(HALF_IN_ENERGY) * float((signed * self.sums.potential(positions, positions, signed)).sum())

    def drawn(self, step: int, t: float, state: Floats) -> Flow:
        return self


def particle_flow(
    sums: SumMethod,
    role: Role,
    particles: object,
    target: object = None,
    *,
    weights: object = None,
    target_weights: object = None,
    target_moves: bool = False,
    target_in_state: bool = False,
) -> tuple[ParticleFlow, Floats]:
    """Returns (flow, the state to start from) for particles (N, n) and a target (M, n), a sequence or None.

    Arrays (N,) are read as (N, 1). Weights default to 1/N and 1/M; any positive total is allowed. ``target_moves``: q
    moves too, with the opposite sign. ``target_in_state``: q rides in the state though this flow leaves it at rest, so that
    the flow can alternate with one that moves it. Raises InputError for shapes that do not fit, values that are not
    finite, weights that are not positive, and no particles.

    >>> import numpy as np
    >>> class Parabola(SumMethod):  # e(x) = |x|^2 / 2
    ...     def gradient(self, points, sources, weights):
    ...         return points * weights.sum() - weights @ sources
    ...     def potential(self, points, sources, weights):
    ...         return ((points[:, None] - sources) ** 2).sum(axis=2) @ weights / 2
    ...     def describe(self):
    ...         return "exact, by moments"
    >>> flow, start = particle_flow(Parabola(), Role.DISCRIMINATOR, [0.0, 2.0], [5.0, 7.0])
    >>> flow.rhs(0.0, start).T  # all move toward larger distance: e * (p - q) has the slope (mean of q) - (mean of p)
    array([[5., 5.]])
    """
    x = _positions(particles, "particles")
    y = None if target is None else _positions(target, "target")
    if y is not None and y.shape[1] != x.shape[1]:
        raise InputError(f"particles have {x.shape[1]} coordinates, the target {y.shape[1]}; give both the same dimension.")
    if y is not None and not y.size:
        y = None
    w = _weights(weights, x.shape[0], "weights")
    v = _weights(target_weights, 0 if y is None else y.shape[0], "target weights")
    if not w.size:
        raise InputError("there are no particles; give at least one row of positions.")
    if target_moves and y is None:
        raise InputError("a target that moves needs particles; give a target, or let p alone move.")
    if y is not None and (target_moves or target_in_state):
        return ParticleFlow(sums, role, w, v, None, target_moves), np.concatenate([x, y])
    return ParticleFlow(sums, role, w, v, y, False), x


def _positions(values: object, what: str) -> Floats:
    array = np.array(values, dtype=np.float64)  # a copy: the caller's array may change
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != MAX_AXES or (array.size and not array.shape[1]):
        raise InputError(f"{what} have shape {array.shape}; give rows of coordinates, shape (count, dimension).")
    if not np.isfinite(array).all():
        raise InputError(f"{what} contain NaN or infinity; give finite coordinates.")
    return array


def _weights(values: object, count: int, what: str) -> Floats:
    if values is None:
        return np.full(count, 1 / count if count else 0.0)
    array = np.array(values, dtype=np.float64)
    if array.shape != (count,):
        raise InputError(f"{what} have shape {array.shape} for {count} positions; give one weight each.")
    if not (np.isfinite(array).all() and (array > 0).all()):
        raise InputError(f"{what} must be positive and finite; drop the particles of weight 0.")
    return array
