"""Noise injection: the force is taken at randomly displaced particles."""

from __future__ import annotations

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.particles.particle_flow import ParticleFlow
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record, replace

WORD = 2**64  # a Philox key has two words: the seed and the step


@record
class NoiseLevel:
    """The level beta(t) = start (1 + decay t)^(-power), a length.

    Convergence asks for an infinite sum of beta^2, so power <= 1/2 (Arbel, Korba, Salim and Gretton 2019, section 4).

    >>> NoiseLevel(2.0, decay=1.5)(2.0)
    1.0
    """

    start: float
    decay: float = 0.0
    power: float = 0.5

    def __call__(self, t: float) -> float:
        return float(self.start * (1 + self.decay * t) ** -self.power)


@record
class NoiseInjection(Flow):
    """The particle flow with v(x + beta(t) u) in place of v(x), u standard normal, drawn anew at each step.

    p and q themselves are not displaced: they are the measures in e * (p - q) (Arbel, Korba, Salim and Gretton 2019,
    section 4). Rows at rest stay at rest. The normals depend on (seed, step) alone, so that a run that is continued from
    any step sees the same ones; the level is that of the step's beginning. Make one with `with_noise`.
    """

    flow: ParticleFlow
    level: NoiseLevel
    seed: int
    shift: Floats | None = None  # beta(t) u of the step under way

    random = True

    def rhs(self, t: float, state: Floats) -> Floats:
        points = state if self.shift is None else state + self.shift
        return self.flow.velocity(state, points)

    def drawn(self, step: int, t: float, state: Floats) -> Flow:
        return replace(self, shift=self.level(t) * normals(self.seed, step, state.shape))


def with_noise(flow: ParticleFlow, level: NoiseLevel, seed: int) -> NoiseInjection:
    """Returns ``flow`` with noise injection. Raises InputError for a seed outside 0 ... 2^64 - 1 or a negative level."""
    if not 0 <= seed < WORD:
        raise InputError(f"seed {seed} is out of range; type a whole number from 0 to {WORD - 1}.")
    if not (0 <= level.start < np.inf and 0 <= level.decay < np.inf and np.isfinite(level.power)):
        raise InputError(f"noise level {level.start:g} (decay {level.decay:g}) is negative or infinite; type one such as 0.1.")
    return NoiseInjection(flow, level, seed)


def normals(seed: int, step: int, shape: tuple[int, ...]) -> Floats:
    """Returns the standard normals of one step: Philox keyed by (seed, step) (Salmon, Moraes, Dror and Shaw 2011).

    >>> bool((normals(1, 7, (3, 2)) == normals(1, 7, (3, 2))).all()), bool((normals(1, 8, (3, 2)) == normals(1, 7, (3, 2))).any())
    (True, False)
    """
    key = np.array([seed, step], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key)).standard_normal(shape)
