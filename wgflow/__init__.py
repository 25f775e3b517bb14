"""wgflow: which Fourier modes of a kernel GAN grow, and proofs that a stabilizing term makes them decay.

    import wgflow as wg
    k = wg.kernel("rbf(1)")
    wg.certify(k, stabilizer="elastic", eps="0.7", dim=2)

Public names are bound on first use; importing wgflow does no work.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "kernel": "wgflow.kernels.text:parse",
    "Kernel": "wgflow.kernels.kernel:Kernel",
    "certify": "wgflow.stability.certify:certify",
    "Certificate": "wgflow.stability.certificate:Certificate",
    "Verdict": "wgflow.stability.answer:Verdict",
    "default_stabilizer": "wgflow.stability.stabilizer:default_stabilizer",
    "verify": "wgflow.stability.check:verify",
    "Refused": "wgflow.stability.check:Refused",
    "transform": "wgflow.fourier.values:transform",
    "derive": "wgflow.fourier.symbolic:derive",
    "Derived": "wgflow.fourier.symbolic:Derived",
    "transformed": "wgflow.fourier.transformed:transformed",
    "Transformed": "wgflow.fourier.transformed:Transformed",
    "hankel": "wgflow.fourier.hankel:hankel",
    "Table": "wgflow.fourier.sampled:Table",
    "read_table": "wgflow.fourier.table_file:read_table",
    "design": "wgflow.stability.design:design",
    "Design": "wgflow.stability.design:Design",
    "spectrum": "wgflow.stability.rates:spectrum",
    "Spectrum": "wgflow.stability.rates:Spectrum",
    "simulate_density": "wgflow.dynamics.density.density_run:simulate_density",
    "resume_density": "wgflow.dynamics.density.density_run:resume_density",
    "load_density": "wgflow.dynamics.density.density_run:load_density",
    "DensityRun": "wgflow.dynamics.density.density_run:DensityRun",
    "ladder": "wgflow.gan.ladder:ladder",
    "simulate_particles": "wgflow.dynamics.particles.particle_run:simulate_particles",
    "resume_particles": "wgflow.dynamics.particles.particle_run:resume_particles",
    "load_particles": "wgflow.dynamics.particles.particle_run:load_particles",
    "ParticleRun": "wgflow.dynamics.particles.particle_run:ParticleRun",
    "modes": "wgflow.dynamics.states.modes_of_state:modes",
    "StateModes": "wgflow.dynamics.states.state_modes:StateModes",
    "learning_rate": "wgflow.stability.updates:learning_rate",
    "LearningRate": "wgflow.stability.updates:LearningRate",
    "train": "wgflow.gan.train:train",
    "TrainingRun": "wgflow.gan.training.training_run:TrainingRun",
    "ParticleDistance": "wgflow.gan.distances.particle_distance:ParticleDistance",
    "PeriodicDistance": "wgflow.gan.distances.periodic_distance:PeriodicDistance",
    "SpectrumProbe": "wgflow.gan.probing.probe:SpectrumProbe",
    "run_study": "wgflow.gan.study.study:run_study",
    "InputError": "wgflow.arithmetic.number:InputError",
}

__all__ = sorted(["__version__", *_HOME])  # noqa: PLE0605


def __getattr__(name: str) -> object:
    if name in ("testing", "plots"):
        return import_module(f"wgflow.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'wgflow' has no attribute {name!r}")
    module, _, attribute = _HOME[name].partition(":")
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "testing"]
