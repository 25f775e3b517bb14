"""A particle run ready to start: its flow, integrator, steps, first state and what is measured, made from settings."""

from __future__ import annotations

from math import inf

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role
from wgflow.dynamics.advance import step_count
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.integrate import Limits
from wgflow.dynamics.integrator_names import integrator as named
from wgflow.dynamics.integrators import Integrator, RungeKutta
from wgflow.dynamics.modes import Mode, parse_modes
from wgflow.dynamics.particles.alternating import Cycle, alternating
from wgflow.dynamics.particles.noise import NoiseLevel, with_noise
from wgflow.dynamics.particles.particle_flow import ParticleFlow, particle_flow
from wgflow.dynamics.particles.particle_settings import ParticleSettings
from wgflow.dynamics.particles.predicted import mode_squares, predicted_rates, resolved_rates
from wgflow.dynamics.step_limit import step_limit
from wgflow.dynamics.sums.choice import SumChoice, SumRequest, choose_sums
from wgflow.dynamics.sums.precise import has_bounded_slope
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.dynamics.tolerance import Tolerance
from wgflow.kernels.kernel import Kernel
from wgflow.record import record

TORUS_INTEGRATOR, SMOOTH_INTEGRATOR, ROUGH_INTEGRATOR = "rk4", "dp54", "bs32"
SMOOTH_RTOL, ROUGH_RTOL = 1e-6, 1e-3
SPACINGS = 10
GROWTH_ERROR = 1e-6  # of the rate of the fastest growing mode, from the size of the steps
LEAST_ERROR = 1e-9  # of an adaptive step, over the extent of the particles: a start at one point has no spread
STABLE_SHARE = 0.5  # of the stability limit


@record
class Ensemble:
    """Where p and q start, with their weights; no target is an empty q, or on a torus the uniform one."""

    particles: Floats
    weights: Floats | None
    target: Floats | None
    target_weights: Floats | None

    @property
    def extent(self) -> float:
        """The longest side of the bounding box of all particles."""
        both = [self.particles] if self.target is None else [self.particles, self.target]
        everything = np.concatenate(both)
        return float(np.ptp(everything, axis=0).max()) if len(everything) else 0.0


@record
class Experiment:
    """Everything that the time loop needs.

    flow, integrator, step: what is integrated, how, with which fixed step (None: adaptive).  start: (P, n), p's particles
    before those of q that ride along.  driving: the flow whose energy is recorded.  plain: the same with e alone, for the MMD.
    modes, rates: the followed modes, and their predicted rates.  driving_sums, plain_sums: how these two are summed.
    """

    settings: ParticleSettings
    flow: Flow
    integrator: Integrator
    step: float | None
    start: Floats
    ensemble: Ensemble
    driving: ParticleFlow
    plain: ParticleFlow
    modes: tuple[Mode, ...]
    rates: Floats | None
    driving_sums: SumChoice
    plain_sums: SumChoice

    @property
    def limits(self) -> Limits:
        """When the run stops early; on a torus nothing escapes."""
        settings = self.settings
        radius = settings.number("escape") * self.ensemble.extent if settings.period is None else 0.0
        return Limits(max_steps=settings.max_steps, escape_radius=radius or inf, collapse_diameter=settings.number("collapse"))


def make_experiment(settings: ParticleSettings, ensemble: Ensemble) -> Experiment:
    """Returns the experiment of these settings from this ensemble. Raises InputError where they do not fit each other."""
    e, both = settings.claim.kernel, settings.moves == "both"
    driving_sums = choose_sums(_request(settings, settings.moving_kernel, ensemble), settings.method)
    plain_sums = driving_sums
    if e != settings.moving_kernel:
        plain_sums = choose_sums(_request(settings, e, ensemble), settings.method)
    driving, start = _flow(settings, driving_sums, settings.claim.role, ensemble, both)
    plain = driving if plain_sums is driving_sums else _flow(settings, plain_sums, Role.GENERATOR, ensemble, False)[0]
    flow = _noisy(settings, driving)
    if settings.alternate is not None:
        generator, _ = _flow(settings, plain_sums, Role.GENERATOR, ensemble, False)
        flow = alternating(flow, _noisy(settings, generator), settings.alternate, settings.learning_rates)
    modes = parse_modes(settings.modes, settings.dim) if settings.modes is not None else ()
    _check_seen(settings, modes)
    rates = predicted_rates(settings, mode_squares(modes)) if modes else None
    integrator, most = _stepping(settings, modes, ensemble.extent)
    interval = settings.number("time") / settings.outputs
    step = None if most is None else interval / step_count(interval, most)
    return Experiment(settings, flow, integrator, step, start, ensemble, driving, plain, modes, rates, driving_sums, plain_sums)


