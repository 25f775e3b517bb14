"""What is fixed during a particle run, as labelled arrays and text: the target, the modes, where everything came from."""

from __future__ import annotations

import json

import numpy as np

from wgflow.dynamics.modes import wavevectors
from wgflow.dynamics.particles.particle_experiment import Experiment
from wgflow.dynamics.sums.precise import is_singular
from wgflow.run import Array

SCHEMA = "wgflow.particles/1"


def fixed_arrays(experiment: Experiment) -> dict[str, Array]:
    """Returns the arrays that do not change with time."""
    ensemble = experiment.ensemble
    out: dict[str, Array] = {}
    if experiment.driving.target is not None:
        out["target"] = (("target_particle", "axis"), experiment.driving.target, "length", "positions of the particles of q")
    if ensemble.weights is not None:
        out["weight"] = (("particle",), ensemble.weights, "mass", "weights of the particles of p")
    if ensemble.target_weights is not None:
        out["target_weight"] = (("target_particle",), ensemble.target_weights, "mass", "weights of the particles of q")
    length = experiment.settings.length
    if experiment.modes and length is not None:
        xi = wavevectors(experiment.modes, length)
        out["mode_vector"] = (("mode", "axis"), np.array(experiment.modes), "1", "integer vector m of the mode, 2 pi m / period")
        out["wavenumber"] = (("mode",), np.sqrt((xi**2).sum(axis=1)), "1/length", "wavenumber of the mode")
        if experiment.rates is not None:
            out["predicted_rate"] = (("mode",), experiment.rates, "1/time", "predicted growth rate of the mode of p - q")
    return out


def provenance(experiment: Experiment) -> dict[str, str | float]:
    """Returns what the run was made with."""
    settings = experiment.settings
    out: dict[str, str | float] = {
        "schema": SCHEMA,
        "title": "Particles that follow the gradient flow of a kernel",
        "settings": settings.text,
        "sums": experiment.driving_sums.text,
        "sums_of_plain_kernel": experiment.plain_sums.text,
        "integrator": experiment.integrator.describe(),
        "regularization": regularization(experiment),
        "versions": json.dumps(versions()),
    }
    if settings.length is not None:
        out["period_length"] = settings.length
    if experiment.step is not None:
        out["step"] = experiment.step
    return out


def regularization(experiment: Experiment) -> str:
    """Returns what is done about the kernel's values at r = 0 and near it, in words."""
    settings = experiment.settings
    h = settings.softening
    if h != "0" and settings.period is not None:
        return f"smoothed: the transform is multiplied by exp(-({h})^2 k^2/2)"
    if h != "0":
        return f"softened: r^2 + ({h})^2 in place of r^2"
    if is_singular(settings.moving_kernel, settings.dim) or is_singular(settings.claim.kernel, settings.dim):
        return "coincident pairs are left out"
    bounded = "none is needed: the force is bounded, and 0 between coincident particles"
    alone = len(experiment.ensemble.particles) > 1 and not np.ptp(experiment.ensemble.particles, axis=0).any()
    return f"{bounded}; all particles start at one point, and stay together" if alone else bounded


def versions() -> dict[str, str]:
    """Returns the versions of what computes the run."""
    from importlib.metadata import PackageNotFoundError, version

    import wgflow

    out = {"wgflow": wgflow.__version__}
    for name in ("numpy", "numba", "finufft"):
        try:
            out[name] = version(name)
        except PackageNotFoundError:
            continue
    return out
