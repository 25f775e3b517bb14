"""Rung 4 of the ladder: features that are free parameters, trained by the real losses and a real optimizer, beside the theory."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, log, pi, sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from wgflow.arithmetic.number import InputError, integer, rational, shown
from wgflow.conventions import Role
from wgflow.dynamics.fitted_rate import fit
from wgflow.dynamics.growth import GrowthTable, compare
from wgflow.dynamics.ladder import MODES
from wgflow.dynamics.modes import Mode, parse_modes, torus_modes
from wgflow.dynamics.particles.particle_settings import ParticleSettings, particle_settings
from wgflow.dynamics.particles.predicted import mode_squares, predicted_rates
from wgflow.dynamics.particles.quiet import quiet_start
from wgflow.dynamics.particles.start import sampled_ensemble
from wgflow.fourier.values import transform
from wgflow.gan.distances.distance import Distance
from wgflow.gan.distances.periodic_distance import FARTHEST, PeriodicDistance
from wgflow.gan.rungs.descent import descend, plain_descent, player_loss
from wgflow.gan.rungs.optimizer_rates import stepped_rates
from wgflow.record import record

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

COUNT = {1: 128, 2: 1024, 3: 1000}
WIDTH = {
    1: "1/10",
    2: "2/5",
    3: "3/5",
}  # of the Gaussian that smooths a kernel, over period / 2 pi; the lattices resolve it
FAR = {1: 40, 2: 24, 3: 12}  # a kernel whose transform is not negligible at this |m| is smoothed
NEGLIGIBLE = 1e-12
STEPS, FASTEST = (
    40,
    1 / 400,
)  # how far the fastest mode goes in one step: an Euler step then misses the flow by an eighth of a percent
OPTIMIZERS = ("sgd", "momentum", "adam")
MOMENTUM = 0.9
SETTLED = 10  # over 1 - momentum: the steps after which the start of the heavy ball is forgotten; they are not fitted


@record
class FreeFeatures:
    """Measured growth of the modes of free features. ``growth``: beside the certified rates of the flow.  ``stepped``: beside the
    exact rates of this optimizer's steps, None for Adam, whose steps are no flow of the loss.  times: (T,), flow time.
    modes: (T, K), of p - q.  ``interval``: flow time of a step."""

    settings: ParticleSettings
    optimizer: str
    interval: float
    times: Floats
    modes: Complexes
    growth: GrowthTable
    stepped: GrowthTable | None

    @property
    def how(self) -> str:
        """One line for the table of a ladder."""
        s = self.settings
        sides = "p moves" if s.moves == "p" else "p and q move"
        return f"{s.count} features a side, {sides}, {self.optimizer}, {len(self.times) - 1} steps, softening {s.softening}"


def free_features(
    kernel: object,
    stabilizer: object = None,
    eps: object = 0,
    dim: object = 2,
    role: object = "discriminator",
    moves: object = "p",
    period: object = "2*pi",
    modes: object = None,
    count: object = None,
    amplitude: object = "1e-3",
    softening: object = None,
    steps: object = STEPS,
    fastest: float = FASTEST,
    optimizer: str = "sgd",
) -> FreeFeatures:
    """Returns growth rates of free features about the uniform density of a torus, beside the certified ones.

    Each of the N features x_i (p) and M features y_j (q) is a parameter; the loss is that of the role, -E[e - eps s] or +E[e], of
    `PeriodicDistance`. A step of plain gradient descent with rate eta moves x_i by eta / N times the velocity of the flow, so
    that it takes the flow time eta / N; each species has its own eta, so that their times are equal.  A mode that the flow
    changes at the rate lambda is multiplied by 1 + lambda t in a step of time t (by the larger root of a quadratic with
    momentum), whose logarithm over t is what `FreeFeatures.stepped` compares with.

    dim: 1 to 3.  moves: "p" or "both".  modes: as for `wgflow.simulate_particles`, three low ones by default, disturbed by
    ``amplitude`` of the density.  count: N = M.  softening: the width of the Gaussian that smooths the kernel, part of the
    prediction; by default none for kernels whose transform decays fast.  fastest: |lambda| t of the fastest of the modes, which
    decides the size of the steps.  optimizer: sgd, momentum (heavy ball, 0.9) or adam. Adam moves every feature at one speed
    whatever the size of its gradient; its steps take the time in which the flow would go as far as the first, and it departs.

    Raises InputError.

    >>> found = free_features("rbf(1)", dim=1, modes="1,2", count=64, steps=16)
    >>> found.growth.passes(0.01), found.stepped.passes(1e-4)
    (True, True)
    """
    n = integer(dim, "dim", 1, 4096)
    if n > 3:
        raise InputError(f"free features live on a torus of dim 1 to 3, not {n}; type --dim 3, say.")
    if optimizer not in OPTIMIZERS:
        raise InputError(f"optimizer {shown(optimizer)} is not known; type one of {', '.join(OPTIMIZERS)}.")
    number = COUNT[n] if count is None else count
    asked = {"stabilizer": stabilizer, "eps": eps, "dim": n, "role": role, "moves": moves, "period": period}
    asked |= {"modes": MODES[n] if modes is None else modes, "count": number, "amplitude": amplitude}
    settings = particle_settings(kernel, **asked, softening=0 if softening is None else softening)  # type: ignore[arg-type]
    if settings.claim.role is Role.GENERATOR and settings.claim.eps:
        raise InputError("the generator trains with the plain kernel; leave out stabilizer and eps, or type role discriminator.")
    if softening is None:
        settings = particle_settings(kernel, **asked, softening=smoothing_needed(settings))  # type: ignore[arg-type]
    return _trained(settings, integer(steps, "steps", 8, 10**6), float(rational(fastest, "fastest")), optimizer)


def smoothing_needed(settings: ParticleSettings) -> str:
    """Returns the width of a Gaussian that makes the kernel's transform negligible far out, "0" where it already is."""
    n, length = settings.dim, _length(settings)
    k = 2 * pi / length * np.array([1.0, float(FAR[n])])
    near, far = np.abs(k * k * transform(settings.moving_kernel, k, n))
    if far <= NEGLIGIBLE * near:
        return "0"
    return f"{float(rational(WIDTH[n])) * length / (2 * pi):.3g}"