def _check_seen(settings: ParticleSettings, modes: tuple[Mode, ...]) -> None:
    """Raises InputError where the particles are too few for the modes, or a force that jumps at r = 0 does not see them.

    The jumps of such a force between particles of p and of q change nothing until one passes another: a disturbance must move
    particles by several spacings. (Against the uniform density itself, which is not made of particles, any size will do.)
    """
    highest = max((abs(m[0]) for m in modes), default=0)
    if settings.dim == 1 and settings.count <= 2 * highest:
        raise InputError(f"{settings.count} particles do not resolve mode {highest}; type -N {16 * highest}, say.")
    if settings.moves != "both" or not modes or settings.softening != "0" or settings.length is None:
        return
    if has_bounded_slope(settings.moving_kernel, settings.dim):
        return
    shift = settings.number("amplitude") / (2 * np.pi * np.sqrt(mode_squares(modes).max()))  # in periods
    spacing = max(settings.count, settings.target_count) ** (-1 / settings.dim)
    if shift < SPACINGS * spacing:
        raise InputError(
            f"the force of {settings.moving_kernel} jumps at r = 0, and the modes move particles by {shift / spacing:.1g} of "
            f"their spacing only; type a larger --amplitude (say 0.01) and -N (say 200000), so that it is {SPACINGS} or more."
        )


def _request(settings: ParticleSettings, kernel: Kernel, ensemble: Ensemble) -> SumRequest:
    count = len(ensemble.particles)
    return SumRequest(
        kernel,
        settings.dim,
        settings.length,
        count,
        count + (0 if ensemble.target is None else len(ensemble.target)),
        ensemble.extent,
        settings.number("accuracy"),
        settings.number("softening"),
        settings.exclude_self,
        settings.single,
        settings.slices,
        settings.seed,
    )


def _flow(settings: ParticleSettings, sums: SumChoice, role: Role, ensemble: Ensemble, both: bool) -> tuple[ParticleFlow, Floats]:
    return particle_flow(
        sums.method,
        role,
        ensemble.particles,
        ensemble.target,
        weights=ensemble.weights,
        target_weights=ensemble.target_weights,
        target_moves=both,
        target_in_state=settings.moves == "both",  # one state for both flows of an alternation
    )


def _noisy(settings: ParticleSettings, flow: ParticleFlow) -> Flow:
    level = settings.number("noise")
    return with_noise(flow, NoiseLevel(level), settings.seed) if level else flow


def _stepping(settings: ParticleSettings, modes: tuple[Mode, ...], extent: float) -> tuple[Integrator, float | None]:
    """Returns the integrator and the largest that a fixed step may be, None for an adaptive one."""
    if settings.alternate is not None:
        inner = "euler" if settings.integrator == "auto" else settings.integrator
        chosen = named(inner)
        if not isinstance(chosen, RungeKutta):
            raise InputError(f"--alternate takes steps of given size; type --integrator euler, not {inner}.")
        return Cycle(chosen), settings.number("step") if settings.step else 1.0
    name = settings.integrator
    if name == "auto":
        name = TORUS_INTEGRATOR if modes or settings.step else _for_the_space(settings)
    tolerance = Tolerance(rtol=_rtol(settings), atol=LEAST_ERROR * (settings.length or extent or 1.0))
    chosen = named(name, tolerance)
    if chosen.error_order is not None:
        return chosen, None
    return chosen, settings.number("step") if settings.step else _default_step(settings, chosen, modes)


def _for_the_space(settings: ParticleSettings) -> str:
    """A kernel whose force jumps at r = 0 holds every method to order 1, where high orders only cost."""
    return SMOOTH_INTEGRATOR if has_bounded_slope(settings.moving_kernel, settings.dim) else ROUGH_INTEGRATOR


def _rtol(settings: ParticleSettings) -> float:
    if settings.rtol is not None:
        return settings.number("rtol")
    return SMOOTH_RTOL if has_bounded_slope(settings.moving_kernel, settings.dim) else ROUGH_RTOL


def _default_step(settings: ParticleSettings, integrator: Integrator, modes: tuple[Mode, ...]) -> float:
    """Returns the step that the certified rates of the followed modes and of all that the particles resolve allow."""
    if not modes:
        raise InputError(f"integrator {settings.integrator} takes steps of given size; type --step 0.01, say.")
    if not isinstance(integrator, RungeKutta):
        return settings.number("time") / settings.outputs
    limit = step_limit(integrator.tableau, resolved_rates(settings, modes).tolist(), growth_error=GROWTH_ERROR)
    return min(limit.accurate, STABLE_SHARE * limit.stable, settings.number("time") / settings.outputs)
