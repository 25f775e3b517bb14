"""The particles that a run starts with: drawn, read from files, quiet on a torus, or those of an earlier run."""

from __future__ import annotations

from pathlib import Path

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.modes import parse_modes
from wgflow.dynamics.particles.initial import sample
from wgflow.dynamics.particles.particle_experiment import Ensemble
from wgflow.dynamics.particles.particle_file import ENDINGS, read_particles
from wgflow.dynamics.particles.particle_settings import ParticleSettings
from wgflow.dynamics.particles.quiet import Wave, quiet_start
from wgflow.dynamics.sums.sum_method import Floats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xarray import Dataset

_Weighted = tuple[Floats, Floats | None]


def sampled_ensemble(settings: ParticleSettings) -> Ensemble:
    """Returns the ensemble that the settings spell. Raises InputError, OSError (a file that cannot be read)."""
    particles = _particles(settings, settings.start, settings.count, "start")
    return Ensemble(*(_quiet(settings) if particles is None else particles), *(_target(settings) or (None, None)))


def ensemble_of(data: Dataset) -> Ensemble:
    """Returns the ensemble that a run file holds."""
    name = "target_position" if "target_position" in data else "target"
    target = None if name not in data else data[name].values
    first = target[0] if target is not None and target.ndim == 3 else target
    weights = [data[name].values if name in data else None for name in ("weight", "target_weight")]
    return Ensemble(data["position"].values[0], weights[0], first, weights[1])


def _target(settings: ParticleSettings) -> _Weighted | None:
    if settings.modes is not None and settings.target not in (None, "uniform"):
        raise InputError("modes disturb the uniform state, whose target is uniform; leave out --target or --modes.")
    text = None if settings.target == "uniform" and settings.period is not None else settings.target
    found = _particles(settings, text, settings.target_count, "target")
    if found is None and settings.moves == "both":
        if settings.period is None:
            raise InputError("both densities move, but there is no target; type --target eight-gaussians, say.")
        return quiet_start(settings.target_count, _length(settings), (), settings.dim, between=True), None
    return found


def _particles(settings: ParticleSettings, text: str | None, count: int, purpose: str) -> _Weighted | None:
    """Returns positions and weights that text spells; None for none, where the torus has its uniform state."""
    if text is None and purpose == "start" and settings.period is None:
        text = "gaussian"
    if text is None:
        return None
    if Path(text).suffix.lower() in ENDINGS:
        points, weights = read_particles(text, settings.dim)
        return points, None if weights is None else weights / weights.sum()
    return sample(text, count, settings.dim, settings.seed, purpose), None


def _quiet(settings: ParticleSettings) -> _Weighted:
    modes = parse_modes(settings.modes, settings.dim) if settings.modes is not None else ()
    waves = tuple(Wave(mode, settings.number("amplitude")) for mode in modes)
    return quiet_start(settings.count, _length(settings), waves, settings.dim), None


def _length(settings: ParticleSettings) -> float:
    assert settings.length is not None
    return settings.length
