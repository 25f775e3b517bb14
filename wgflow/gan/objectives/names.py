"""The objectives by name."""

from __future__ import annotations

from collections.abc import Mapping

from wgflow.arithmetic.number import InputError, shown
from wgflow.gan.objective import Objective
from wgflow.gan.objectives.non_saturating import NonSaturating
from wgflow.gan.objectives.particle_objective import ParticleObjective, Preset
from wgflow.gan.objectives.repulsive import Repulsive
from wgflow.gan.objectives.wasserstein import Wasserstein
from wgflow.gan.options import Options

RBF_MIXTURE = "rbf(1) + rbf(2) + rbf(4) + rbf(8) + rbf(16)"
RQ_MIXTURE = "rq(alpha=1/5) + rq(alpha=1/2) + rq(alpha=1) + rq(alpha=2) + rq(alpha=5)"

PRESETS = {
    "mmd": Preset("", "Gretton et al. 2012"),
    "mmd-rbf": Preset(RBF_MIXTURE, "Li et al. 2017, MMD GAN"),
    "mmd-rq": Preset(RQ_MIXTURE, "Binkowski et al. 2018, Demystifying MMD GANs"),
    # The true energy distance, with the pairs of generated and those of real samples. Bellemare et al. 2017 train a surrogate
    # instead that puts the origin in place of some samples and may vanish for different laws (Binkowski et al. 2018).
    "cramer": Preset("energy", "the energy distance, Szekely and Rizzo 2013; not the surrogate of Bellemare et al. 2017"),
    # The elastic kernel is infinite at r = 0; the softening length is ours.
    "eieg": Preset("elastic", "Chen, Wu and Xiang 2023, EIEG GAN, arXiv 2303.10553; softened", softening="1/10"),
    "mmd-gp": Preset(RQ_MIXTURE, "Binkowski et al. 2018, Demystifying MMD GANs", estimator="U", gradient_penalty="1"),
}
BASELINES = ("wgan", "wgan-gp", "ns", "ns-r1", "repulsive")
NAMES = (*PRESETS, *BASELINES)


def make_objective(name: str, options: Mapping[str, object] | None = None) -> Objective:
    """Returns the objective of this name, one of `NAMES`.

    Options of particle objectives (`PRESETS`) are those of `ParticleObjective`; "mmd" must be told its ``kernel``. "wgan" takes
    ``clip`` (1/100), "wgan-gp" ``gradient-penalty`` (10), "ns-r1" ``gamma`` (10), "repulsive" those of `Repulsive`. Spectral
    normalization (Miyato and others 2018) is an option of the networks and goes with each.

    Raises InputError for an unknown name or option and for a wrong value.

    >>> print(make_objective("wgan-gp").describe())
    wgan-gp: Wasserstein distance, gradient penalty 10 (Gulrajani et al. 2017)
    >>> print(make_objective("mmd", {"kernel": "rbf(1)", "stabilizer": "elastic", "eps": 0.7}).describe())
    mmd: particle distance of rbf(lengthscale=1), stabilized by eps = 7/10 of elastic (Gretton et al. 2012)
    """
    if name not in NAMES:
        raise InputError(f"objective {shown(name)} is not known; type one of {', '.join(NAMES)}.")
    read = Options(f"objective {name}", options)
    objective = ParticleObjective(name, PRESETS[name], read) if name in PRESETS else _baseline(name, read)
    read.finish()
    return objective


def _baseline(name: str, options: Options) -> Objective:
    match name:
        case "wgan":
            return Wasserstein(options.number("clip", "1/100", positive=True), options.number("gradient-penalty", 0))
        case "wgan-gp":
            return Wasserstein(options.number("clip", 0), options.number("gradient-penalty", 10, positive=True))
        case "ns":
            return NonSaturating(options.number("gamma", 0))
        case "ns-r1":
            return NonSaturating(options.number("gamma", 10, positive=True))
        case _:
            return Repulsive(options)