def _trained(settings: ParticleSettings, steps: int, fastest: float, optimizer: str) -> FreeFeatures:
    modes = parse_modes(settings.modes, settings.dim) if settings.modes else ()
    rates = predicted_rates(settings, mode_squares(modes))
    largest = float(np.abs(rates).max(initial=0))
    if not (0 < largest < float("inf") and 0 < fastest < 1):
        raise InputError(f"the modes {settings.modes} neither grow nor decay, or fastest = {fastest:g} is not between 0 and 1.")
    interval = fastest / largest
    start = sampled_ensemble(settings)
    x = nn.Parameter(torch.from_numpy(start.particles))
    target = start.target if start.target is not None else uniform(settings)
    y = nn.Parameter(torch.from_numpy(target), requires_grad=settings.moves == "both")
    beta = MOMENTUM if optimizer == "momentum" else 0.0
    settled = ceil(SETTLED / (1 - beta)) if beta else 0
    series = np.array(list(_series(x, y, settings, modes, interval, settled + steps, optimizer)))
    times: Floats = interval * np.arange(len(series), dtype=np.float64)
    fits = [fit(times[settled:], series[settled:, j]) for j in range(len(modes))]
    k = (np.sqrt(mode_squares(modes)) * 2 * pi / _length(settings)).tolist()
    growth = compare(modes, k, rates.tolist(), fits)
    stepped = None if optimizer == "adam" else compare(modes, k, stepped_rates(rates, interval, beta).tolist(), fits)
    return FreeFeatures(settings, optimizer, interval, times, series, growth, stepped)


def uniform(settings: ParticleSettings) -> Floats:
    """Returns the resting features of q: the uniform lattice, in the gaps of that of p."""
    return quiet_start(settings.count, _length(settings), (), settings.dim, between=True)


def torus_distance(settings: ParticleSettings) -> Distance:
    """Returns the loss of the settings; with a softening H its series ends where exp(-H^2 k^2 / 2) is negligible."""
    length, width = _length(settings), settings.number("softening")
    enough = ceil(sqrt(-2 * log(NEGLIGIBLE)) / width * length / (2 * pi)) if width else None
    reach = None if enough is None or enough > FARTHEST[settings.dim] else enough  # it says what to type where it has none
    claim = settings.claim
    stabilizer = claim.stabilizer if claim.eps else None
    options = {"softening": settings.softening, "reach": reach}
    return PeriodicDistance(claim.kernel, stabilizer, claim.eps, settings.dim, settings.period, **options)


def _series(
    x: nn.Parameter, y: nn.Parameter, settings: ParticleSettings, modes: tuple[Mode, ...], interval: float, steps: int, name: str
) -> Iterator[Complexes]:
    """Yields the modes of p - q before the first step and after each."""
    distance, role, length = torus_distance(settings), settings.claim.role, _length(settings)
    moving = [each for each in (x, y) if each.requires_grad]
    if name == "adam":
        player_loss(distance, role, y, x).backward()
        optimizer: torch.optim.Optimizer = _adam(moving, interval)
    else:
        optimizer = plain_descent(moving, interval, MOMENTUM if name == "momentum" else 0.0)
    for _ in descend(distance, role, y, x, optimizer, steps):
        p, q = (each.detach().numpy() for each in (x, y))
        yield torus_modes(p, modes, length) - torus_modes(q, modes, length)


def _adam(features: list[nn.Parameter], interval: float) -> torch.optim.Adam:
    """Returns Adam whose first steps go as far as the flow in the time ``interval``, on the root mean square of each species."""
    speeds = [len(each) * float(each.grad.square().mean().sqrt()) for each in features if each.grad is not None]
    groups = [{"params": [each], "lr": interval * speed} for each, speed in zip(features, speeds, strict=True)]
    return torch.optim.Adam(groups, eps=1e-300)


def _length(settings: ParticleSettings) -> float:
    assert settings.length is not None
    return settings.length
