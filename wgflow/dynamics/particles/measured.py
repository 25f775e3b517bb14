"""What is measured of particles while they move: modes of p - q, energy, and distances to the target."""

from __future__ import annotations

from wgflow.conventions import HALF_IN_ENERGY
from wgflow.dynamics.modes import torus_modes
from wgflow.dynamics.particles.distance import KernelDistance, sliced_wasserstein_2, wasserstein_1
from wgflow.dynamics.particles.particle_experiment import Experiment
from wgflow.dynamics.sums.sum_method import Floats

DIRECTIONS = 64  # of the sliced distance


def split(experiment: Experiment, state: Floats) -> tuple[Floats, Floats | None]:
    """Returns the positions of p and of q in a state; None where q has no particles."""
    count = len(experiment.ensemble.particles)
    if experiment.driving.target is not None:
        return state, experiment.driving.target
    return state[:count], state[count:] if len(state) > count else None


def mode_values(experiment: Experiment, state: Floats) -> dict[str, Floats]:
    """Returns the Fourier modes of p - q at the followed wavevectors."""
    length = experiment.settings.length
    if not experiment.modes or length is None:
        return {}
    x, y = split(experiment, state)
    value = torus_modes(x, experiment.modes, length, experiment.driving.weights)
    if y is not None:
        value = value - torus_modes(y, experiment.modes, length, experiment.driving.target_weights)
    return {"mode_real": value.real, "mode_imag": value.imag}


def frame_values(experiment: Experiment, state: Floats) -> dict[str, Floats | float]:
    """Returns positions, energy and distances."""
    x, y = split(experiment, state)
    out: dict[str, Floats | float] = {"position": x, "energy": experiment.driving.energy(state)}
    if experiment.driving.target is None and y is not None:
        out["target_position"] = y
    if y is not None or experiment.settings.period is not None:  # on a torus without particles q is uniform
        plain = out["energy"] if experiment.plain is experiment.driving else experiment.plain.energy(state)
        out["mmd"] = KernelDistance(float(plain) / float(HALF_IN_ENERGY), "V").mmd
    if y is not None and len(y) and experiment.settings.period is None:
        out["wasserstein"] = _wasserstein(experiment, x, y)
    return out


def _wasserstein(experiment: Experiment, x: Floats, y: Floats) -> float:
    w, v = experiment.driving.weights, experiment.driving.target_weights
    if experiment.settings.dim == 1:
        return wasserstein_1(x, y, w, v)
    return sliced_wasserstein_2(x, y, DIRECTIONS, experiment.settings.seed, w, v).value
